//! What a webhook endpoint is sent: the event, exactly as `/events` shows it.

use crate::outside::{Message, SealError, Sealer};
use crate::{answer, wire};
use orderpark_domain::{Endpoint, Instant};
use orderpark_store::FeedEvent;

const JSON: &str = "application/json";

/// The signed message of an event; an error where a secret of the endpoint cannot be read.
pub fn webhook_message(
    sealer: &Sealer,
    endpoint: &Endpoint,
    event: &FeedEvent,
    now: Instant,
) -> Result<Message, SealError> {
    Ok(Message {
        url: endpoint.url.clone(),
        kind: endpoint.owner.kind,
        id: super::webhook_id(event.position()),
        content_type: JSON,
        event: Some(super::cloud_event(event)),
        body: answer::to_json(&wire::Event::of(event)).into(),
        secrets: sealer.open_live(&endpoint.secrets, now)?,
    })
}
