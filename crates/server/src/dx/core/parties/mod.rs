//! `/suppliers`, `/vendors`, `/subscribers`: the same operations on three kinds of party.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::wire::{self, FirstUser, etag};
use orderpark_domain::{Instant, Outcome, Party, PartyKind, PartyRef, Scope, User};
use serde::Serialize;

/// A party as its resource shows it.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Company(wire::Party<'a>),
    Subscriber(wire::Subscriber<'a>),
}

impl<'a> Shown<'a> {
    fn of(party: &'a Party, primary_user: Option<FirstUser<'a>>) -> Shown<'a> {
        if party.kind == PartyKind::Subscriber {
            Shown::Subscriber(wire::Subscriber::of(party, primary_user))
        } else {
            Shown::Company(wire::Party::of(party, primary_user))
        }
    }
}

impl<'a> Shown<'a> {
    /// With how far its closing is.
    fn with(mut self, progress: Option<&Progress>) -> Shown<'a> {
        let closing = progress.map(|progress| wire::Closing::of(progress.since, progress.open_orders));
        match &mut self {
            Shown::Company(company) => company.closing = closing,
            Shown::Subscriber(subscriber) => subscriber.closing = closing,
        }
        self
    }
}

/// The progress of the closing of a party.
struct Progress {
    since: Instant,
    open_orders: u64,
}

impl Progress {
    /// That of a party which the caller may see; nothing, where it is not being closed.
    async fn of(call: &Call, party: &Party) -> Result<Option<Progress>, Problem> {
        let Some(since) = party.closing_at.filter(|_| party.deleted_at.is_none()) else { return Ok(None) };
        let scope = Scope::system("the orders of a subscriber that the caller may see are counted");
        let counted = call.app.store.count_open_orders(&scope, party.party, wire::Closing::COUNTED_MAX).await;
        Ok(Some(Progress { since, open_orders: counted.map_err(Problem::from)? }))
    }
}

/// The entity tag of a party as it is shown: what is left of it changes without its revision.
fn etag(party: &Party, progress: Option<&Progress>) -> String {
    match progress {
        Some(progress) => format!("\"{}-{}\"", party.revision, progress.open_orders),
        None => etag::of(party.revision),
    }
}

fn party_of(outcome: Outcome) -> Result<(Party, Option<User>), Problem> {
    match outcome {
        Outcome::Party(party, user) => Ok((*party, user.map(|user| *user))),
        other => Err(unexpected(&other)),
    }
}

/// The living party that the path names.
async fn find(call: &Call, kind: PartyKind) -> Result<Party, Problem> {
    let party = call.target(PartyRef::parse)?;
    call.app.store.get_party(&call.scope, kind, party).await?.ok_or_else(Problem::not_found)
}
