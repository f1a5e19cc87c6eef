//! Placing an order (domain.md, "Orders").

use crate::harness::{
    Deployment, No, Wish, invalid, not_orderable, order_of, place, plan, refused, shop::judge, strategy, unknown,
};
use orderpark_domain::offer::{CreateOffer, DeleteOffer, UpdateOffer};
use orderpark_domain::order::{FoundOrder, OfferName, PlaceOrder, Positions, Refused, SettleOrder};
use orderpark_domain::party::{DeleteParty, PARTS_AT_ONCE};
use orderpark_domain::strategy::DeleteStrategy;
use orderpark_domain::{
    Event, OfferRef, OfferState, OrderState, Outcome, PartyKind, PartyRef, Refusal, SubscriptionState,
};

#[test]
fn who_may() {
    judge(&[
        ("the operator", |s| s.by("operator", place("acme/sensor", s.party("alice"))), Ok(())),
        ("the vendor of both", |s| s.by("acme", place("acme/sensor", s.party("alice"))), Ok(())),
        ("the subscriber itself", |s| s.by("alice", place("acme/sensor", s.party("alice"))), Ok(())),
        ("a supplier never", |s| s.by("net", place("acme/sensor", s.party("alice"))), Err(No::Forbidden)),
        ("another vendor", |s| s.by("rival", place("acme/sensor", s.party("alice"))), unknown("subscriberId")),
        (
            "a vendor its offer for a foreign subscriber",
            |s| s.by("acme", place("acme/sensor", s.party("bob"))),
            unknown("subscriberId"),
        ),
        (
            "a vendor a foreign offer for its subscriber",
            |s| s.by("acme", place("rival/sensor", s.party("alice"))),
            unknown("offerId"),
        ),
        (
            "the operator an offer of another vendor than the subscriber's",
            |s| s.by("operator", place("rival/sensor", s.party("alice"))),
            invalid("offerId"),
        ),
        ("a sibling", |s| s.by("albert", place("acme/sensor", s.party("alice"))), unknown("subscriberId")),
        (
            "a subscriber an offer of another vendor",
            |s| s.by("alice", place("rival/sensor", s.party("alice"))),
            unknown("offerId"),
        ),
        (
            "two scopes: each for its own",
            |s| {
                s.hire("both", &["rival", "alice"]);
                s.by("both", place("acme/sensor", s.party("alice")))
            },
            Ok(()),
        ),
    ]);
}

#[test]
fn which_offer() {
    judge(&[
        (
            "the offer by its ref",
            |s| {
                let offer = OfferName::Ref(s.offer("acme/sensor"));
                s.by("acme", PlaceOrder { offer, ..place("", s.party("alice")) })
            },
            Ok(()),
        ),
        (
            "a ref of nothing",
            |s| {
                let offer = OfferName::Ref(OfferRef(999));
                s.by("acme", PlaceOrder { offer, ..place("", s.party("alice")) })
            },
            unknown("offerRef"),
        ),
        (
            "the ref of a foreign offer: as one of nothing",
            |s| {
                let offer = OfferName::Ref(s.offer("rival/sensor"));
                s.by("acme", PlaceOrder { offer, ..place("", s.party("alice")) })
            },
            unknown("offerRef"),
        ),
        ("an id of nothing", |s| s.by("acme", place("acme/none", s.party("alice"))), unknown("offerId")),
        (
            "a deleted offer",
            |s| {
                let offer = s.offer("acme/sensor");
                s.must(s.by("acme", DeleteOffer { offer }));
                s.by("acme", place("acme/sensor", s.party("alice")))
            },
            unknown("offerId"),
        ),
    ]);
}

