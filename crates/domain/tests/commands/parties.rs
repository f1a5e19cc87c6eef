//! Suppliers, vendors and subscribers (domain.md, "Resources").

use crate::harness::{
    Deployment, No, Wish, cancel, invalid, order_of, party, place, primary_user, refused, shop::judge, subscriber,
    unknown,
};
use PartyKind::{Operator, Subscriber, Supplier, Vendor};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::offer::DeleteOffer;
use orderpark_domain::party::{
    Bootstrap, CreateParty, DeleteParty, PARTS_AT_ONCE, PrimaryUser, UpdateParty, subscriber_id,
};
use orderpark_domain::product::DeleteProduct;
use orderpark_domain::strategy::DeleteStrategy;
use orderpark_domain::{
    Event, Grant, InUse, OrderState, Outcome, Party, PartyKind, PartyRef, ProductKind, Refusal, UserRef,
};

#[test]
fn the_first_entry_makes_the_operator() {
    let mut shop = Deployment::bootstrapped();
    let Some(Event::PartyCreated(operator)) = shop.journal.first().map(|entry| entry.event.clone()) else { panic!() };
    assert_eq!((operator.party, operator.kind), (PartyRef(1), Operator));
    assert_eq!(shop.user("operator"), UserRef(2));
    let mut ids: Vec<_> = shop.whole.strategies.values().map(|it| (it.strategy.0, it.id.as_str(), it.vendor)).collect();
    ids.sort_unstable();
    assert_eq!(ids, [(3, "DATAFLOW", None), (4, "DEFAULTRP", None), (5, "IOT_FLOW", None), (6, "ROUTE", None)]);
    assert_eq!((shop.whole.head.next_ref, shop.journal.len()), (7, 6));
    let again = Bootstrap { operator_id: "x".into(), login: "x@test".into(), secret: crate::harness::secret(1) };
    assert_eq!(shop.asks(Wish::by_system(again)), Err(No::Refused(Refusal::AlreadyBootstrapped)));
}

#[test]
fn creating() {
    judge(&[
        ("the operator a supplier", |s| s.by("operator", party(Supplier, "new")), Ok(())),
        ("the operator a vendor", |s| s.by("operator", party(Vendor, "new")), Ok(())),
        ("a vendor a vendor", |s| s.by("acme", party(Vendor, "new")), Err(No::Forbidden)),
        ("a supplier a supplier", |s| s.by("net", party(Supplier, "new")), Err(No::Forbidden)),
        (
            "an id of the same kind",
            |s| s.by("operator", taken(Vendor, "acme")),
            refused(Refusal::IdTaken { attribute: "id" }),
        ),
        ("an id of another kind", |s| s.by("operator", taken(Supplier, "acme")), Ok(())),
        (
            "an email that is taken",
            |s| s.by("operator", CreateParty { primary_user: Some(primary_user("acme")), ..party(Vendor, "new") }),
            refused(Refusal::IdTaken { attribute: "primaryUser.email" }),
        ),
        (
            "in other letters",
            |s| s.by("operator", CreateParty { primary_user: Some(primary_user("Acme")), ..party(Vendor, "new") }),
            refused(Refusal::IdTaken { attribute: "primaryUser.email" }),
        ),
        ("ids keep their letter case", |s| s.by("operator", taken(Vendor, "Acme")), Ok(())),
        ("an operator", |s| s.by("operator", party(Operator, "new")), refused(Refusal::AlreadyBootstrapped)),
        ("the operator a subscriber", |s| s.by("operator", subscriber("new", "acme")), Ok(())),
        ("a vendor its subscriber", |s| s.by("acme", subscriber("new", "acme")), Ok(())),
        ("a vendor its subscriber, unsaid", |s| s.by("acme", without_vendor()), Ok(())),
        ("the operator one of nobody", |s| s.by("operator", without_vendor()), invalid("vendorId")),
        (
            "a user of two vendors, unsaid",
            |s| {
                s.hire("both", &["acme", "rival"]);
                s.by("both", without_vendor())
            },
            invalid("vendorId"),
        ),
        ("a vendor another's", |s| s.by("acme", subscriber("new", "rival")), unknown("vendorId")),
        ("one of no vendor", |s| s.by("operator", subscriber("new", "none")), unknown("vendorId")),
        ("a subscriber a subscriber", |s| s.by("alice", subscriber("new", "acme")), Err(No::Forbidden)),
        ("a supplier a subscriber", |s| s.by("net", subscriber("new", "acme")), Err(No::Forbidden)),
    ]);
}

fn taken(kind: PartyKind, id: &str) -> CreateParty {
    CreateParty { id: id.into(), ..party(kind, "new") }
}

fn without_vendor() -> CreateParty {
    CreateParty { vendor_id: None, ..subscriber("new", "") }
}

