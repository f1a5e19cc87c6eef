//! Quotas: who sets them, and what decisions keep (domain.md, "Quotas").

use crate::harness::{
    Deployment, No, Wish, cancel, endpoint, order_of, party, place, quota, refused, shop::judge, subscriber,
};
use orderpark_domain::endpoint::DeleteEndpoint;
use orderpark_domain::order::{Refused, SettleOrder};
use orderpark_domain::party::{DeleteParty, PARTS_AT_ONCE};
use orderpark_domain::user::DeleteUser;
use orderpark_domain::{Event, PartyKind, PartyRef, Quota, QuotaDefaults, Quotas, Refusal};

fn reached(quota: Quota, max: u32, whose: PartyKind) -> Result<(), No> {
    refused(Refusal::QuotaReached { quota, max, whose })
}

fn set(shop: &mut Deployment, name: &str, of: Quota, value: Option<u32>) {
    let party = shop.party(name);
    shop.must(shop.by("operator", quota(party, of, value)));
}

fn order(shop: &Deployment, subscriber: &str) -> Wish {
    shop.by("acme", place("acme/sensor", shop.party(subscriber)))
}

#[test]
fn who_sets_them() {
    const OPEN: Quota = Quota::OpenOrders;
    judge(&[
        ("the operator", |s| s.by("operator", quota(s.party("acme"), OPEN, Some(1))), Ok(())),
        ("its own too", |s| s.by("operator", quota(s.party("operator"), OPEN, Some(1))), Ok(())),
        ("a vendor, its own", |s| s.by("acme", quota(s.party("acme"), OPEN, None)), Err(No::Forbidden)),
        ("a vendor, its subscriber's", |s| s.by("acme", quota(s.party("alice"), OPEN, None)), Err(No::Forbidden)),
        ("of nobody", |s| s.by("operator", quota(PartyRef(9999), OPEN, None)), refused(Refusal::NotFound)),
        (
            "with another revision",
            |s| s.by("operator", quota(s.party("acme"), OPEN, Some(1))).if_match(&[2]),
            refused(Refusal::Stale),
        ),
    ]);
    let mut shop = Deployment::shop();
    let acme = shop.party("acme");
    let first = shop.must(shop.by("operator", quota(acme, OPEN, Some(7))));
    let quotas = Quotas::default().with(OPEN, Some(7));
    assert_eq!(first.events, [Event::QuotasSet { party: acme, quotas }]);
    assert_eq!(shop.must(shop.by("operator", quota(acme, OPEN, Some(7)))).events, []);
    assert_eq!(shop.whole.parties.get(&acme).map(|party| (party.quotas, party.revision)), Some((quotas, 2)));
}

#[test]
fn a_subscriber_and_its_vendor_have_a_limit_of_open_orders() {
    judge(&[
        (
            "none are allowed",
            |s| {
                set(s, "alice", Quota::OpenOrders, Some(0));
                order(s, "alice")
            },
            reached(Quota::OpenOrders, 0, PartyKind::Subscriber),
        ),
        (
            "the last one that fits, of several products",
            |s| {
                s.ordered("acme/sensor", "alice");
                set(s, "alice", Quota::OpenOrders, Some(2));
                order(s, "alice")
            },
            Ok(()),
        ),
        (
            "one more, where one waits for its supplier",
            |s| {
                set(s, "alice", Quota::OpenOrders, Some(2));
                s.ordered("acme/asks", "alice");
                s.ordered("acme/sensor", "alice");
                order(s, "alice")
            },
            reached(Quota::OpenOrders, 2, PartyKind::Subscriber),
        ),
        (
            "after one was cancelled and one rejected",
            |s| {
                set(s, "alice", Quota::OpenOrders, Some(1));
                let asks = s.ordered("acme/asks", "alice");
                let refused = Some(Refused::by(asks.subscriptions[0].product));
                s.must(Wish::by_system(SettleOrder { order: asks.order, refused, declined: Vec::new() }));
                let active = s.ordered("acme/sensor", "alice");
                s.must(s.by("acme", cancel(&active)));
                order(s, "alice")
            },
            Ok(()),
        ),
        (
            "one that is there already",
            |s| {
                let po = |s: &Deployment| {
                    let place = place("acme/sensor", s.party("alice"));
                    s.by("acme", orderpark_domain::order::PlaceOrder { external_id: Some("PO".into()), ..place })
                };
                s.must(po(s));
                set(s, "alice", Quota::OpenOrders, Some(1));
                po(s)
            },
            Ok(()),
        ),
        (
            "a vendor's counts all its subscribers'",
            |s| {
                s.ordered("acme/sensor", "albert");
                set(s, "acme", Quota::OpenOrders, Some(2));
                s.ordered("acme/sensor", "alice");
                order(s, "alice")
            },
            reached(Quota::OpenOrders, 2, PartyKind::Vendor),
        ),
        (
            "another vendor's counts nothing of it",
            |s| {
                set(s, "rival", Quota::OpenOrders, Some(0));
                order(s, "alice")
            },
            Ok(()),
        ),
        (
            "the default again",
            |s| {
                set(s, "alice", Quota::OpenOrders, Some(0));
                set(s, "alice", Quota::OpenOrders, None);
                order(s, "alice")
            },
            Ok(()),
        ),
    ]);
}