#[test]
fn for_whom() {
    judge(&[
        ("no such subscriber", |s| s.by("acme", place("acme/sensor", PartyRef(999))), unknown("subscriberId")),
        ("a vendor as subscriber", |s| s.by("acme", place("acme/sensor", s.party("acme"))), unknown("subscriberId")),
        (
            "a deleted subscriber",
            |s| {
                let party = s.party("alice");
                s.must(s.by(
                    "acme",
                    DeleteParty { kind: PartyKind::Subscriber, party, force: false, parts_max: PARTS_AT_ONCE },
                ));
                s.by("acme", place("acme/sensor", party))
            },
            unknown("subscriberId"),
        ),
        (
            "no subscriber, and exactly one in the scope",
            |s| s.by("alice", PlaceOrder { subscriber: None, ..place("acme/sensor", PartyRef(0)) }),
            Ok(()),
        ),
        (
            "no subscriber, and none in the scope",
            |s| s.by("acme", PlaceOrder { subscriber: None, ..place("acme/sensor", PartyRef(0)) }),
            invalid("subscriberId"),
        ),
        (
            "no subscriber, and two in the scope",
            |s| {
                s.hire("twins", &["alice", "albert"]);
                s.by("twins", PlaceOrder { subscriber: None, ..place("acme/sensor", PartyRef(0)) })
            },
            invalid("subscriberId"),
        ),
    ]);
}

#[test]
fn only_active_offers() {
    judge(&[
        (
            "suspended",
            |s| s.by("acme", place("acme/paused", s.party("alice"))),
            refused(not_orderable(Some("SUSPENDED"))),
        ),
        ("deactivated", |s| s.by("alice", place("acme/ended", s.party("alice"))), refused(not_orderable(None))),
        (
            "active again",
            |s| {
                let offer = s.offer("acme/ended");
                s.must(s.by("acme", UpdateOffer { offer, name: None, state: Some(OfferState::Active) }));
                s.by("alice", place("acme/ended", s.party("alice")))
            },
            Ok(()),
        ),
    ]);
}

fn with_strategy(s: &Deployment, offer: &str, strategy: &str) -> crate::harness::Wish {
    s.by("alice", PlaceOrder { strategy: Some(strategy.into()), ..place(offer, s.party("alice")) })
}

#[test]
fn processing_strategies() {
    let unknown_strategy = || refused(Refusal::UnknownStrategy);
    judge(&[
        ("the operator's", |s| with_strategy(s, "acme/sensor", "IOT_FLOW"), Ok(())),
        ("the offer's vendor's", |s| with_strategy(s, "acme/sensor", "acme/own"), Ok(())),
        ("another vendor's", |s| with_strategy(s, "acme/sensor", "rival/own"), unknown_strategy()),
        ("one that does not exist", |s| with_strategy(s, "acme/sensor", "NONE"), unknown_strategy()),
        ("one that is not active", |s| with_strategy(s, "acme/sensor", "acme/off"), unknown_strategy()),
        (
            "a deleted one",
            |s| {
                s.must(s.by("acme", strategy("acme/brief")));
                s.must(s.by("acme", DeleteStrategy { strategy: s.strategy("acme/brief") }));
                with_strategy(s, "acme/sensor", "acme/brief")
            },
            unknown_strategy(),
        ),
        ("listed by the offer", |s| with_strategy(s, "acme/listed", "ROUTE"), Ok(())),
        ("not listed by the offer", |s| with_strategy(s, "acme/listed", "IOT_FLOW"), unknown_strategy()),
        ("none, where some are listed", |s| s.by("alice", place("acme/listed", s.party("alice"))), Ok(())),
    ]);
}

