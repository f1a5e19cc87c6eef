//! Orders as the API shows them: exactly the attributes of domain.md, "Orders", in their order.

use super::time::Time;
use super::{Count, as_text};
use orderpark_domain::party::subscriber_id;
use orderpark_domain::{OfferRef, OrderRef, OrderState, PartyRef, SubscriptionRef};
use serde::{Serialize, Serializer};

/// An order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: OrderRef,
    #[serde(serialize_with = "as_text")]
    offer_ref: OfferRef,
    offer_id: &'a str,
    vendor_id: &'a str,
    #[serde(serialize_with = "as_text")]
    subscriber_ref: PartyRef,
    subscriber_id: String,
    quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_strategy_id: Option<&'a str>,
    creation_date: Time,
    cancellation_date: Option<Time>,
    subscriptions: Subscriptions<'a>,
}

/// The subscriptions of an order.
#[derive(Debug)]
struct Subscriptions<'a>(&'a orderpark_domain::Order);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderedSubscription<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: SubscriptionRef,
    product_id: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_connections: Option<Count>,
    href: String,
}

impl<'a> Order<'a> {
    /// Shows an order.
    pub fn of(order: &'a orderpark_domain::Order) -> Order<'a> {
        Order {
            own_ref: order.order,
            offer_ref: order.offer,
            offer_id: &order.offer_id,
            vendor_id: order.vendor_id(),
            subscriber_ref: order.subscriber,
            subscriber_id: subscriber_id(order.subscriber),
            quantity: order.quantity,
            external_id: order.external_id.as_deref(),
            state: order.state.as_str(),
            processing_strategy_id: order.strategy.as_deref(),
            creation_date: Time(order.created_at),
            cancellation_date: order.closed_at.filter(|_| order.state == OrderState::Cancelled).map(Time),
            subscriptions: Subscriptions(order),
        }
    }
}

impl Serialize for Subscriptions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.subscriptions_with_refs().map(|(subscription_ref, subscription)| {
            OrderedSubscription {
                own_ref: subscription_ref,
                product_id: &subscription.product_id,
                state: subscription.state.as_str(),
                granted_connections: subscription.granted.map(Count),
                href: subscription.href(),
            }
        }))
    }
}
