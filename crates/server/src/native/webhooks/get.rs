//! `GET /webhookEndpoints/{ref}`: with how far it has been told.

use super::{find, with_delivery};
use crate::Problem;
use crate::dx::Call;
use axum::response::Response;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let endpoint = find(&call).await?;
    let (shown, etag) = with_delivery(&call, &endpoint).await?;
    Ok(call.show(&shown, &etag))
}
