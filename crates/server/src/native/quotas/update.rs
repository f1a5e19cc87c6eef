//! `PUT /quotas/{ref}`: absent stays, null is the default again.

use super::{find, shown};
use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::dx::core::as_read;
use crate::wire::{etag, text};
use axum::response::Response;
use orderpark_domain::quota::SetQuotas;
use orderpark_domain::{Command, Outcome, Quota};
use orderpark_store::QuotaUse;

pub(crate) async fn update(call: Call) -> Result<Response, Problem> {
    let current = find(&call).await?;
    let in_force = call.app.settings.quotas.in_force(&current.party);
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let read = |quota: Quota| Some((quota, fields.removable(quota.name(), |value| text::quota(value, quota))?));
    let mut changes: Vec<(Quota, Option<u32>)> = Quota::ALL.into_iter().filter_map(read).collect();
    // A value that is in force already is an echo of what was read.
    changes.retain(|(quota, value)| *value != in_force.get(*quota));
    fields.optional("sources", |_| Ok(()));
    fields.optional("used", |_| Ok(()));
    fields.finish_against(&as_read(&shown(&call.app, &current)))?;
    let done = call.commit(Command::SetQuotas(SetQuotas { party: current.party.party, changes })).await?;
    let Outcome::Party(party, _) = done.outcome else { return Err(unexpected(&done.outcome)) };
    let row = QuotaUse { party: *party, ..current };
    Ok(call.done(&shown(&call.app, &row), &etag::of(row.party.revision), false))
}