#[test]
fn a_party_has_a_limit_of_users() {
    judge(&[
        (
            "the last one that fits",
            |s| {
                set(s, "acme", Quota::Users, Some(2));
                s.by("acme", clerk(s, "n"))
            },
            Ok(()),
        ),
        (
            "one more, whose login is taken: that is not told",
            |s| {
                set(s, "acme", Quota::Users, Some(1));
                s.by("acme", clerk(s, "rival"))
            },
            reached(Quota::Users, 1, PartyKind::Vendor),
        ),
        (
            "as many as before",
            |s| {
                s.hire("boss", &["acme"]);
                set(s, "acme", Quota::Users, Some(2));
                s.must(s.by("acme", DeleteUser { user: s.user("boss") }));
                s.by("acme", clerk(s, "n"))
            },
            Ok(()),
        ),
        (
            "two in one batch",
            |s| {
                set(s, "acme", Quota::Users, Some(2));
                s.must(s.by("acme", clerk(s, "n")));
                s.by("acme", clerk(s, "m"))
            },
            reached(Quota::Users, 2, PartyKind::Vendor),
        ),
        (
            "one more, after one of a party that ended moved here",
            |s| {
                s.must(s.by("operator", party(PartyKind::Supplier, "third")));
                s.hire("both", &["third", "acme"]);
                set(s, "acme", Quota::Users, Some(3));
                s.must(s.by("acme", clerk(s, "n")));
                let (kind, party) = (PartyKind::Supplier, s.party("third"));
                s.must(s.by("operator", DeleteParty { kind, party, force: false, parts_max: PARTS_AT_ONCE }));
                s.by("acme", clerk(s, "m"))
            },
            reached(Quota::Users, 3, PartyKind::Vendor),
        ),
    ]);
}

fn clerk(shop: &Deployment, name: &str) -> orderpark_domain::user::CreateUser {
    orderpark_domain::user::CreateUser {
        email: format!("{name}@test"),
        first_name: None,
        last_name: None,
        organization: None,
        grants: vec![shop.grant("acme")],
        secret: crate::harness::secret(2),
        role: orderpark_domain::Role::Admin,
    }
}

#[test]
fn endpoints() {
    judge(&[(
        "one at a time, two in one batch",
        |s| {
            set(s, "alice", Quota::Endpoints, Some(1));
            s.must(s.by("alice", endpoint("https://w.test/")));
            let made = s.endpoints_of("alice")[0];
            s.must(s.by("alice", DeleteEndpoint { endpoint: made }));
            s.must(s.by("alice", endpoint("https://w.test/")));
            s.by("alice", endpoint("https://w.test/"))
        },
        reached(Quota::Endpoints, 1, PartyKind::Subscriber),
    )]);
}

/// A default of the configuration holds for parties of its kind that have no quota of their own.
#[test]
fn defaults() {
    let mut shop = Deployment::shop();
    shop.must(shop.by("acme", subscriber("anna", "acme")));
    let mut quotas = QuotaDefaults::default();
    quotas.party = quotas.party.with(Quota::OpenOrders, Some(1));
    set(&mut shop, "albert", Quota::OpenOrders, Some(2));
    for (name, fits) in [("alice", [true, false, false]), ("albert", [true, true, false])] {
        for fits in fits {
            let wish = order(&shop, name);
            let scope = shop.caller("acme").may(wish.action().expect("one")).expect("it may");
            let intent = orderpark_domain::Intent { quotas, ..wish.into_intent(scope) };
            let placed = shop.commit(&intent).map(|decision| order_of(&decision.outcome));
            assert_eq!(placed.is_ok(), fits, "{name}: {placed:?}");
        }
    }
}
