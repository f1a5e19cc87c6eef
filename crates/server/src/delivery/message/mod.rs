//! An event as a message: for a webhook endpoint, or for the supplier of a product.

pub mod supplier;
pub mod webhook;

use crate::outside::CloudEvent;
use orderpark_store::{EventPlace, FeedEvent};

/// The event in the words of `CloudEvents`.
fn cloud_event(event: &FeedEvent) -> CloudEvent {
    CloudEvent { id: event.place.to_string(), kind: event.notice.kind.as_str(), at: event.at }
}

/// The `webhook-id` of an event: ours, and the same however often it is sent.
pub fn webhook_id(place: EventPlace) -> String {
    format!("evt_{}_{}", place.seq, place.number)
}
