//! `/suppliers`, `/vendors`, `/subscribers`: the same operations on three kinds of party.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::wire::{self, FirstUser};
use orderpark_domain::{Outcome, Party, PartyKind, PartyRef, User};
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
