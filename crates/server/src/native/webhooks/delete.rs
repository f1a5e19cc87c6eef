//! `DELETE /webhookEndpoints/{ref}`: what it was not told yet, it never will be.

use super::{changed, shown};
use crate::Problem;
use crate::dx::Call;
use crate::wire::etag;
use axum::response::Response;
use orderpark_domain::endpoint::DeleteEndpoint;
use orderpark_domain::{Command, EndpointRef};

pub(crate) async fn delete(call: Call) -> Result<Response, Problem> {
    let endpoint = call.target(EndpointRef::parse)?;
    let done = call.commit_once(Command::DeleteEndpoint(DeleteEndpoint { endpoint }), None).await?;
    let endpoint = changed(&call, done.outcome)?;
    Ok(call.done(&shown(&call, &endpoint).await?, &etag::of(endpoint.revision), done.replayed))
}
