//! `/offers`: predefined bundles of products.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::wire::fields::Read;
use crate::wire::{Json, text};
use orderpark_domain::{Offer, OfferRef, OfferState, Outcome};

fn offer_of(outcome: Outcome) -> Result<Offer, Problem> {
    match outcome {
        Outcome::Offer(offer) => Ok(*offer),
        other => Err(unexpected(&other)),
    }
}

/// The living offer that the path names.
async fn find(call: &Call) -> Result<Offer, Problem> {
    let offer = call.target(OfferRef::parse)?;
    call.app.store.get_offer(&call.scope, offer).await?.ok_or_else(Problem::not_found)
}

fn state(value: &Json) -> Read<OfferState> {
    text::word(value, OfferState::parse, "ACTIVE, SUSPENDED, DEACTIVATED")
}
