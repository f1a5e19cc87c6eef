//! Cancelling an order (domain.md, "Orders").

use crate::harness::{Deployment, No, cancel, order_of, refused, shop::judge};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::order::{CancelOrder, SettleOrder};
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::{OrderRef, OrderState, Refusal, SubscriptionState};

fn by(s: &mut Deployment, who: &str) -> crate::harness::Wish {
    let order = s.ordered("acme/sensor", "alice");
    s.by(who, cancel(&order))
}

#[test]
fn who_may() {
    judge(&[
        ("the operator", |s| by(s, "operator"), Ok(())),
        ("the vendor", |s| by(s, "acme"), Ok(())),
        ("the subscriber", |s| by(s, "alice"), Ok(())),
        ("a supplier never", |s| by(s, "net"), Err(No::Forbidden)),
        ("another vendor", |s| by(s, "rival"), refused(Refusal::NotFound)),
        ("a sibling", |s| by(s, "albert"), refused(Refusal::NotFound)),
        (
            "an order that does not exist",
            |s| s.by("acme", CancelOrder { order: OrderRef::mint(s.now(), 1) }),
            refused(Refusal::NotFound),
        ),
    ]);
}

#[test]
fn in_which_state() {
    judge(&[
        (
            "pending",
            |s| {
                let order = s.ordered("acme/asks", "alice");
                s.by("alice", cancel(&order))
            },
            refused(Refusal::OrderPending),
        ),
        (
            "rejected",
            |s| {
                let order = s.ordered("acme/asks", "alice");
                let refused = Some(orderpark_domain::order::Refused::by(order.subscriptions[0].product));
                s.must(crate::harness::Wish::by_system(SettleOrder {
                    order: order.order,
                    refused,
                    declined: Vec::new(),
                }));
                s.by("alice", cancel(&order))
            },
            Ok(()),
        ),
        ("with its revision", |s| by(s, "alice").if_match(&[7, 1]), Ok(())),
        ("with another revision", |s| by(s, "alice").if_match(&[2]), refused(Refusal::Stale)),
        ("with no revision that could be read", |s| by(s, "alice").if_match(&[]), refused(Refusal::Stale)),
    ]);
}

#[test]
fn it_ends_every_subscription_and_gives_back_what_was_granted() {
    let mut shop = Deployment::shop();
    let kept = shop.ordered("acme/sensor", "alice");
    let order = shop.ordered("acme/sensor", "alice");
    let suspended = ChangeSubscription {
        subscription: order.order.subscription(1),
        state: Some(SubscriptionState::Suspended),
        reason: None,
    };
    shop.must(shop.by("acme", suspended));
    assert_eq!(shop.connections("alice", "net/plan"), (200, 0), "a suspended subscription is still owed");

    let after = order_of(&shop.must(shop.by("alice", cancel(&order))).outcome);
    assert_eq!((after.state, after.closed_at, after.revision), (OrderState::Cancelled, Some(shop.now()), 3));
    for subscription in &after.subscriptions {
        assert_eq!((subscription.state, subscription.until), (SubscriptionState::Cancelled, Some(shop.now())));
    }
    assert_eq!(shop.connections("alice", "net/plan"), (100, 0));
    assert_eq!(shop.whole.offers.get(&order.offer).unwrap().open_orders, 1);
    assert_eq!(shop.order(&kept).state, OrderState::Active);
}

#[test]
fn again_answers_the_same_and_writes_nothing() {
    let mut shop = Deployment::shop();
    let order = shop.ordered("acme/sensor", "alice");
    let first = shop.must(shop.by("alice", cancel(&order)));
    let written = shop.journal.len();
    shop.wait_seconds(60);
    let again = shop.must(shop.by("acme", cancel(&order)));
    assert_eq!((again.outcome, again.events.len(), shop.journal.len()), (first.outcome, 0, written));
}

#[test]
fn connections_in_use_stay_granted() {
    let mut shop = Deployment::shop();
    let first = shop.ordered("acme/sensor", "alice");
    let second = shop.ordered("acme/sensor", "alice");
    let (subscriber, product) = (shop.party("alice"), shop.product("net/plan"));
    let uses = |used| ReportUsage { subscriber, product, used };

    shop.must(shop.by("net", uses(101)));
    let refusal = Refusal::ConnectionsInUse { product_id: "net/plan".into(), used: 101, remaining: 100 };
    assert_eq!(shop.asks(shop.by("alice", cancel(&first))), Err(No::Refused(refusal)));
    assert_eq!(shop.order(&first), first, "nothing changed");

    shop.must(shop.by("net", uses(100)));
    shop.must(shop.by("alice", cancel(&first)));
    let refusal = Refusal::ConnectionsInUse { product_id: "net/plan".into(), used: 100, remaining: 0 };
    assert_eq!(
        shop.asks(shop.by("alice", cancel(&second)).dry(true)),
        Err(No::Refused(refusal)),
        "a dry run says so too"
    );
    shop.must(shop.by("net", uses(0)));
    shop.must(shop.by("alice", cancel(&second)));
    assert_eq!(shop.connections("alice", "net/plan"), (0, 0));
}

#[test]
fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let mut shop = Deployment::shop();
    let order = shop.ordered("acme/sensor", "alice");
    let said = shop.must(shop.by("alice", cancel(&order)).key("dry").dry(true));
    assert_eq!(said.events, []);
    assert_eq!(order_of(&said.outcome).state, OrderState::Cancelled);
    assert_eq!(shop.order(&order), order);
    assert_eq!(shop.connections("alice", "net/plan"), (100, 0));
}
