//! An event as a broker is given it: what `/events` shows, under an id that is the same whenever it is sent.

use crate::delivery::message::webhook_id;
use crate::{answer, wire};
use bytes::Bytes;
use orderpark_store::FeedEvent;

/// What the body is.
pub(super) const CONTENT_TYPE: &str = "application/json";

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// As webhooks call the same event.
    pub id: String,
    /// The type of the event, such as `order.activated`.
    pub kind: &'static str,
    /// The event.
    pub body: Bytes,
}

impl Message {
    /// The message that tells of an event.
    pub(super) fn of(event: &FeedEvent) -> Message {
        let mut body = Vec::with_capacity(1024);
        answer::write_json(&wire::Event::of(event), &mut body);
        let id = webhook_id(event.position());
        Message { id, kind: event.notice.kind.as_str(), body: body.into() }
    }
}
