//! What the supplier of a product is told, and where: `TRY` before an order becomes active, and afterwards what the feed tells of
//! subscriptions to the product, each as one message (domain.md, "Notifications to suppliers").
//!
//! | event | message | address |
//! |---|---|---|
//! | (asked) | `ns2:subscribed` `TRY` | `subscribedUrl` |
//! | `subscription.activated` | `ns2:subscribed` `COMMIT` | `subscribedUrl` |
//! | `subscription.rejected` | `ns2:subscribed` `CANCEL`, unless its supplier knows | `subscribedUrl` |
//! | `subscription.suspended`, `.resumed` | `ns2:updated` | `updatedUrl` |
//! | `subscription.cancelled` | `ns2:unsubscribed` | `unsubscribedUrl` |
//!
//! In format `JSON` the same are our events, as `/events` shows them; `TRY`, of which the feed does not know, is one called
//! `subscription.pending` (ours).
//!
//! Everything about one subscription is of one transaction until it is settled: `TRY`, `COMMIT` and `CANCEL` have its ref as their
//! `transactionID`. What comes later has the event's own.

mod xml;

use crate::answer;
use crate::outside::CloudEvent;
use crate::wire;
use crate::wire::time::Time;
use bytes::Bytes;
use orderpark_domain::feed::{About, Kind, ToldSubscription};
use orderpark_domain::offer::vendor_id;
use orderpark_domain::party::subscriber_id;
use orderpark_domain::{Instant, Notification, NotificationFormat, Order, Product, Subscription, SubscriptionRef};
use orderpark_store::FeedEvent;
use xml::{Subscribed, Subscriber, Unsubscribed, Updated};

const XML: &str = "application/xml";
const JSON: &str = "application/json";

/// What a message says of parties that neither product nor event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// The operator's id.
    pub operator_id: String,
    /// The subscriber's name.
    pub subscriber_name: String,
}

/// A message for a supplier, but for its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupplierMessage {
    /// Where to.
    pub url: String,
    /// Its id, the same however often it is sent.
    pub id: String,
    /// What the body is.
    pub content_type: &'static str,
    /// The event that the body is, where that is JSON.
    pub event: Option<CloudEvent>,
    /// What is said.
    pub body: Bytes,
}

/// What the supplier of `product` is told of an event; nothing where that is not its business, or where it named no address for it.
pub fn supplier_message(product: &Product, event: &FeedEvent, parties: &Parties) -> Option<SupplierMessage> {
    let About::Subscription(told) = &event.notice.about else { return None };
    if told.subscription.product != product.product
        || (event.notice.kind == Kind::SubscriptionRejected && told.declined)
    {
        return None;
    }
    let notification = product.notification.as_ref()?;
    let url = address(notification, event.notice.kind)?.to_owned();
    let id = super::webhook_id(event.position());
    let (content_type, event, body) = match notification.format {
        NotificationFormat::Json => (JSON, Some(super::cloud_event(event)), answer::to_json(&wire::Event::of(event))),
        NotificationFormat::Xml => (XML, None, told_in_xml(product, event, told, parties, &id)?),
    };
    Some(SupplierMessage { url, id, content_type, event, body: body.into() })
}

/// What the supplier of `product` is asked before `order` becomes active; nothing if it does not want to be asked.
pub fn try_message(
    product: &Product,
    order: &Order,
    subscription_ref: SubscriptionRef,
    parties: &Parties,
) -> Option<SupplierMessage> {
    let subscription = order.subscription(subscription_ref)?;
    let notification = product.notification.as_ref().filter(|_| product.asks_first())?;
    let url = notification.subscribed_url.clone()?;
    let id = format!("try_{subscription_ref}");
    let (content_type, event, body) = match notification.format {
        NotificationFormat::Json => {
            let asked = wire::Asked::of(&id, order, subscription_ref, subscription);
            let event = CloudEvent { id: id.clone(), kind: wire::Asked::KIND, at: order.created_at };
            (JSON, Some(event), answer::to_json(&asked))
        }
        NotificationFormat::Xml => {
            let bought = Bought::of_order(order, subscription_ref, subscription);
            (XML, None, bought.subscribed("TRY", product, parties))
        }
    };
    Some(SupplierMessage { url, id, content_type, event, body: body.into() })
}

