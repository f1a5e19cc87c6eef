//! From a row as it is now back to what it was right after an entry.
//!
//! Of an order, only its state, `closed_at` and `revision` change, and of a subscription its state, `until` and `reason`;
//! everything else in the row is what it always was. So:
//!
//! - **settled**: an order that waits cannot be changed otherwise, so it was as it was placed, and then settled;
//! - **cancelled**, and **deleted** offers and parties: nothing changes any more, so the row is what it was;
//! - **suspended, resumed**: the event says state and reason, and a subscription that has either state has not ended.

use crate::{Instant, Order, OrderState, Subscription, SubscriptionState};

/// The order right after it was settled.
pub(super) fn settled(row: &Order, agreed: bool, at: Instant) -> Order {
    let waiting = |subscription: &Subscription| changed(subscription, SubscriptionState::Pending, None);
    let mut order = Order {
        state: OrderState::Pending,
        closed_at: None,
        revision: Order::FIRST_REVISION,
        subscriptions: row.subscriptions.iter().map(waiting).collect(),
        ..row.clone()
    };
    order.settle(agreed, at);
    order
}

/// The subscription right after it came into this state, which is no end.
pub(super) fn changed(row: &Subscription, state: SubscriptionState, reason: Option<&str>) -> Subscription {
    Subscription { state, until: None, reason: reason.map(str::to_owned), ..row.clone() }
}
