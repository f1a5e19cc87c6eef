//! Offers (domain.md, "Resources").

use crate::harness::{Deployment, No, Wish, cancel, invalid, offer, refused, shop::judge, unknown};
use orderpark_domain::offer::{CreateOffer, DeleteOffer, UpdateOffer};
use orderpark_domain::{Event, InUse, Offer, OfferRef, OfferState, Outcome, Refusal};

const PLAN: [(&str, Option<u64>); 1] = [("net/plan", Some(1))];

fn listing(id: &str, strategies: &[&str]) -> CreateOffer {
    let strategies = Some(strategies.iter().map(|id| (*id).to_owned()).collect());
    CreateOffer { strategies, ..offer(id, &PLAN) }
}

#[test]
fn publishing() {
    judge(&[
        ("a vendor its own", |s| s.by("acme", offer("acme/new", &PLAN)), Ok(())),
        ("the operator any", |s| s.by("operator", offer("rival/new", &PLAN)), Ok(())),
        ("a vendor another's", |s| s.by("acme", offer("rival/new", &PLAN)), invalid("id")),
        ("of no vendor", |s| s.by("operator", offer("none/new", &PLAN)), invalid("id")),
        ("of a supplier", |s| s.by("operator", offer("net/new", &PLAN)), invalid("id")),
        ("a supplier never", |s| s.by("net", offer("net/new", &PLAN)), Err(No::Forbidden)),
        ("a subscriber never", |s| s.by("alice", offer("acme/new", &PLAN)), Err(No::Forbidden)),
        (
            "an id that is taken",
            |s| s.by("acme", offer("acme/ended", &PLAN)),
            refused(Refusal::IdTaken { attribute: "id" }),
        ),
        (
            "an id that was given back",
            |s| {
                s.must(s.by("acme", DeleteOffer { offer: s.offer("acme/ended") }));
                s.by("acme", offer("acme/ended", &PLAN))
            },
            Ok(()),
        ),
        ("a product that does not exist", |s| s.by("acme", offer("acme/new", &[("net/none", None)])), unknown("items")),
        ("a plan without a number", |s| s.by("acme", offer("acme/new", &[("net/plan", None)])), Ok(())),
        (
            "strategies of the operator and its own",
            |s| s.by("acme", listing("acme/new", &["ROUTE", "acme/own"])),
            Ok(()),
        ),
        (
            "a strategy of another vendor",
            |s| s.by("acme", listing("acme/new", &["ROUTE", "rival/own"])),
            unknown("processingStrategyIds"),
        ),
        (
            "a strategy that does not exist",
            |s| s.by("acme", listing("acme/new", &["NONE"])),
            unknown("processingStrategyIds"),
        ),
    ]);
}

const TWO: [(&str, Option<u64>); 2] = [("net/plan", Some(1)), ("far/slow", Some(1))];

#[test]
fn an_offer_names_a_product_once_and_has_as_many_items_as_allowed() {
    let mut shop = Deployment::shop();
    let [one, other] = TWO;
    let rows = [
        (
            offer("acme/new", &[one, other, one]),
            "name the product 'net/plan' twice, at index 0 and at index 2: name each product once, with the \
             connections of both in one item",
        ),
        (
            CreateOffer { items_max: 1, ..offer("acme/new", &TWO) },
            "are 2, and an offer may have 1 at most (the operator's setting orders.offer_items_max); \
             spread the products over several offers",
        ),
    ];
    for (create, rule) in rows {
        let refused = Err(No::Refused(Refusal::Invalid { attribute: "items", rule: rule.into() }));
        assert_eq!(shop.asks(shop.by("acme", create)), refused);
    }
    shop.must(shop.by("acme", CreateOffer { items_max: 2, ..offer("acme/new", &TWO) }));
}