#[test]
fn an_order_is_what_was_asked_for() {
    let mut shop = Deployment::shop();
    let asked = PlaceOrder {
        quantity: 3,
        strategy: Some("IOT_FLOW".into()),
        external_id: Some("PO-1".into()),
        ..place("acme/sensor", shop.party("alice"))
    };
    let order = order_of(&shop.must(shop.by("alice", asked)).outcome);
    assert_eq!((order.state, order.quantity, order.revision), (OrderState::Active, 3, 1));
    assert_eq!((order.offer_id.as_str(), order.vendor_id()), ("acme/sensor", "acme"));
    assert_eq!((order.vendor, order.subscriber), (shop.party("acme"), shop.party("alice")));
    assert_eq!((order.strategy.as_deref(), order.external_id.as_deref()), (Some("IOT_FLOW"), Some("PO-1")));
    assert_eq!((order.created_at, order.closed_at), (shop.now(), None));
    let [plan, app] = order.subscriptions.as_slice() else { panic!("one subscription an item: {order:?}") };
    assert_eq!((plan.product_id.as_str(), plan.granted), ("net/plan", Some(300)));
    assert_eq!((app.product_id.as_str(), app.granted), ("net/app", None));
    assert_eq!(
        (plan.number + 1, plan.state, plan.supplier),
        (app.number, SubscriptionState::Active, shop.party("net"))
    );
    let href = format!("/thingpark/smp/rest/applications/{}/subscriptions/{}", plan.product, plan.number);
    assert_eq!(plan.href(), href);
    assert_eq!(shop.connections("alice", "net/plan"), (300, 0));
}

#[test]
fn the_same_offer_again_adds_up() {
    let mut shop = Deployment::shop();
    let first = shop.ordered("acme/sensor", "alice");
    let second = shop.ordered("acme/sensor", "alice");
    assert!(second.order > first.order, "newest first is by ref");
    assert!(second.subscriptions[0].number > first.subscriptions[1].number);
    assert_eq!(shop.connections("alice", "net/plan"), (200, 0));
    assert_eq!(shop.connections("albert", "net/plan"), (0, 0));
    assert_eq!(shop.whole.offers.get(&first.offer).unwrap().open_orders, 2);
}

fn order_as(s: &Deployment, external_id: &str, offer: &str, quantity: u32) -> crate::harness::Wish {
    let external_id = Some(external_id.into());
    s.by("alice", PlaceOrder { external_id, quantity, ..place(offer, s.party("alice")) })
}

#[test]
fn an_external_id_names_one_order_for_ever() {
    let mut shop = Deployment::shop();
    let first = order_of(&shop.must(order_as(&shop, "PO-1", "acme/sensor", 2)).outcome);
    let taken = Err(No::Refused(Refusal::ExternalIdTaken));

    let again = shop.must(order_as(&shop, "PO-1", "acme/sensor", 2));
    assert_eq!((order_of(&again.outcome), again.events), (first.clone(), vec![]), "same content: the same order");
    assert_eq!(shop.asks(order_as(&shop, "PO-1", "acme/sensor", 3)), taken, "other quantity");
    assert_eq!(shop.asks(order_as(&shop, "PO-1", "acme/listed", 2)), taken, "other offer");
    let mut other = place("acme/sensor", shop.party("alice"));
    (other.quantity, other.external_id, other.strategy) = (2, Some("PO-1".into()), Some("ROUTE".into()));
    assert_eq!(shop.asks(shop.by("alice", other)), taken, "other strategy");

    let suspended = Positions::default();
    let found = FoundOrder { order: first.order, state: first.state, revision: first.revision, suspended };
    let keyed = shop.must(order_as(&shop, "PO-1", "acme/sensor", 2).key("k"));
    assert_eq!(keyed.events, [Event::OrderFound(found)], "a key is kept with the order that it found");

    let same_name = PlaceOrder { external_id: Some("PO-1".into()), ..place("acme/sensor", shop.party("albert")) };
    let others = order_of(&shop.must(shop.by("albert", same_name)).outcome);
    assert_ne!(others.order, first.order, "an external id is the subscriber's own");

    shop.must(shop.by("alice", crate::harness::cancel(&first)));
    let after = order_of(&shop.must(order_as(&shop, "PO-1", "acme/sensor", 2)).outcome);
    assert_eq!((after.order, after.state), (first.order, OrderState::Cancelled), "also after it was cancelled");
    assert_eq!(shop.asks(order_as(&shop, "PO-1", "acme/sensor", 3)), taken);
}

