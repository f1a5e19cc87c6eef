//! Subscriptions as the API shows them.

use super::time::Time;
use super::{Count, as_text};
use orderpark_domain::feed::ToldSubscription;
use orderpark_domain::party::subscriber_id;
use orderpark_domain::{OrderRef, PartyRef, SubscriptionRef};
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
        let PlacedSubscription { subscription_ref, subscriber, offer_id, strategy, subscription, .. } = placed;
        Subscription::made(*subscription_ref, *subscriber, (offer_id, strategy.as_deref()), subscription)
    }

    /// Shows a subscription as an event tells of it.
    pub fn told(told: &'a ToldSubscription) -> Subscription<'a> {
        let ToldSubscription { subscription_ref, subscriber, offer_id, strategy, subscription, .. } = told;
        Subscription::made(*subscription_ref, *subscriber, (offer_id, strategy.as_deref()), subscription)
    }

    /// Shows a subscription of an order.
    pub fn of_order(
        order: &'a orderpark_domain::Order,
        own_ref: SubscriptionRef,
        subscription: &'a orderpark_domain::Subscription,
    ) -> Subscription<'a> {
        Subscription::made(own_ref, order.subscriber, (&order.offer_id, order.strategy.as_deref()), subscription)
    }

    fn made(
        own_ref: SubscriptionRef,
        subscriber: PartyRef,
        (offer_id, strategy): (&'a str, Option<&'a str>),
        subscription: &'a orderpark_domain::Subscription,
    ) -> Subscription<'a> {
        Subscription {
            own_ref,
            order_ref: own_ref.order(),
            subscriber_id: subscriber_id(subscriber),
            offer_id,
            product_id: &subscription.product_id,
            state: subscription.state.as_str(),
            granted_connections: subscription.granted.map(Count),
            processing_strategy_id: strategy,
            href: subscription.href(),
            since: Time(subscription.since),
            until: subscription.until.map(Time),
        }
    }
}
