//! `POST /webhookEndpoints/{ref}/test`: sends a signed `webhook.test` at once, and answers what came of it.
//!
//! It is one attempt, logged like every other, and never repeated. A disabled endpoint can be tested too: that is how its
//! owner sees whether it can be enabled again. The sending is a task of its own, so that a client that hangs up neither ends
//! it nor leaves it out of the log; and since it makes this server wait for somebody else, the endpoints of one party have few
//! at once, however many users it has. A dry run answers the event that would be sent, whose
//! `data.url` says where.

use super::find;
use crate::dx::Call;
use crate::limits::Place;
use crate::outside::{CloudEvent, Failure, Message, Reply, SealError};
use crate::wire::{self, idempotency};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Endpoint, Instant};
use orderpark_store::deliveries::{Attempt, Target};
use std::sync::Arc;
use uuid::Uuid;

/// The type of the event.
const KIND: &str = "webhook.test";

pub(crate) async fn test(call: Call) -> Result<Response, Problem> {
    let endpoint = find(&call).await?;
    call.expect_no_attributes()?;
    // It would keep none, but what is no key is none here either.
    idempotency::key(&call.headers)?;
    let place = call.app.limits.test(call.caller.tenant())?;
    if call.dry_run {
        let at = call.app.now();
        let id = webhook_id(call.app.ordered_uuid(at));
        return Ok(answer::dry_run(&wire::TestEvent::of(&id, KIND, at, &endpoint)));
    }
    let (app, lasting) = (Arc::clone(&call.app), call.lasting());
    let work = tokio::spawn(async move { send(&app, &endpoint, place).await });
    let attempt = work.await.map_err(|panic| Problem::internal(panic.to_string()))??;
    // That may have taken long, and what the receiver answered is for those alone who may still read it.
    lasting.check(&call.app, &call.scope).await?;
    Ok(answer::json(&wire::Attempt::of(&attempt)))
}

fn webhook_id(id: Uuid) -> String {
    format!("test_{id}")
}

/// Sends, and logs what came of it.
async fn send(app: &App, endpoint: &Endpoint, _place: Place) -> Result<Attempt, Problem> {
    let at = app.now();
    let id = app.ordered_uuid(at);
    let webhook_id = webhook_id(id);
    let reply = match message(app, endpoint, &webhook_id, at) {
        Ok(message) => app.outside.send(&message, app.outside.attempt_max()).await,
        Err(_) => Reply::unsaid(Failure::Secret),
    };
    let attempt = reply.attempt(id, at, webhook_id, KIND, endpoint.url.clone());
    app.store.log_attempt(Target::Endpoint(endpoint.endpoint), attempt.clone()).await?;
    Ok(attempt)
}

/// The signed message; an error, if a secret cannot be read.
fn message(app: &App, endpoint: &Endpoint, id: &str, at: Instant) -> Result<Message, SealError> {
    let body = answer::to_json(&wire::TestEvent::of(id, KIND, at, endpoint)).into();
    Ok(Message {
        url: endpoint.url.clone(),
        id: id.to_owned(),
        content_type: "application/json",
        event: Some(CloudEvent { id: id.to_owned(), kind: KIND, at }),
        body,
        secrets: app.sealer.open_live(&endpoint.secrets, at)?,
    })
}
