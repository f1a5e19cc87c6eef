//! `GET /offers/{ref}`.

use super::find;
use crate::Problem;
use crate::dx::Call;
use crate::wire::{Offer, etag};
use axum::response::Response;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let offer = find(&call).await?;
    Ok(call.show(&Offer::of(&offer), &etag::of(offer.revision)))
}
