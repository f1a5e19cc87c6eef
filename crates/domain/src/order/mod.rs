//! Orders: one act of taking an offer for a subscriber.

mod cancel;
mod found;
mod place;
mod settle;

pub use cancel::CancelOrder;
pub use found::{FoundOrder, Positions};
pub use place::{OfferName, PlaceOrder, QUANTITY_MAX};
pub use settle::{Refused, SettleOrder};

use crate::{Instant, OfferRef, OrderRef, PartyRef, Scope, Subscription, SubscriptionRef, SubscriptionState, offer};
use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    /// Suppliers are being asked.
    Pending,
    /// It runs.
    Active,
    /// A supplier refused it.
    Rejected,
    /// It was cancelled.
    Cancelled,
}

use OrderState::{Active, Cancelled, Pending, Rejected};

/// Every legal transition of an order (domain.md, "Orders"). Nothing else changes its state.
pub const TRANSITIONS: [(OrderState, OrderState); 3] = [(Pending, Active), (Pending, Rejected), (Active, Cancelled)];

impl OrderState {
    /// Every state.
    pub const ALL: [OrderState; 4] = [Pending, Active, Rejected, Cancelled];

    /// The word in capitals, as in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Pending => "PENDING",
            Active => "ACTIVE",
            Rejected => "REJECTED",
            Cancelled => "CANCELLED",
        }
    }

    /// Reads the word in capitals.
    pub fn parse(text: &str) -> Option<OrderState> {
        OrderState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the state table has this transition.
    pub fn may_become(self, next: OrderState) -> bool {
        TRANSITIONS.contains(&(self, next))
    }

    /// Whether something is still owed: `ACTIVE` or `PENDING`.
    pub fn is_open(self) -> bool {
        matches!(self, Pending | Active)
    }
}

/// An order with its subscriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its ref.
    #[serde(rename = "ref")]
    pub order: OrderRef,
    /// What was taken.
    pub offer: OfferRef,
    /// The offer's id, which names the vendor too.
    pub offer_id: String,
    /// Whose offer it is, and whose subscriber.
    pub vendor: PartyRef,
    /// For whom.
    pub subscriber: PartyRef,
    /// How many times; 1 to [`QUANTITY_MAX`].
    pub quantity: u32,
    /// The caller's own name for it; unique among those orders of the subscriber that are not
    /// `REJECTED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The id of the processing strategy that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub created_at: Instant,
    /// When it was cancelled or rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// Grows with every change of the order or of one of its subscriptions.
    pub revision: u32,
    /// One per item of the offer, in its order.
    pub subscriptions: Vec<Subscription>,
}

impl Order {
    /// The revision that an order is placed with.
    pub(crate) const FIRST_REVISION: u32 = 1;

    /// The id of its vendor.
    pub fn vendor_id(&self) -> &str {
        offer::vendor_id(&self.offer_id)
    }

    /// Whether it lies within `scope`.
    pub(crate) fn is_within(&self, scope: &Scope) -> bool {
        scope.has_subscriber(self.subscriber, self.vendor)
    }

    /// The subscriptions with their refs.
    pub fn subscriptions_with_refs(&self) -> impl Iterator<Item = (SubscriptionRef, &Subscription)> {
        (1..).zip(&self.subscriptions).map(|(position, subscription)| (self.order.subscription(position), subscription))
    }

    /// The subscription with this ref, if it is one of this order.
    pub fn subscription(&self, subscription: SubscriptionRef) -> Option<&Subscription> {
        let index = usize::from(subscription.position()).checked_sub(1)?;
        self.subscriptions.get(index).filter(|_| subscription.order() == self.order)
    }

    /// The order after its suppliers were asked.
    pub(crate) fn settle(&mut self, agreed: bool, at: Instant) {
        let (state, subscription_state) =
            if agreed { (Active, SubscriptionState::Active) } else { (Rejected, SubscriptionState::Rejected) };
        self.state = state;
        self.closed_at = (!agreed).then_some(at);
        self.end_or_begin(subscription_state, at);
    }

    /// The order after it was cancelled.
    pub(crate) fn cancel(&mut self, at: Instant) {
        self.state = Cancelled;
        self.closed_at = Some(at);
        self.end_or_begin(SubscriptionState::Cancelled, at);
    }

    fn end_or_begin(&mut self, state: SubscriptionState, at: Instant) {
        self.revision += 1;
        for subscription in &mut self.subscriptions {
            subscription.state = state;
            subscription.until = (!state.is_granted()).then_some(at);
        }
    }

    /// The order after one of its subscriptions was suspended or resumed.
    pub(crate) fn change_subscription(
        &mut self,
        subscription: SubscriptionRef,
        state: SubscriptionState,
        reason: Option<String>,
    ) {
        let index = usize::from(subscription.position().saturating_sub(1));
        if let Some(subscription) = self.subscriptions.get_mut(index) {
            subscription.state = state;
            subscription.reason = reason;
            self.revision += 1;
        }
    }
}

#[cfg(test)]
mod tests;
