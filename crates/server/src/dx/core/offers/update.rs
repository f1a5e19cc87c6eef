//! `PUT /offers/{ref}`: the name and the state, nothing else (domain.md, "Resources").

use super::{find, offer_of, state};
use crate::Problem;
use crate::dx::Call;
use crate::dx::core::as_read;
use crate::wire::{self, etag, text};
use axum::response::Response;
use orderpark_domain::Command;
use orderpark_domain::offer::UpdateOffer;

pub(crate) async fn update(call: Call) -> Result<Response, Problem> {
    let current = find(&call).await?;
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let command = UpdateOffer {
        offer: current.offer,
        name: fields.changed("name", text::name),
        state: fields.changed("state", state),
    };
    fields.finish_against(&as_read(&wire::Offer::of(&current)))?;
    let done = call.commit(Command::UpdateOffer(command)).await?;
    let offer = offer_of(done.outcome)?;
    Ok(call.done(&wire::Offer::of(&offer), &etag::of(offer.revision), false))
}
