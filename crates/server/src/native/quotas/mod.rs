//! `/quotas`: what a party may have of what all share, and what it has of it (docs/operations.md).
//!
//! An answer shows the quotas in force, so a client may send back what it has read: a value that is
//! in force already changes nothing. What is used moves by itself and is no part of the tag.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::dx::Call;
use crate::{App, Problem, wire};
use orderpark_domain::{PartyRef, Tenant};
use orderpark_store::QuotaUse;

/// The quotas of the living party that the path names.
async fn find(call: &Call) -> Result<QuotaUse, Problem> {
    let party = call.target(PartyRef::parse)?;
    call.app.store.get_quotas(&call.scope, party).await?.ok_or_else(Problem::not_found)
}

/// As they are shown, with the streams that are open at this node.
fn shown<'a>(app: &App, row: &'a QuotaUse) -> wire::Quotas<'a> {
    let streams = app.limits.streams_of(Tenant::of(&row.party));
    wire::Quotas::of(row, &app.settings.quotas, streams)
}
