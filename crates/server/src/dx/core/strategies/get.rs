//! `GET /processingStrategies/{ref}`.

use super::find;
use crate::Problem;
use crate::dx::Call;
use crate::wire::{Strategy, etag};
use axum::response::Response;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let strategy = find(&call).await?;
    Ok(call.show(&Strategy::of(&strategy), &etag::of(strategy.revision)))
}
