//! Suspending and resuming a subscription (domain.md, "Resources" and "Orders").

use crate::harness::{Deployment, No, Wish, cancel, order_of, refused, shop::judge};
use SubscriptionState::{Active, Cancelled, Pending, Rejected, Suspended};
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::{Event, Order, OrderState, Outcome, Refusal, SubscriptionState};

fn change(order: &Order, state: SubscriptionState) -> ChangeSubscription {
    ChangeSubscription { subscription: order.order.subscription(1), state: Some(state), reason: Some("why".into()) }
}

fn suspended_by(s: &mut Deployment, who: &str) -> Wish {
    let order = s.ordered("acme/sensor", "alice");
    s.by(who, change(&order, Suspended))
}

#[test]
fn who_may() {
    judge(&[
        ("the operator", |s| suspended_by(s, "operator"), Ok(())),
        ("its vendor", |s| suspended_by(s, "acme"), Ok(())),
        ("another vendor", |s| suspended_by(s, "rival"), refused(Refusal::NotFound)),
        ("its subscriber never", |s| suspended_by(s, "alice"), Err(No::Forbidden)),
        ("its supplier never", |s| suspended_by(s, "net"), Err(No::Forbidden)),
        (
            "one that the order does not have",
            |s| {
                let order = s.ordered("acme/sensor", "alice");
                let subscription = order.order.subscription(3);
                s.by("acme", ChangeSubscription { subscription, ..change(&order, Suspended) })
            },
            refused(Refusal::NotFound),
        ),
        ("with another revision", |s| suspended_by(s, "acme").if_match(&[2]), refused(Refusal::Stale)),
        ("with its revision", |s| suspended_by(s, "acme").if_match(&[1]), Ok(())),
    ]);
}

/// An order whose first subscription is in this state.
fn in_state(shop: &mut Deployment, state: SubscriptionState) -> Order {
    let pending = matches!(state, Pending | Rejected);
    let order = shop.ordered(if pending { "acme/asks" } else { "acme/sensor" }, "alice");
    match state {
        Pending | Active => {}
        Suspended => drop(shop.must(shop.by("acme", change(&order, Suspended)))),
        Cancelled => drop(shop.must(shop.by("acme", cancel(&order)))),
        Rejected => {
            let refused = Some(orderpark_domain::order::Refused::by(order.subscriptions[0].product));
            let settle = orderpark_domain::order::SettleOrder { order: order.order, refused, declined: Vec::new() };
            shop.must(Wish::by_system(settle));
        }
    }
    shop.order(&order)
}

#[test]
fn only_between_active_and_suspended() {
    for from in SubscriptionState::ALL {
        for to in SubscriptionState::ALL {
            let mut shop = Deployment::shop();
            let order = in_state(&mut shop, from);
            assert_eq!(order.subscriptions[0].state, from);
            let answer = shop.asks(shop.by("acme", change(&order, to)));
            let legal = matches!((from, to), (Active, Suspended) | (Suspended, Active));
            if from == to {
                assert_eq!(answer.map(|decision| decision.events), Ok(vec![]), "{from:?} as it is");
            } else if legal {
                assert_eq!(order_of(&answer.unwrap().outcome).subscriptions[0].state, to);
            } else {
                let refusal = Refusal::IllegalTransition { from: from.as_str(), to: to.as_str() };
                assert_eq!(answer, Err(No::Refused(refusal)), "{from:?} to {to:?}");
                assert_eq!(shop.order(&order), order);
            }
        }
    }
}

#[test]
fn to_and_fro() {
    let mut shop = Deployment::shop();
    let order = shop.ordered("acme/sensor", "alice");
    let subscription = order.order.subscription(1);
    let first = shop.must(shop.by("acme", change(&order, Suspended)));
    assert_eq!(first.events, [Event::SubscriptionSuspended { subscription, reason: Some("why".into()) }]);
    let Outcome::Subscription(after, told) = first.outcome else { panic!("a subscription") };
    assert_eq!((told.state, told.reason.as_deref(), told.until), (Suspended, Some("why"), None));
    assert_eq!((after.state, after.revision, after.subscriptions[1].state), (OrderState::Active, 2, Active));
    assert_eq!(shop.connections("alice", "net/plan"), (100, 0), "it is still owed");

    let back = ChangeSubscription { reason: None, ..change(&order, Active) };
    let second = shop.must(shop.by("acme", back));
    assert_eq!(second.events, [Event::SubscriptionResumed { subscription, reason: None }]);
    assert_eq!(order_of(&second.outcome).revision, 3);
}
