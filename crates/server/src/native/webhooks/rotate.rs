//! `POST /webhookEndpoints/{ref}/rotateSecret`: a new secret, shown once. The one before signs beside it for a day.

use super::{changed, find, shown};
use crate::Problem;
use crate::dx::Call;
use crate::outside::NewSecret;
use crate::wire::etag;
use axum::response::Response;
use orderpark_domain::Command;
use orderpark_domain::endpoint::RotateEndpointSecret;

pub(crate) async fn rotate(call: Call) -> Result<Response, Problem> {
    let current = find(&call).await?;
    call.expect_no_attributes()?;
    let secret = NewSecret::make(&call.app)?;
    let command = RotateEndpointSecret { endpoint: current.endpoint, secret: secret.sealed.clone() };
    let done = call.commit_once(Command::RotateEndpointSecret(command), None).await?;
    let (secret, replayed) = (done.secret(secret.text.as_str()), done.replayed);
    let endpoint = changed(&call, done.outcome)?;
    let shown = shown(&call, &endpoint).await?.with_secret(secret);
    Ok(call.done(&shown, &etag::of(endpoint.revision), replayed))
}
