//! The law: what no entry may do, whoever wrote it (I2, I5, I6), and that balances are sums (I10).
//!
//! Written a second time on purpose, from domain.md and not from `decide`: a checker that calls what it checks finds nothing.

use super::Report;
use orderpark_domain::{
    Entry, Event, Order, OrderState, PartyKind, PartyRef, ProductRef, SubscriptionRef, SubscriptionState, World,
};
use std::collections::BTreeMap;

/// What is illegal about `entry` in the world before it.
pub(super) fn broken_by(world: &World, entry: &Entry) -> Vec<String> {
    let mut broken = Vec::new();
    if let Some(request) = &entry.request
        && let Some(kept) = world.request_keys.get(&request.id())
    {
        broken.push(format!("its request key was used by entry {} already (I2)", kept.seq));
    }
    match &entry.event {
        Event::OrderPlaced(order) => placed(world, order, &mut broken),
        Event::OrderSettled { order, .. } => expect_state(world, *order, OrderState::Pending, &mut broken),
        Event::OrderCancelled(order) => expect_state(world, *order, OrderState::Active, &mut broken),
        Event::SubscriptionSuspended { subscription, .. } => {
            expect_subscription(world, *subscription, SubscriptionState::Active, &mut broken);
        }
        Event::SubscriptionResumed { subscription, .. } => {
            expect_subscription(world, *subscription, SubscriptionState::Suspended, &mut broken);
        }
        Event::UsageReported { subscriber, product, used } if *used > world.balance(*subscriber, *product).granted => {
            broken.push("more connections are used than granted (I10)".into());
        }
        Event::PartyCreated(party) if world.parties.get(&party.party).is_some() => {
            broken.push(format!("party {} exists already", party.party));
        }
        Event::PartyCreated(party) if party.kind == PartyKind::Operator && world.head.seq > 0 => {
            broken.push("a second operator".into());
        }
        Event::OfferCreated(offer) if world.offers.get(&offer.offer).is_some() => {
            broken.push(format!("offer {} exists already", offer.offer));
        }
        _ => {}
    }
    broken
}

fn placed(world: &World, order: &Order, broken: &mut Vec<String>) {
    let mut check = |holds: bool, what: &str| {
        if !holds {
            broken.push(format!("order {}: {what}", order.order));
        }
    };
    check(world.orders.get(&order.order).is_none(), "exists already (I1)");
    if let Some(external_id) = &order.external_id {
        let key = (order.subscriber, external_id.clone());
        check(world.external_ids.get(&key).is_none(), "its externalId was used already (I2)");
    }
    check(matches!(order.state, OrderState::Pending | OrderState::Active), "begins in an end state (I5)");
    let offer = world.offers.get(&order.offer);
    check(offer.is_some_and(|offer| offer.vendor == order.vendor), "its offer is another vendor's (I6)");
    let subscriber = world.parties.get(&order.subscriber);
    check(
        subscriber.is_some_and(|party| party.vendor == Some(order.vendor)),
        "its subscriber is another vendor's (I6)",
    );
    let items = offer.map_or(0, |offer| offer.items.len());
    check(order.subscriptions.len() == items, "has not one subscription per item of its offer");
    for subscription in &order.subscriptions {
        let product = world.products.get(&subscription.product);
        let owned = product.is_some_and(|product| product.supplier == subscription.supplier);
        check(owned, "a subscription names another supplier than its product's (I6)");
        check(subscription.number >= world.head.next_subscription, "a subscription number is used again");
    }
}

fn expect_state(world: &World, order: orderpark_domain::OrderRef, state: OrderState, broken: &mut Vec<String>) {
    match world.orders.get(&order) {
        Some(found) if found.state == state => {}
        Some(found) => broken.push(format!("order {order} is {}, not {} (I5)", found.state.as_str(), state.as_str())),
        None => broken.push(format!("order {order} does not exist (I5)")),
    }
}

fn expect_subscription(
    world: &World,
    subscription: SubscriptionRef,
    state: SubscriptionState,
    broken: &mut Vec<String>,
) {
    let found = world.orders.get(&subscription.order()).and_then(|order| order.subscription(subscription));
    match found {
        Some(found) if found.state == state => {}
        Some(found) => {
            broken.push(format!(
                "subscription {subscription} is {}, not {} (I5)",
                found.state.as_str(),
                state.as_str()
            ));
        }
        None => broken.push(format!("subscription {subscription} does not exist (I5)")),
    }
}

/// Adds up the granted connections from the orders and compares with the balances (I10).
pub(super) fn check_balances(world: &World, report: &mut Report) {
    let mut sums: BTreeMap<(PartyRef, ProductRef), (u64, u64)> = BTreeMap::new();
    for order in world.orders.values() {
        let granted = |state| matches!(state, SubscriptionState::Active | SubscriptionState::Suspended);
        for subscription in order.subscriptions.iter().filter(|subscription| granted(subscription.state)) {
            let sum = sums.entry((order.subscriber, subscription.product)).or_default();
            sum.0 += subscription.granted.unwrap_or(0);
            sum.1 += 1;
        }
    }
    for balance in world.balances.values() {
        let (granted, count) = sums.remove(&(balance.subscriber, balance.product)).unwrap_or_default();
        let whose = format!("balance of subscriber {} for product {}", balance.subscriber, balance.product);
        report.check((balance.granted, balance.subscriptions) == (granted, count), || {
            format!(
                "{whose}: {} connections in {} subscriptions, the orders sum to {granted} in {count} (I10)",
                balance.granted, balance.subscriptions
            )
        });
        report.check(balance.used <= balance.granted, || format!("{whose}: more used than granted (I10)"));
    }
    for (subscriber, product) in sums.into_keys() {
        report.violation(format!("subscriber {subscriber} has no balance for product {product} (I10)"));
    }
}
