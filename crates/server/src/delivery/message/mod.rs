//! An event as a message: for a webhook endpoint, or for the supplier of a product.

pub mod supplier;
pub mod webhook;

use crate::outside::CloudEvent;
use orderpark_store::{Epoch, FeedEvent, FeedPosition};

/// The event in the words of `CloudEvents`.
fn cloud_event(event: &FeedEvent) -> CloudEvent {
    CloudEvent { id: event.position().to_string(), kind: event.notice.kind.as_str(), at: event.at }
}

/// The id under which receivers, suppliers and brokers are told of an event: the same however often
/// it is sent, and never again that of another event. Without a full stop, which Standard Webhooks
/// keeps for signatures.
pub fn webhook_id(event: FeedPosition) -> String {
    let (place, epoch) = (event.place, event.epoch);
    let separator = if epoch == Epoch::FIRST { "" } else { "_" };
    format!("evt_{}_{}{separator}{}", place.seq, place.number, epoch.as_str())
}
