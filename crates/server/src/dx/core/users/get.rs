//! `GET /users/{ref}`.

use super::find;
use crate::Problem;
use crate::dx::Call;
use crate::wire::{User, etag};
use axum::response::Response;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let user = find(&call).await?;
    Ok(call.show(&User::of(&user), &etag::of(user.revision)))
}
