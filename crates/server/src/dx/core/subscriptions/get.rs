//! `GET /subscriptions/{ref}`.

use super::{etag, find};
use crate::Problem;
use crate::dx::Call;
use crate::wire::Subscription;
use axum::response::Response;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let placed = find(&call).await?;
    Ok(call.show(&Subscription::of(&placed), &etag(&call, &placed).await?))
}
