//! The law of orders: who may be joined, what is granted, which transitions there are.

use super::Broken;
use orderpark_domain::order::FoundOrder;
use orderpark_domain::{
    Offer, OfferState, Order, OrderRef, OrderState, ProductRef, Strategy, StrategyState, SubscriptionRef,
    SubscriptionState, World,
};
use std::collections::BTreeMap;

pub(super) fn placed(world: &World, order: &Order, broken: &mut Broken) {
    let whose = || format!("order {}", order.order);
    broken.unless(world.orders.get(&order.order).is_none(), || format!("{} exists already (I1)", whose()));
    if let Some(external_id) = &order.external_id {
        let used = world.external_ids.get(&(order.subscriber, external_id.clone()));
        broken.unless(used.is_none(), || {
            format!("the externalId of {} is another order's that was not rejected (I2)", whose())
        });
    }
    broken.unless(order.state.is_open(), || format!("{} begins in an end state (I5)", whose()));
    broken.unless((1..=1_000_000).contains(&order.quantity), || format!("{} has no such quantity", whose()));
    let subscriber = world.parties.get(&order.subscriber).filter(|party| party.deleted_at.is_none());
    let bought_from = subscriber.and_then(|party| party.vendor);
    broken.unless(bought_from == Some(order.vendor), || {
        format!("the subscriber of {} is another vendor's (I6)", whose())
    });
    let strategy = order.strategy.as_ref().map(|id| world.strategy_ids.get(id).and_then(|it| world.strategies.get(it)));
    let usable = |strategy: &Strategy| {
        strategy.state == StrategyState::Active && strategy.vendor.is_none_or(|vendor| vendor == order.vendor)
    };
    broken.unless(strategy.is_none_or(|found| found.is_some_and(usable)), || {
        format!("{} names a strategy that it may not use (I6)", whose())
    });
    match world.offers.get(&order.offer).filter(|offer| offer.deleted_at.is_none()) {
        Some(offer) => of_offer(world, order, offer, broken),
        None => broken.0.push(format!("{} is of an offer that does not exist", whose())),
    }
}

fn of_offer(world: &World, order: &Order, offer: &Offer, broken: &mut Broken) {
    let whose = || format!("order {}", order.order);
    broken.unless(offer.vendor == order.vendor, || format!("the offer of {} is another vendor's (I6)", whose()));
    broken.unless(offer.id == order.offer_id, || format!("{} names its offer otherwise", whose()));
    broken.unless(offer.state == OfferState::Active, || format!("{} is of an offer that is not ACTIVE", whose()));
    broken.unless(order.subscriptions.len() == offer.items.len(), || {
        format!("{} has not one subscription per item of its offer", whose())
    });
    let state = if order.state == OrderState::Pending { SubscriptionState::Pending } else { SubscriptionState::Active };
    let mut last = world.head.next_subscription.saturating_sub(1);
    for (subscription, item) in order.subscriptions.iter().zip(&offer.items) {
        let supplier = world.products.get(&item.product).map(|product| product.supplier);
        let granted = item.granted.map(|granted| granted.saturating_mul(u64::from(order.quantity)));
        broken.unless(subscription.product == item.product && subscription.granted == granted, || {
            format!("a subscription of {} is not what the offer says (I10)", whose())
        });
        broken.unless(Some(subscription.supplier) == supplier, || {
            format!("a subscription of {} names another supplier than its product's (I6)", whose())
        });
        broken.unless(subscription.state == state, || format!("a subscription of {} begins otherwise (I5)", whose()));
        broken.unless(subscription.number > last, || format!("a subscription number of {} is used again", whose()));
        last = subscription.number;
    }
}

/// Who said no is of the order, and then the order is refused.
pub(super) fn settled(
    world: &World,
    order: OrderRef,
    (refused, declined): (Option<ProductRef>, &[ProductRef]),
    broken: &mut Broken,
) {
    expect_state(world, order, OrderState::Pending, broken);
    let Some(found) = world.orders.get(&order) else { return };
    let is_of_it = |product: &ProductRef| found.subscriptions.iter().any(|it| it.product == *product);
    broken.unless(refused.iter().chain(declined).all(is_of_it) && (refused.is_some() || declined.is_empty()), || {
        format!("order {order} was settled by a product that is none of its own, or against one that said no (I5)")
    });
}

pub(super) fn cancelled(world: &World, order: OrderRef, broken: &mut Broken) {
    expect_state(world, order, OrderState::Active, broken);
    let Some(order) = world.orders.get(&order) else { return };
    let mut closing: BTreeMap<_, u64> = BTreeMap::new();
    for subscription in order.subscriptions.iter().filter(|subscription| subscription.until.is_none()) {
        *closing.entry(subscription.product).or_default() += subscription.granted.unwrap_or(0);
    }
    for (product, closing) in closing {
        let balance = world.balance(order.subscriber, product);
        let covered = balance.granted.checked_sub(closing).is_some_and(|remaining| balance.used <= remaining);
        broken
            .unless(covered, || format!("order {} was cancelled while its connections were in use (I10)", order.order));
    }
}

pub(super) fn matched(world: &World, order: &Order, broken: &mut Broken) {
    let found = world.orders.get(&order.order);
    broken.unless(found == Some(order), || format!("order {} was not as this entry tells it", order.order));
}

pub(super) fn found(world: &World, found: &FoundOrder, broken: &mut Broken) {
    let is_as_told = world.orders.get(&found.order).is_some_and(|order| {
        let is_suspended = |position| found.suspended.contains(position);
        let mut subscriptions = (1..).zip(&order.subscriptions);
        (order.state, order.revision) == (found.state, found.revision)
            && subscriptions.all(|(at, it)| is_suspended(at) == (it.state == SubscriptionState::Suspended))
    });
    broken.unless(is_as_told, || format!("order {} was not as this entry tells it", found.order));
}

fn expect_state(world: &World, order: OrderRef, state: OrderState, broken: &mut Broken) {
    let found = world.orders.get(&order).map(|order| order.state);
    broken.unless(found == Some(state), || {
        format!("order {order} is {}, not {} (I5)", found.map_or("nowhere", OrderState::as_str), state.as_str())
    });
}

pub(super) fn expect_subscription(
    world: &World,
    subscription: SubscriptionRef,
    state: SubscriptionState,
    broken: &mut Broken,
) {
    let order = world.orders.get(&subscription.order());
    let found = order.and_then(|order| order.subscription(subscription)).map(|subscription| subscription.state);
    broken.unless(found == Some(state), || {
        let found = found.map_or("nowhere", SubscriptionState::as_str);
        format!("subscription {subscription} is {found}, not {} (I5)", state.as_str())
    });
}
