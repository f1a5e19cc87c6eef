//! `GET /subscriptions/{ref}`.

use super::find;
use crate::Problem;
use crate::dx::Call;
use crate::wire::{Subscription, etag};
use axum::response::Response;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let placed = find(&call)?;
    Ok(call.show(&Subscription::of(&placed), &etag::of(placed.revision)))
}
