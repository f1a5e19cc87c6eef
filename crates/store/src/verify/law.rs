//! The law: what no entry may do, whoever wrote it (I2, I5, I6), and that balances are sums (I10).
//!
//! Written a second time on purpose, from domain.md and not from `decide`: a checker that calls what it checks finds nothing.
//! What an entry does to the tables is `apply`'s word alone, here as in the committer: law and tables together are the proof.

mod orders;
mod rows;

use super::Report;
use orderpark_domain::{Entry, Event, PartyRef, ProductRef, SubscriptionState, World};
use std::collections::BTreeMap;

/// What is illegal about one entry; each sentence names its invariant.
struct Broken(Vec<String>);

impl Broken {
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
}

/// What is illegal about `entry` in the world before it.
pub(super) fn broken_by(world: &World, entry: &Entry) -> Vec<String> {
    let mut broken = Broken(Vec::new());
    if let Some(request) = &entry.request {
        let kept = world.request_keys.get(&request.id());
        broken.unless(kept.is_none(), || "its request key was used before (I2)".into());
        broken.unless(entry.by == Some(request.client), || "its request key is another client's (I2)".into());
    }
    match &entry.event {
        Event::OrderPlaced(order) => orders::placed(world, order, &mut broken),
        Event::OrderSettled { order, refused, declined, .. } => {
            orders::settled(world, *order, (*refused, declined), &mut broken);
        }
        Event::OrderCancelled(order) => orders::cancelled(world, *order, &mut broken),
        Event::OrderMatched(order) => orders::matched(world, order, &mut broken),
        Event::OrderFound(found) => orders::found(world, found, &mut broken),
        Event::SubscriptionSuspended { subscription, .. } => {
            orders::expect_subscription(world, *subscription, SubscriptionState::Active, &mut broken);
        }
        Event::SubscriptionResumed { subscription, .. } => {
            orders::expect_subscription(world, *subscription, SubscriptionState::Suspended, &mut broken);
        }
        Event::UsageReported { subscriber, product, used } => {
            let granted = world.balance(*subscriber, *product).granted;
            broken.unless(*used <= granted, || "more connections are used than granted (I10)".into());
        }
        Event::TokenIssued(token) => {
            let lives = world.users.get(&token.user).is_some_and(|user| user.deleted_at.is_none());
            broken.unless(lives, || format!("a token for user {}, who does not live", token.user));
        }
        Event::TokenRevoked(_) => {}
        event => rows::changed(world, event, &mut broken),
    }
    broken.0
}

/// Adds up the granted connections from the orders and compares with the balances (I10).
pub(super) fn check_balances(world: &World, report: &mut Report) {
    let mut sums: BTreeMap<(PartyRef, ProductRef), (u64, u64, u64)> = BTreeMap::new();
    for order in world.orders.values() {
        if let Some(first) = order.subscriptions.first().filter(|_| order.state.is_open()) {
            sums.entry((order.subscriber, first.product)).or_default().2 += 1;
        }
        let granted = |state| matches!(state, SubscriptionState::Active | SubscriptionState::Suspended);
        for subscription in order.subscriptions.iter().filter(|subscription| granted(subscription.state)) {
            let sum = sums.entry((order.subscriber, subscription.product)).or_default();
            sum.0 += subscription.granted.unwrap_or(0);
            sum.1 += 1;
        }
    }
    for balance in world.balances.values() {
        let (granted, count, orders) = sums.remove(&(balance.subscriber, balance.product)).unwrap_or_default();
        let whose = format!("balance of subscriber {} for product {}", balance.subscriber, balance.product);
        report.check((balance.granted, balance.subscriptions) == (granted, count), || {
            format!(
                "{whose}: {} connections in {} subscriptions, the orders sum to {granted} in {count} (I10)",
                balance.granted, balance.subscriptions
            )
        });
        report.check(balance.orders == orders, || {
            format!("{whose}: {} open orders begin with it, but there are {orders} (I10)", balance.orders)
        });
        report.check(balance.used <= balance.granted, || format!("{whose}: more used than granted (I10)"));
    }
    for (subscriber, product) in sums.into_keys() {
        report.violation(format!("subscriber {subscriber} has no balance for product {product} (I10)"));
    }
}