#[test]
fn a_new_party_has_its_numbers_and_its_user() {
    let mut shop = Deployment::shop();
    let next = shop.whole.head.next_ref;
    let user = PrimaryUser { organization: Some("New Inc".into()), ..primary_user("new") };
    let wanted =
        CreateParty { contact_email: Some("c@test".into()), primary_user: Some(user), ..subscriber("new", "acme") };
    let Outcome::Party(party, Some(user)) = shop.must(shop.by("acme", wanted)).outcome else { panic!("with user") };
    assert_eq!((party.party, party.id.as_str()), (PartyRef(next), subscriber_id(PartyRef(next)).as_str()));
    assert_eq!(party.id.len(), 9);
    assert_eq!((party.vendor, party.vendor_id.as_deref()), (Some(shop.party("acme")), Some("acme")));
    assert_eq!((party.contact_email.as_deref(), party.revision), (Some("c@test"), 1));
    assert_eq!((user.user, user.party), (UserRef(next + 1), party.party));
    assert_eq!(user.grants, [Grant { kind: Subscriber, party: party.party }]);
    assert_eq!((user.organization.as_deref(), user.login.as_str()), (Some("New Inc"), "new@test"));
    assert_eq!(shop.whole.head.next_ref, next + 2);

    let plain = CreateParty { primary_user: None, contact_email: Some("c@test".into()), ..party_of(Vendor) };
    let Outcome::Party(party, None) = shop.must(shop.by("operator", plain)).outcome else { panic!("without user") };
    assert_eq!((party.contact_email, party.vendor), (None, None), "what only subscribers have");
}

fn party_of(kind: PartyKind) -> CreateParty {
    party(kind, "plain")
}

fn rename(s: &Deployment, who: &str, kind: PartyKind, name: &str) -> Wish {
    let name_only =
        UpdateParty { kind, party: s.party(name), name: Some("New".into()), contact_email: None, organization: None };
    s.by(who, name_only)
}

#[test]
fn changing() {
    let not_found = || refused(Refusal::NotFound);
    judge(&[
        ("the operator a vendor", |s| rename(s, "operator", Vendor, "acme"), Ok(())),
        (
            "a vendor itself: only the operator writes vendors",
            |s| rename(s, "acme", Vendor, "acme"),
            Err(No::Forbidden),
        ),
        ("a vendor its subscriber", |s| rename(s, "acme", Subscriber, "alice"), Ok(())),
        ("a vendor another's", |s| rename(s, "acme", Subscriber, "bob"), not_found()),
        ("a subscriber itself", |s| rename(s, "alice", Subscriber, "alice"), Err(No::Forbidden)),
        ("under another kind", |s| rename(s, "operator", Supplier, "acme"), not_found()),
        ("with its revision", |s| rename(s, "acme", Subscriber, "alice").if_match(&[1]), Ok(())),
        ("with another revision", |s| rename(s, "acme", Subscriber, "alice").if_match(&[2]), refused(Refusal::Stale)),
    ]);
}

#[test]
fn what_is_absent_stays() {
    let mut shop = Deployment::shop();
    let nothing = UpdateParty {
        kind: Subscriber,
        party: shop.party("alice"),
        name: None,
        contact_email: None,
        organization: None,
    };
    let before = shop.whole.parties.get(&nothing.party).unwrap().clone();
    assert_eq!(shop.must(shop.by("acme", nothing.clone())).events, []);
    let organization = Some("Alice Ltd".to_owned());
    let outcome = shop.must(shop.by("acme", UpdateParty { organization: organization.clone(), ..nothing })).outcome;
    assert_eq!(outcome, Outcome::Party(Box::new(Party { organization, revision: 2, ..before }), None));
}

fn delete(s: &Deployment, who: &str, kind: PartyKind, name: &str) -> Wish {
    s.by(who, DeleteParty { kind, party: s.party(name), force: false, parts_max: PARTS_AT_ONCE })
}

fn force(s: &Deployment, who: &str, name: &str) -> Wish {
    s.by(who, DeleteParty { kind: Subscriber, party: s.party(name), force: true, parts_max: PARTS_AT_ONCE })
}

#[test]
fn deleting() {
    judge(&[
        ("a subscriber without orders, by its vendor", |s| delete(s, "acme", Subscriber, "alice"), Ok(())),
        ("another's subscriber", |s| delete(s, "acme", Subscriber, "bob"), refused(Refusal::NotFound)),
        ("oneself", |s| delete(s, "alice", Subscriber, "alice"), Err(No::Forbidden)),
        ("under another kind", |s| delete(s, "operator", Vendor, "alice"), refused(Refusal::NotFound)),
        ("the operator", |s| delete(s, "operator", Operator, "operator"), refused(Refusal::NotFound)),
        (
            "twice",
            |s| {
                let again = delete(s, "acme", Subscriber, "alice");
                s.must(again.clone());
                again
            },
            refused(Refusal::NotFound),
        ),
        ("with another revision", |s| delete(s, "acme", Subscriber, "alice").if_match(&[9]), refused(Refusal::Stale)),
    ]);
}

