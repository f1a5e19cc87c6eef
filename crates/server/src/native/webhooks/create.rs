//! `POST /webhookEndpoints`: with the secret, once.

use super::{address, changed, shown};
use crate::Problem;
use crate::dx::Call;
use crate::outside::NewSecret;
use crate::wire::{etag, text};
use axum::response::Response;
use orderpark_domain::endpoint::CreateEndpoint;
use orderpark_domain::{Command, PartyKind};

pub(crate) async fn create(call: Call) -> Result<Response, Problem> {
    let body = call.json()?;
    let secret = NewSecret::make(&call.app)?;
    let mut fields = call.fields(&body);
    let owner = fields.optional("scope", text::grant);
    // Whose it will be is decided later; where that is not clear, it is refused anyway.
    let kind = owner.or_else(|| call.scope.only_grant()).map_or(PartyKind::Subscriber, |owner| owner.kind);
    let command = CreateEndpoint {
        owner,
        url: fields.required("url", |value| address(&call.app, kind, value)),
        description: fields.optional("description", text::description),
        kinds: fields.optional("eventTypes", text::event_types),
        secret: secret.sealed.clone(),
    };
    let body = fields.finish()?;
    let done = call.commit_once(Command::CreateEndpoint(command), Some(&body)).await?;
    let (secret, replayed) = (done.secret(secret.text.as_str()), done.replayed);
    let endpoint = changed(&call, done.outcome)?;
    let shown = shown(&call, &endpoint).await?.with_secret(secret);
    Ok(call.made(&shown, &etag::of(endpoint.revision), endpoint.endpoint, replayed))
}
