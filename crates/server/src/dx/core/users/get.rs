//! `GET /users/{ref}`.

use super::{find, shown};
use crate::Problem;
use crate::dx::Call;
use crate::wire::etag;
use axum::response::Response;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let user = find(&call).await?;
    Ok(call.show(&shown(&call, &user).await?, &etag::of(user.revision)))
}
