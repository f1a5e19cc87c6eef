//! An event as a message: for a webhook endpoint, or for the supplier of a product.

pub mod supplier;
pub mod webhook;

use orderpark_store::EventPlace;

/// The `webhook-id` of an event: ours, and the same however often it is sent.
pub fn webhook_id(place: EventPlace) -> String {
    format!("evt_{}_{}", place.seq, place.number)
}