/// While suppliers are asked the name is held; an order that came to nothing gives it free, to one
/// other order.
#[test]
fn an_external_id_is_free_again_when_its_order_was_rejected() {
    let mut shop = Deployment::shop();
    let taken = Err(No::Refused(Refusal::ExternalIdTaken));
    let first = order_of(&shop.must(order_as(&shop, "PO-1", "acme/asks", 1).key("k")).outcome);
    let found = order_of(&shop.must(order_as(&shop, "PO-1", "acme/asks", 1)).outcome);
    assert_eq!((found.order, found.state), (first.order, OrderState::Pending));
    assert_eq!(shop.asks(order_as(&shop, "PO-1", "acme/sensor", 1)), taken);

    let refused = Some(Refused::by(first.subscriptions[0].product));
    shop.must(Wish::by_system(SettleOrder { order: first.order, refused, declined: Vec::new() }));
    let second = order_of(&shop.must(order_as(&shop, "PO-1", "acme/sensor", 2)).outcome);
    assert_ne!(second.order, first.order);
    assert_eq!(order_of(&shop.must(order_as(&shop, "PO-1", "acme/sensor", 2)).outcome), second);
    assert_eq!(shop.asks(order_as(&shop, "PO-1", "acme/asks", 1)), taken, "the new order holds it");
    let replayed = shop.must(order_as(&shop, "PO-1", "acme/asks", 1).key("k")).outcome;
    assert!(matches!(replayed, Outcome::Replay { .. }), "a key answers its own order: {replayed:?}");
}

#[test]
fn an_external_id_outlives_its_offer() {
    let mut shop = Deployment::shop();
    let first = order_of(&shop.must(order_as(&shop, "PO-1", "acme/sensor", 1)).outcome);
    let offer = first.offer;
    shop.must(shop.by("acme", UpdateOffer { offer, name: None, state: Some(OfferState::Suspended) }));
    let found = |shop: &mut Deployment| order_of(&shop.must(order_as(shop, "PO-1", "acme/sensor", 1)).outcome).order;
    assert_eq!(found(&mut shop), first.order, "while the offer is suspended");
    shop.must(shop.by("alice", crate::harness::cancel(&first)));
    shop.must(shop.by("acme", DeleteOffer { offer }));
    assert_eq!(found(&mut shop), first.order, "after the offer was deleted");
    assert_eq!(shop.asks(order_as(&shop, "PO-1", "acme/sensor", 2)), Err(No::Refused(Refusal::ExternalIdTaken)));
}

#[test]
fn suppliers_that_want_to_be_asked_first() {
    let mut shop = Deployment::shop();
    let cannot = PlaceOrder { can_ask_suppliers: false, ..place("acme/asks", shop.party("alice")) };
    let refusal = Refusal::SupplierCannotBeAsked { product_id: "far/slow".into() };
    assert_eq!(shop.asks(shop.by("alice", cannot)), Err(No::Refused(refusal)));
    let plain = PlaceOrder { can_ask_suppliers: false, ..place("acme/sensor", shop.party("alice")) };
    assert_eq!(order_of(&shop.must(shop.by("alice", plain)).outcome).state, OrderState::Active);

    let order = shop.ordered("acme/asks", "alice");
    assert_eq!((order.state, order.subscriptions[0].state), (OrderState::Pending, SubscriptionState::Pending));
    assert_eq!(shop.connections("alice", "far/slow"), (0, 0), "nothing is granted yet");
    assert_eq!(shop.whole.offers.get(&order.offer).unwrap().open_orders, 1);
}

#[test]
fn granted_connections_stay_countable() {
    let mut shop = Deployment::shop();
    shop.must(shop.by("net", plan("net/big")));
    let items = [("net/big", Some(1_000_000_000_000))];
    shop.must(shop.by("acme", CreateOffer { ..crate::harness::offer("acme/big", &items) }));
    let all = PlaceOrder { quantity: 1_000_000, ..place("acme/big", shop.party("alice")) };
    shop.must(shop.by("alice", all));
    assert_eq!(shop.connections("alice", "net/big"), (1_000_000_000_000_000_000, 0));
    let one_more = shop.by("alice", place("acme/big", shop.party("alice")));
    assert_eq!(shop.asks(one_more), Err(No::Refused(Refusal::TooManyConnections)));
}
