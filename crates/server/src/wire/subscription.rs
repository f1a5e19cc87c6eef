//! Subscriptions as the API shows them.

use super::time::Time;
use super::{Count, as_text};
use orderpark_domain::party::subscriber_id;
use orderpark_domain::{OrderRef, SubscriptionRef};
use orderpark_store::PlacedSubscription;
use serde::Serialize;

/// A subscription.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: SubscriptionRef,
    #[serde(serialize_with = "as_text")]
    order_ref: OrderRef,
    subscriber_id: String,
    offer_id: &'a str,
    product_id: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_connections: Option<Count>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_strategy_id: Option<&'a str>,
    href: String,
    since: Time,
    until: Option<Time>,
}

impl<'a> Subscription<'a> {
    /// Shows a subscription.
    pub fn of(placed: &'a PlacedSubscription) -> Subscription<'a> {
        Subscription {
            own_ref: placed.subscription_ref,
            order_ref: placed.subscription_ref.order(),
            subscriber_id: subscriber_id(placed.subscriber),
            offer_id: &placed.offer_id,
            product_id: &placed.subscription.product_id,
            state: placed.subscription.state.as_str(),
            granted_connections: placed.subscription.granted.map(Count),
            processing_strategy_id: placed.strategy.as_deref(),
            href: placed.subscription.href(),
            since: Time(placed.subscription.since),
            until: placed.subscription.until.map(Time),
        }
    }
}
