//! What another node decided, as far as it makes stale what this working set holds.

use super::World;
use crate::{Event, Order, PartyRef, ProductRef};

impl World {
    /// Has every row that `event` changed be true again, or be forgotten, so that it is loaded anew. Placing an order is
    /// followed in the rows that are known, because that is nearly all there is; whatever is rare empties the working set.
    pub fn follow(&mut self, event: &Event) {
        match event {
            Event::OrderPlaced(order) => self.follow_order(order),
            // The order's row is not kept between batches, so that nothing here says which offer,
            // balances and counts it touched.
            Event::OrderSettled { .. } | Event::OrderCancelled(_) => {
                self.offers.forget_all();
                self.balances.forget_all();
                self.counts.clear();
            }
            Event::UsageReported { subscriber, product, .. } => self.forget_balance(*subscriber, *product),
            Event::TokenIssued(token) => self.tokens.forget(&token.user),
            Event::TokenRevoked(user) => self.tokens.forget(user),
            // They change orders alone.
            Event::OrderMatched(_)
            | Event::OrderFound(_)
            | Event::SubscriptionSuspended { .. }
            | Event::SubscriptionResumed { .. } => {}
            _ => *self = World::working_set(self.head),
        }
    }

    /// The other node has written all of this already, so no row is marked as changed.
    fn follow_order(&mut self, order: &Order) {
        self.offers.amend(&order.offer, |offer| offer.open_orders += 1);
        if let Some(first) = order.subscriptions.first() {
            self.balances.amend(&(order.subscriber, first.product), |balance| balance.orders += 1);
        }
        self.amend_counts(order);
        for subscription in order.subscriptions.iter().filter(|subscription| subscription.state.is_granted()) {
            self.balances.amend(&(order.subscriber, subscription.product), |balance| balance.grant(subscription));
        }
    }

    fn forget_balance(&mut self, subscriber: PartyRef, product: ProductRef) {
        self.balances.forget(&(subscriber, product));
    }
}
