//! A notice, and who hears it.

use super::Kind;
use crate::{Offer, Order, Party, PartyRef, Scope, Subscription, SubscriptionRef};

/// One thing that an entry tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The entry.
    pub sequence: u64,
    /// Which of the entry's notices it is, from 0.
    pub number: u32,
    /// What happened.
    pub kind: Kind,
    /// The object, as it was right after the entry.
    pub about: About,
}

/// The object of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An order.
    Order(Box<Order>),
    /// A subscription.
    Subscription(Box<ToldSubscription>),
    /// An offer.
    Offer(Box<Offer>),
    /// A subscriber.
    Subscriber(Box<Party>),
}

/// A subscription with what its order says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldSubscription {
    /// Its ref, which names its order too.
    pub subscription_ref: SubscriptionRef,
    /// Who sold it.
    pub vendor: PartyRef,
    /// For whom.
    pub subscriber: PartyRef,
    /// The offer's id.
    pub offer_id: String,
    /// How many times the offer was taken.
    pub quantity: u32,
    /// The id of the processing strategy.
    pub strategy: Option<String>,
    /// Whether its supplier need not be told that the order was rejected: it said no itself, or was never asked.
    pub declined: bool,
    /// Itself.
    pub subscription: Subscription,
}

/// Who hears of something, besides the operator, who hears of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience {
    /// The vendor whose offer, subscriber or sale it is.
    pub vendor: PartyRef,
    /// The subscriber that it is, or that it is for.
    pub subscriber: Option<PartyRef>,
    /// The supplier of the product; of subscriptions only.
    pub supplier: Option<PartyRef>,
}

impl ToldSubscription {
    pub(super) fn of(order: &Order, subscription_ref: SubscriptionRef, subscription: Subscription) -> ToldSubscription {
        ToldSubscription {
            subscription_ref,
            vendor: order.vendor,
            subscriber: order.subscriber,
            offer_id: order.offer_id.clone(),
            quantity: order.quantity,
            strategy: order.strategy.clone(),
            declined: false,
            subscription,
        }
    }
}

impl Notice {
    /// Who hears of it. Nobody but the operator, where the row of a subscriber names no vendor.
    pub fn audience(&self) -> Option<Audience> {
        match &self.about {
            About::Order(order) => {
                Some(Audience { vendor: order.vendor, subscriber: Some(order.subscriber), supplier: None })
            }
            About::Subscription(told) => Some(Audience {
                vendor: told.vendor,
                subscriber: Some(told.subscriber),
                supplier: Some(told.subscription.supplier),
            }),
            About::Offer(offer) => Some(Audience { vendor: offer.vendor, subscriber: None, supplier: None }),
            About::Subscriber(party) => {
                Some(Audience { vendor: party.vendor?, subscriber: Some(party.party), supplier: None })
            }
        }
    }

    /// Whether any of its audience is in the scope.
    pub fn is_for(&self, scope: &Scope) -> bool {
        scope.is_everything() || self.audience().is_some_and(|audience| audience.is_in(scope))
    }

    /// How large it is, in parts: an object, and each subscription that is shown in it.
    pub fn parts(&self) -> usize {
        match &self.about {
            About::Order(order) => 1 + order.subscriptions.len(),
            About::Offer(offer) => 1 + offer.items.len(),
            About::Subscription(_) | About::Subscriber(_) => 1,
        }
    }
}

impl Audience {
    fn is_in(&self, scope: &Scope) -> bool {
        scope.has_vendor(self.vendor)
            || self.subscriber.is_some_and(|subscriber| scope.has_subscriber(subscriber, self.vendor))
            || self.supplier.is_some_and(|supplier| scope.has_supplier(supplier))
    }
}
