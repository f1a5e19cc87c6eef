//! `PUT /webhookEndpoints/{ref}`: where, what, and whether.

use super::{address, changed, find, shown};
use crate::Problem;
use crate::dx::Call;
use crate::dx::core::as_read;
use crate::wire::{etag, text};
use axum::response::Response;
use orderpark_domain::endpoint::UpdateEndpoint;
use orderpark_domain::{Command, EndpointState};

pub(crate) async fn update(call: Call) -> Result<Response, Problem> {
    let current = find(&call).await?;
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let command = UpdateEndpoint {
        endpoint: current.endpoint,
        url: fields.changed("url", |value| address(&call.app, current.owner.kind, value)),
        description: fields.changed("description", text::description),
        kinds: fields.removable("eventTypes", text::event_types),
        state: fields.changed("state", |value| text::word(value, EndpointState::parse, "ENABLED, DISABLED")),
    };
    // It moves by itself: what was read a moment ago says nothing that could be wrong.
    fields.optional("delivery", |_| Ok(()));
    fields.finish_against(&as_read(&shown(&call, &current).await?))?;
    let done = call.commit(Command::UpdateEndpoint(command)).await?;
    let endpoint = changed(&call, done.outcome)?;
    Ok(call.done(&shown(&call, &endpoint).await?, &etag::of(endpoint.revision), false))
}
