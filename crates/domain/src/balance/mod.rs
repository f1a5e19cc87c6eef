//! Balances: how many connections of a product a subscriber was granted, and how many it uses.

mod report;

pub use report::ReportUsage;

use crate::{Order, PartyRef, ProductRef, Refusal, Subscription, World};
use std::collections::BTreeMap;

/// One subscriber's account of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The subscriber.
    pub subscriber: PartyRef,
    /// The product.
    pub product: ProductRef,
    /// The sum over its granted subscriptions (reliability.md, I10).
    pub granted: u64,
    /// How many its supplier reported in use; never more than granted.
    pub used: u64,
    /// How many granted subscriptions it has.
    pub subscriptions: u64,
    /// How many open orders begin with the product: over all products of the subscriber, each
    /// counts once.
    pub orders: u64,
}

/// The largest sum of granted connections: what every database counts exactly.
pub const GRANTED_MAX: u64 = 1_000_000_000_000_000_000;

impl Balance {
    /// The account of one who never had any.
    pub fn empty(subscriber: PartyRef, product: ProductRef) -> Balance {
        Balance { subscriber, product, granted: 0, used: 0, subscriptions: 0, orders: 0 }
    }

    /// Counts a subscription that was granted.
    pub(crate) fn grant(&mut self, subscription: &Subscription) {
        self.granted = self.granted.saturating_add(subscription.granted.unwrap_or(0));
        self.subscriptions += 1;
    }
}

/// Connections of each product that the granted subscriptions of an order stand for.
fn granted_by<'o>(orders: impl IntoIterator<Item = &'o Order>) -> BTreeMap<ProductRef, (u64, &'o str)> {
    let mut sums = BTreeMap::new();
    for order in orders {
        for subscription in order.subscriptions.iter().filter(|subscription| subscription.state.is_granted()) {
            let sum = sums.entry(subscription.product).or_insert((0, subscription.product_id.as_str()));
            sum.0 += subscription.granted.unwrap_or(0);
        }
    }
    sums
}

/// Whether these orders of one subscriber may all be closed: what remains granted covers what is used (domain.md, "Orders").
pub(crate) fn check_closing(world: &World, orders: &[&Order]) -> Result<(), Refusal> {
    let Some(subscriber) = orders.first().map(|order| order.subscriber) else { return Ok(()) };
    for (product, (closing, product_id)) in granted_by(orders.iter().copied()) {
        let balance = world.balance(subscriber, product);
        let remaining = balance.granted.saturating_sub(closing);
        if balance.used > remaining {
            let product_id = product_id.to_owned();
            return Err(Refusal::ConnectionsInUse { product_id, used: balance.used, remaining });
        }
    }
    Ok(())
}

/// Whether granting what this order asks for stays countable.
pub(crate) fn check_granting(world: &World, order: &Order) -> Result<(), Refusal> {
    let mut sums: BTreeMap<ProductRef, u64> = BTreeMap::new();
    for subscription in &order.subscriptions {
        let sum = sums.entry(subscription.product).or_default();
        *sum = sum.saturating_add(subscription.granted.unwrap_or(0));
    }
    let fits = |(product, sum): (&ProductRef, &u64)| {
        world.balance(order.subscriber, *product).granted.saturating_add(*sum) <= GRANTED_MAX
    };
    if sums.iter().all(fits) { Ok(()) } else { Err(Refusal::TooManyConnections) }
}
