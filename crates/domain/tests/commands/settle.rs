//! Settling a pending order (domain.md, "Notifications to suppliers").

use crate::harness::{Deployment, No, Wish, cancel, order_of};
use orderpark_domain::feed::{About, Kind, notices, settled};
use orderpark_domain::order::{Refused, SettleOrder};
use orderpark_domain::{Event, Order, OrderRef, OrderState, Refusal, SubscriptionState};

fn agreed(order: &Order) -> Wish {
    Wish::by_system(SettleOrder { order: order.order, refused: None, declined: Vec::new() })
}

fn declined(order: &Order) -> Wish {
    Wish::by_system(SettleOrder {
        order: order.order,
        refused: Some(Refused::by(order.subscriptions[0].product)),
        declined: Vec::new(),
    })
}

#[test]
fn all_agree() {
    let mut shop = Deployment::shop();
    let order = shop.ordered("acme/asks", "alice");
    let after = order_of(&shop.must(agreed(&order)).outcome);
    assert_eq!((after.state, after.closed_at, after.revision), (OrderState::Active, None, 2));
    assert_eq!((after.subscriptions[0].state, after.subscriptions[0].until), (SubscriptionState::Active, None));
    assert_eq!(shop.connections("alice", "far/slow"), (10, 0));
    assert_eq!(shop.whole.offers.get(&order.offer).unwrap().open_orders, 1);
}

#[test]
fn one_refuses() {
    let mut shop = Deployment::shop();
    let order = shop.ordered("acme/asks", "alice");
    let after = order_of(&shop.must(declined(&order)).outcome);
    assert_eq!((after.state, after.closed_at), (OrderState::Rejected, Some(shop.now())));
    let subscription = &after.subscriptions[0];
    assert_eq!((subscription.state, subscription.until), (SubscriptionState::Rejected, Some(shop.now())));
    assert_eq!(shop.connections("alice", "far/slow"), (0, 0));
    assert_eq!(shop.whole.offers.get(&order.offer).unwrap().open_orders, 0);
}

#[test]
fn only_the_first_settlement_counts() {
    let late = Err(No::Refused(Refusal::OrderNotPending));
    for first in [agreed, declined] {
        for second in [agreed, declined] {
            let mut shop = Deployment::shop();
            let order = shop.ordered("acme/asks", "alice");
            shop.must(first(&order));
            let settled = shop.order(&order);
            assert_eq!(shop.asks(second(&order)), late);
            assert_eq!(shop.order(&order), settled);
        }
    }
}

#[test]
fn the_entry_says_whether_the_supplier_gave_an_answer() {
    for unreachable in [false, true] {
        let mut shop = Deployment::shop();
        let order = shop.ordered("acme/asks", "alice");
        let product = order.subscriptions[0].product;
        let refused = Some(Refused { product, unreachable });
        shop.must(Wish::by_system(SettleOrder { order: order.order, refused, declined: Vec::new() }));
        let event = &shop.journal.last().expect("it was settled").event;
        let told = matches!(event, Event::OrderSettled { refused, unreachable: told, .. } if *refused == Some(product) && *told == unreachable);
        assert!(told, "{event:?}");
    }
}

#[test]
fn against_cancel() {
    let mut shop = Deployment::shop();
    let order = shop.ordered("acme/asks", "alice");
    let pending = Err(No::Refused(Refusal::OrderPending));
    assert_eq!(shop.asks(shop.by("alice", cancel(&order))), pending, "not while suppliers are asked");
    shop.must(agreed(&order));
    shop.must(shop.by("alice", cancel(&order)));
    assert_eq!(shop.asks(agreed(&order)), Err(No::Refused(Refusal::OrderNotPending)));
    assert_eq!(shop.order(&order).state, OrderState::Cancelled);
    assert_eq!(shop.connections("alice", "far/slow"), (0, 0));
}

#[test]
fn an_order_that_does_not_exist() {
    let mut shop = Deployment::shop();
    let nothing = SettleOrder { order: OrderRef::mint(shop.now(), 1), refused: None, declined: Vec::new() };
    assert_eq!(shop.asks(Wish::by_system(nothing)), Err(No::Refused(Refusal::NotFound)));
}

/// Who said no needs no telling; who gave no answer may have made something, and is told to take it back.
#[test]
fn a_rejected_order_tells_which_supplier_said_no_itself() {
    for declined in [false, true] {
        let mut shop = Deployment::shop();
        let order = shop.ordered("acme/asks", "alice");
        let product = order.subscriptions[0].product;
        let declining = declined.then_some(product).into_iter().collect();
        shop.must(Wish::by_system(SettleOrder {
            order: order.order,
            refused: Some(Refused::by(product)),
            declined: declining,
        }));
        let told = notices(shop.journal.last().expect("was settled"), &shop.whole).expect("nothing is missing");
        let kinds: Vec<Kind> = told.iter().map(|notice| notice.kind).collect();
        assert_eq!(kinds, [Kind::OrderRejected, Kind::SubscriptionRejected]);
        let About::Subscription(of_it) = &told[1].about else { panic!("no subscription: {:?}", told[1]) };
        assert_eq!((of_it.declined, of_it.subscription.state), (declined, SubscriptionState::Rejected));
    }
}

#[test]
fn how_it_was_right_after_is_known_for_ever() {
    let mut shop = Deployment::shop();
    let order = shop.ordered("acme/asks", "alice");
    assert_eq!(settled(&shop.order(&order)), None, "nothing is settled yet");
    let after = order_of(&shop.must(agreed(&order)).outcome);
    assert_eq!(settled(&shop.order(&order)), Some(after.clone()));
    shop.must(shop.by("alice", cancel(&order)));
    assert_eq!(settled(&shop.order(&order)), Some(after));

    let refused = shop.ordered("acme/asks", "alice");
    let after = order_of(&shop.must(declined(&refused)).outcome);
    assert_eq!(settled(&shop.order(&refused)), Some(after));
}