#[test]
fn deleting_a_subscriber_that_has_ordered() {
    judge(&[
        (
            "with an order",
            |s| {
                s.ordered("acme/sensor", "alice");
                delete(s, "acme", Subscriber, "alice")
            },
            refused(Refusal::InUse(InUse::Orders)),
        ),
        (
            "a subscriber with a pending order, by force",
            |s| {
                s.ordered("acme/asks", "alice");
                force(s, "acme", "alice")
            },
            refused(Refusal::OrderPending),
        ),
        (
            "a subscriber that uses connections, by force",
            |s| {
                s.ordered("acme/sensor", "alice");
                let (subscriber, product) = (s.party("alice"), s.product("net/plan"));
                s.must(s.by("net", ReportUsage { subscriber, product, used: 1 }));
                force(s, "acme", "alice")
            },
            refused(Refusal::ConnectionsInUse { product_id: "net/plan".into(), used: 1, remaining: 0 }),
        ),
        (
            "a subscriber whose orders are all cancelled",
            |s| {
                let order = s.ordered("acme/sensor", "alice");
                s.must(s.by("alice", cancel(&order)));
                delete(s, "acme", Subscriber, "alice")
            },
            Ok(()),
        ),
    ]);
}

#[test]
fn deleting_a_company() {
    let in_use = |what| refused(Refusal::InUse(what));
    judge(&[
        ("a supplier with products", |s| delete(s, "operator", Supplier, "net"), in_use(InUse::Products)),
        ("a vendor with subscribers", |s| delete(s, "operator", Vendor, "acme"), in_use(InUse::Subscribers)),
        (
            "a vendor with offers",
            |s| {
                s.must(delete(s, "operator", Subscriber, "bob"));
                delete(s, "operator", Vendor, "rival")
            },
            in_use(InUse::Offers),
        ),
        (
            "a vendor with strategies",
            |s| {
                s.must(delete(s, "operator", Subscriber, "bob"));
                s.must(s.by("rival", DeleteOffer { offer: s.offer("rival/sensor") }));
                delete(s, "operator", Vendor, "rival")
            },
            in_use(InUse::Strategies),
        ),
        (
            "a vendor with nothing",
            |s| {
                s.must(delete(s, "operator", Subscriber, "bob"));
                s.must(s.by("rival", DeleteOffer { offer: s.offer("rival/sensor") }));
                s.must(s.by("rival", DeleteStrategy { strategy: s.strategy("rival/own") }));
                delete(s, "operator", Vendor, "rival")
            },
            Ok(()),
        ),
        (
            "a supplier with nothing",
            |s| {
                s.must(s.by("acme", DeleteOffer { offer: s.offer("acme/asks") }));
                let product = s.product("far/slow");
                s.must(s.by("far", DeleteProduct { kind: ProductKind::ConnectivityPlan, product }));
                delete(s, "operator", Supplier, "far")
            },
            Ok(()),
        ),
    ]);
}

#[test]
fn by_force_every_order_is_cancelled_first() {
    let mut shop = Deployment::shop();
    let (first, second) = (shop.ordered("acme/sensor", "alice"), shop.ordered("acme/listed", "alice"));
    let (party, user) = (shop.party("alice"), shop.user("alice"));
    let events = shop.must(force(&shop, "acme", "alice")).events;
    let cancelled = [Event::OrderCancelled(first.order), Event::OrderCancelled(second.order)];
    assert_eq!(events, [cancelled.as_slice(), &[Event::UserDeleted(user), Event::PartyDeleted(party)]].concat());
    assert_eq!(shop.order(&first).state, OrderState::Cancelled);
    let product = shop.product("net/plan");
    assert_eq!(shop.whole.balance(party, product).granted, 0);
    assert_eq!(shop.whole.offers.get(&second.offer).unwrap().open_orders, 0);
}

#[test]
fn an_id_is_free_again_and_a_ref_never() {
    let mut shop = Deployment::shop();
    shop.must(shop.by("operator", party(Vendor, "third")));
    let first = shop.party("third");
    shop.must(delete(&shop, "operator", Vendor, "third"));
    shop.must(shop.by("operator", party(Vendor, "third")));
    assert!(shop.party("third") > first);
    let order = shop.must(shop.by("acme", place("acme/sensor", shop.party("alice"))));
    assert_eq!(order_of(&order.outcome).vendor, shop.party("acme"));
}
