//! What a supplier that takes JSON is asked: an event that the feed does not have, because nothing has happened yet. Ours.

use super::Subscription;
use super::time::Time;
use orderpark_domain::{Order, SubscriptionRef};
use serde::Serialize;

/// The question whether a subscription may begin.
#[derive(Debug, Serialize)]
pub struct Asked<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Time,
    data: Subscription<'a>,
}

impl<'a> Asked<'a> {
    /// The type of such an event.
    pub const KIND: &'static str = "subscription.pending";

    /// Asks about a subscription of an order that waits.
    pub fn of(
        id: &'a str,
        order: &'a Order,
        subscription_ref: SubscriptionRef,
        subscription: &'a orderpark_domain::Subscription,
    ) -> Asked<'a> {
        let data = Subscription::of_order(order, subscription_ref, subscription);
        Asked { id, kind: Asked::KIND, timestamp: Time(order.created_at), data }
    }
}