/// Where a supplier wants to be told of a kind of event.
fn address(notification: &Notification, kind: Kind) -> Option<&str> {
    match kind {
        Kind::SubscriptionActivated | Kind::SubscriptionRejected => notification.subscribed_url.as_deref(),
        Kind::SubscriptionSuspended | Kind::SubscriptionResumed => notification.updated_url.as_deref(),
        Kind::SubscriptionCancelled => notification.unsubscribed_url.as_deref(),
        _ => None,
    }
}

fn told_in_xml(
    product: &Product,
    event: &FeedEvent,
    told: &ToldSubscription,
    parties: &Parties,
    id: &str,
) -> Option<Vec<u8>> {
    let bought = Bought::of_told(told);
    Some(match event.notice.kind {
        Kind::SubscriptionActivated => bought.subscribed("COMMIT", product, parties),
        Kind::SubscriptionRejected => bought.subscribed("CANCEL", product, parties),
        Kind::SubscriptionSuspended => bought.updated("ACTIVE/SUSPENDED", event.at, id),
        Kind::SubscriptionResumed => bought.updated("ACTIVE", event.at, id),
        Kind::SubscriptionCancelled => bought.unsubscribed(id),
        _ => return None,
    })
}

/// What was bought, by whom: from an order that waits, or from an event.
struct Bought<'a> {
    transaction_id: String,
    subscriber_id: String,
    subscriber_ref: String,
    offer_id: &'a str,
    quantity: u32,
    strategy: Option<&'a str>,
    subscription: &'a Subscription,
    href: String,
}

impl<'a> Bought<'a> {
    fn of_order(order: &'a Order, subscription_ref: SubscriptionRef, subscription: &'a Subscription) -> Bought<'a> {
        Bought {
            transaction_id: subscription_ref.to_string(),
            subscriber_id: subscriber_id(order.subscriber),
            subscriber_ref: order.subscriber.to_string(),
            offer_id: &order.offer_id,
            quantity: order.quantity,
            strategy: order.strategy.as_deref(),
            subscription,
            href: subscription.href(),
        }
    }

    fn of_told(told: &'a ToldSubscription) -> Bought<'a> {
        Bought {
            transaction_id: told.subscription_ref.to_string(),
            subscriber_id: subscriber_id(told.subscriber),
            subscriber_ref: told.subscriber.to_string(),
            offer_id: &told.offer_id,
            quantity: told.quantity,
            strategy: told.strategy.as_deref(),
            subscription: &told.subscription,
            href: told.subscription.href(),
        }
    }

    fn subscribed(&self, operation: &'static str, product: &Product, parties: &Parties) -> Vec<u8> {
        Subscribed {
            transaction_id: &self.transaction_id,
            operation,
            subscriber_name: &parties.subscriber_name,
            subscriber: self.subscriber(),
            operator_id: &parties.operator_id,
            supplier_id: supplier_id(product),
            vendor_id: vendor_id(self.offer_id),
            features: &self.features(),
            href: &self.href,
        }
        .write()
    }

    fn updated(&self, state: &'static str, at: Instant, id: &str) -> Vec<u8> {
        let timestamp = Time(at).to_string();
        let (subscriber, href) = (self.subscriber(), self.href.as_str());
        Updated { transaction_id: id, subscriber, state, timestamp: &timestamp, href }.write()
    }

    fn unsubscribed(&self, id: &str) -> Vec<u8> {
        Unsubscribed { transaction_id: id, subscriber: self.subscriber(), href: &self.href }.write()
    }

    fn subscriber(&self) -> Subscriber<'_> {
        Subscriber { id: &self.subscriber_id, ext_id: &self.subscriber_ref }
    }

    /// What carries no value is left out.
    fn features(&self) -> Vec<(&'static str, String)> {
        let granted = self.subscription.granted.map(|granted| ("grantedConnections", granted.to_string()));
        let strategy = self.strategy.map(|strategy| ("processingStrategyId", strategy.to_owned()));
        let always = [("quantity", self.quantity.to_string()), ("offerId", self.offer_id.to_owned())];
        granted.into_iter().chain(always).chain(strategy).collect()
    }
}

/// The supplier's id stands in front of the product's.
fn supplier_id(product: &Product) -> &str {
    product.id.split_once('/').map_or("", |(supplier, _)| supplier)
}

#[cfg(test)]
mod tests;
