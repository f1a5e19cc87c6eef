//! `POST /offers`.

use super::{offer_of, state};
use crate::Problem;
use crate::dx::Call;
use crate::wire::{self, etag, text};
use axum::response::Response;
use orderpark_domain::offer::{CreateOffer, NewItem};
use orderpark_domain::{Command, OfferState};

pub(crate) async fn create(call: Call) -> Result<Response, Problem> {
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let command = CreateOffer {
        id: fields.required("id", text::owned_id),
        name: fields.required("name", text::name),
        state: fields.or("state", OfferState::default(), state),
        items: fields.objects("items", |item| NewItem {
            product_id: item.required("productId", text::reference),
            granted: item.optional("grantedConnections", text::granted),
        }),
        items_max: call.app.settings.offer_items_max,
        strategies: fields.optional("processingStrategyIds", text::strategy_ids),
    };
    let body = fields.finish()?;
    let done = call.commit_once(Command::CreateOffer(command), Some(&body)).await?;
    let offer = offer_of(done.outcome)?;
    Ok(call.made(&wire::Offer::of(&offer), &etag::of(offer.revision), offer.offer, done.replayed))
}
