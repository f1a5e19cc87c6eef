//! Reporting how many connections are in use (domain.md, "Resources").

use crate::harness::{Deployment, No, Wish, cancel, refused, shop::judge, unknown};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::{Outcome, PartyRef, ProductRef, Refusal};

fn uses(s: &Deployment, who: &str, product: &str, used: u64) -> Wish {
    s.by(who, ReportUsage { subscriber: s.party("alice"), product: s.product(product), used })
}

fn after_order(s: &mut Deployment, who: &str, used: u64) -> Wish {
    s.ordered("acme/sensor", "alice");
    uses(s, who, "net/plan", used)
}

#[test]
fn who_may_and_how_many() {
    judge(&[
        ("its supplier", |s| after_order(s, "net", 40), Ok(())),
        ("all that are granted", |s| after_order(s, "net", 100), Ok(())),
        ("the operator", |s| after_order(s, "operator", 40), Ok(())),
        ("another supplier", |s| after_order(s, "far", 40), refused(Refusal::NotFound)),
        ("the vendor never", |s| after_order(s, "acme", 40), Err(No::Forbidden)),
        ("the subscriber never", |s| after_order(s, "alice", 40), Err(No::Forbidden)),
        (
            "more than are granted",
            |s| after_order(s, "net", 101),
            refused(Refusal::ConnectionsNotGranted { granted: 100 }),
        ),
        ("with another revision of the product", |s| after_order(s, "net", 1).if_match(&[2]), refused(Refusal::Stale)),
    ]);
}

#[test]
fn of_whom_and_of_what() {
    let nobody = || unknown("subscriberId");
    judge(&[
        ("by a supplier, of one who has no subscription", |s| uses(s, "net", "net/plan", 0), nobody()),
        ("by the operator, none of one who has none", |s| uses(s, "operator", "net/plan", 0), Ok(())),
        (
            "by the operator, some of one who has none",
            |s| uses(s, "operator", "net/plan", 1),
            refused(Refusal::ConnectionsNotGranted { granted: 0 }),
        ),
        (
            "by a supplier, of one who had a subscription",
            |s| {
                let order = s.ordered("acme/sensor", "alice");
                s.must(s.by("alice", cancel(&order)));
                uses(s, "net", "net/plan", 0)
            },
            nobody(),
        ),
        (
            "of a vendor",
            |s| {
                let (subscriber, product) = (s.party("acme"), s.product("net/plan"));
                s.by("operator", ReportUsage { subscriber, product, used: 0 })
            },
            nobody(),
        ),
        (
            "of nobody",
            |s| {
                let (subscriber, product) = (PartyRef(999), s.product("net/plan"));
                s.by("operator", ReportUsage { subscriber, product, used: 0 })
            },
            nobody(),
        ),
        (
            "of a product that does not exist",
            |s| {
                let (subscriber, product) = (s.party("alice"), ProductRef(999));
                s.by("operator", ReportUsage { subscriber, product, used: 0 })
            },
            refused(Refusal::NotFound),
        ),
        (
            "of an application: it has no connections",
            |s| {
                s.ordered("acme/sensor", "alice");
                uses(s, "net", "net/app", 0)
            },
            refused(Refusal::NotFound),
        ),
    ]);
}

#[test]
fn the_number_replaces_the_one_before() {
    let mut shop = Deployment::shop();
    shop.ordered("acme/sensor", "alice");
    shop.must(uses(&shop, "net", "net/plan", 70));
    let Outcome::Balance(balance) = shop.must(uses(&shop, "net", "net/plan", 30)).outcome else { panic!("a balance") };
    assert_eq!((balance.granted, balance.used, balance.subscriptions), (100, 30, 1));
    assert_eq!(shop.must(uses(&shop, "net", "net/plan", 30)).events, [], "the same again writes nothing");
    assert_eq!(shop.connections("alice", "net/plan"), (100, 30));
}