/// Before there was a rule, an offer could name one product many times.
#[test]
fn what_an_older_version_published_goes_on() {
    let mut shop = Deployment::shop();
    let sensor = shop.whole.offers.get(&shop.offer("acme/sensor")).unwrap().clone();
    let old = OfferRef(shop.whole.head.next_ref);
    let items = vec![sensor.items[0].clone(); 60];
    shop.records(Event::OfferCreated(Offer { offer: old, id: "acme/old".into(), items, ..sensor }));
    let order = shop.ordered("acme/old", "alice");
    assert_eq!(order.subscriptions.len(), 60);
    let Outcome::Offer(after) = shop.must(change(&shop, "acme", "acme/old", OfferState::Suspended)).outcome else {
        panic!("an offer")
    };
    assert_eq!((after.state, after.items.len()), (OfferState::Suspended, 60));
    shop.must(shop.by("alice", cancel(&order)));
    shop.must(delete(&shop, "acme", "acme/old"));
}

fn change(s: &Deployment, who: &str, id: &str, state: OfferState) -> Wish {
    s.by(who, UpdateOffer { offer: s.offer(id), name: None, state: Some(state) })
}

#[test]
fn changing() {
    judge(&[
        ("a vendor its own", |s| change(s, "acme", "acme/sensor", OfferState::Suspended), Ok(())),
        ("the operator any", |s| change(s, "operator", "acme/sensor", OfferState::Suspended), Ok(())),
        (
            "a vendor another's",
            |s| change(s, "rival", "acme/sensor", OfferState::Suspended),
            refused(Refusal::NotFound),
        ),
        ("a subscriber never", |s| change(s, "alice", "acme/sensor", OfferState::Suspended), Err(No::Forbidden)),
        ("its revision", |s| change(s, "acme", "acme/sensor", OfferState::Suspended).if_match(&[1]), Ok(())),
        (
            "another revision",
            |s| change(s, "acme", "acme/sensor", OfferState::Suspended).if_match(&[2]),
            refused(Refusal::Stale),
        ),
    ]);
}

#[test]
fn any_state_follows_any_other_and_orders_are_not_touched() {
    for from in OfferState::ALL {
        for to in OfferState::ALL {
            let mut shop = Deployment::shop();
            let order = shop.ordered("acme/sensor", "alice");
            shop.must(change(&shop, "acme", "acme/sensor", from));
            let before: Offer = shop.whole.offers.get(&order.offer).unwrap().clone();
            let decision = shop.must(change(&shop, "acme", "acme/sensor", to));
            let Outcome::Offer(after) = decision.outcome else { panic!("an offer") };
            assert_eq!((after.state, after.open_orders), (to, 1));
            assert_eq!(after.revision, before.revision + u32::from(from != to), "{from:?} to {to:?}");
            assert_eq!(decision.events.len(), usize::from(from != to), "the same again writes nothing");
            assert_eq!(shop.order(&order), order);
        }
    }
}

fn delete(s: &Deployment, who: &str, id: &str) -> Wish {
    s.by(who, DeleteOffer { offer: s.offer(id) })
}

#[test]
fn deleting() {
    let in_use = || refused(Refusal::InUse(InUse::Orders));
    judge(&[
        ("one without orders", |s| delete(s, "acme", "acme/sensor"), Ok(())),
        ("another's", |s| delete(s, "rival", "acme/sensor"), refused(Refusal::NotFound)),
        ("with another revision", |s| delete(s, "acme", "acme/sensor").if_match(&[2]), refused(Refusal::Stale)),
        (
            "one with an active order",
            |s| {
                s.ordered("acme/sensor", "alice");
                delete(s, "acme", "acme/sensor")
            },
            in_use(),
        ),
        (
            "one with a pending order",
            |s| {
                s.ordered("acme/asks", "alice");
                delete(s, "acme", "acme/asks")
            },
            in_use(),
        ),
        (
            "one whose orders are cancelled",
            |s| {
                let order = s.ordered("acme/sensor", "alice");
                s.must(s.by("alice", cancel(&order)));
                delete(s, "acme", "acme/sensor")
            },
            Ok(()),
        ),
        (
            "twice",
            |s| {
                let wish = delete(s, "acme", "acme/sensor");
                s.must(wish.clone());
                wish
            },
            refused(Refusal::NotFound),
        ),
    ]);
}
