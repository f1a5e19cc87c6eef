//! The closing of a party in pieces, and the users that outlive it (domain.md, "Deleting a party").

use crate::harness::{
    Deployment, No, Wish, endpoint, offer, order_of, party, place, plan, refused, shop::judge, strategy, subscriber,
};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::order::{CancelOrder, SettleOrder};
use orderpark_domain::party::{ContinueClosing, DeleteParty, UpdateParty};
use orderpark_domain::token::IssueToken;
use orderpark_domain::user::{CreateUser, UpdateUser};
use orderpark_domain::{Event, Grant, InUse, Order, Outcome, PartyKind, Refusal, Token};

use PartyKind::{Subscriber, Supplier, Vendor};

fn delete(s: &Deployment, who: &str, name: &str, force: bool, parts_max: u16) -> Wish {
    let kind = s.whole.parties.get(&s.party(name)).expect("a party").kind;
    s.by(who, DeleteParty { kind, party: s.party(name), force, parts_max })
}

/// A shop where a party with four orders is being closed.
fn closing(s: &mut Deployment) -> Vec<Order> {
    let orders = (0..4).map(|_| s.ordered("acme/sensor", "alice")).collect();
    s.must(delete(s, "acme", "alice", true, 2));
    orders
}

/// A company with three users is being closed.
fn closing_company(s: &mut Deployment, kind: PartyKind) {
    s.must(s.by("operator", party(kind, "third")));
    s.hire("one", &["third"]);
    s.hire("two", &["third"]);
    s.must(delete(s, "operator", "third", false, 2));
}

fn user(s: &Deployment, name: &str, acts_for: &[&str]) -> CreateUser {
    let grants = acts_for.iter().map(|name| s.grant(name)).collect();
    let (first_name, last_name, organization, secret) = (None, None, None, crate::harness::secret(3));
    CreateUser {
        email: format!("{name}@test"),
        first_name,
        last_name,
        organization,
        grants,
        secret,
        role: orderpark_domain::Role::Admin,
    }
}

fn token_for(s: &Deployment, name: &str) -> IssueToken {
    let user = s.whole.users.get(&s.user(name)).expect("a user").clone();
    let (hash, jti, client_id) = ([7; 32], "jti".into(), "tpx/test".into());
    let (issued_at, expires_at) = (s.now(), None);
    let token = Token { user: user.user, hash, jti, client_id, grants: user.grants, issued_at, expires_at };
    IssueToken { token, proved: user.secrets[0], renew: false, validity_max_s: None }
}

#[test]
fn nothing_new_is_made_for_a_party_that_is_being_closed() {
    let no = |kind| refused(Refusal::PartyClosing { kind });
    macro_rules! closed {
        ($what:expr) => {
            |s: &mut Deployment| {
                closing(s);
                let wish: fn(&Deployment) -> Wish = $what;
                wish(s)
            }
        };
    }
    judge(&[
        ("an order", closed!(|s| s.by("acme", place("acme/sensor", s.party("alice")))), no(Subscriber)),
        ("a user", closed!(|s| s.by("operator", user(s, "new", &["acme", "alice"]))), no(Subscriber)),
        ("a right of a user", closed!(|s| s.by("operator", grant_more(s, "acme", "alice"))), no(Subscriber)),
        ("an endpoint", closed!(|s| s.by("alice", endpoint("https://a.test"))), no(Subscriber)),
        ("a token", closed!(|s| Wish::by_system(token_for(s, "alice"))), refused(Refusal::NotFound)),
        ("more use", closed!(|s| usage(s, 1)), no(Subscriber)),
        ("the same use", closed!(|s| usage(s, 0)), Ok(())),
        ("its name is no new thing", closed!(|s| s.by("acme", rename(s))), Ok(())),
        ("deleting it again, as it is", closed!(|s| delete(s, "acme", "alice", false, 2)), Ok(())),
        ("deleting another's", closed!(|s| delete(s, "rival", "alice", true, 2)), refused(Refusal::NotFound)),
    ]);
    judge(&[
        ("a subscriber", |s| company(s, Vendor, |s| s.by("operator", subscriber("new", "third"))), no(Vendor)),
        (
            "an offer",
            |s| company(s, Vendor, |s| s.by("operator", offer("third/new", &[("net/app", None)]))),
            no(Vendor),
        ),
        ("a strategy", |s| company(s, Vendor, |s| s.by("operator", strategy("third/new"))), no(Vendor)),
        ("a product", |s| company(s, Supplier, |s| s.by("operator", plan("third/new"))), no(Supplier)),
    ]);
}

fn company(s: &mut Deployment, kind: PartyKind, wish: fn(&Deployment) -> Wish) -> Wish {
    closing_company(s, kind);
    wish(s)
}

fn grant_more(s: &Deployment, user: &str, right: &str) -> UpdateUser {
    let grants = Some(vec![s.grant(user), s.grant(right)]);
    UpdateUser { user: s.user(user), first_name: None, last_name: None, organization: None, grants, role: None }
}

fn usage(s: &Deployment, used: u64) -> Wish {
    s.by("net", ReportUsage { subscriber: s.party("alice"), product: s.product("net/plan"), used })
}

fn rename(s: &Deployment) -> UpdateParty {
    let (contact_email, organization) = (None, None);
    UpdateParty { kind: Subscriber, party: s.party("alice"), name: Some("New".into()), contact_email, organization }
}

#[test]
fn what_is_refused_at_the_beginning() {
    judge(&[
        (
            "without force, whatever there is of orders",
            |s| {
                (0..4).for_each(|_| drop(s.ordered("acme/sensor", "alice")));
                delete(s, "acme", "alice", false, 2)
            },
            refused(Refusal::InUse(InUse::Orders)),
        ),
        (
            "with connections in use",
            |s| {
                (0..4).for_each(|_| drop(s.ordered("acme/sensor", "alice")));
                s.must(usage(s, 1));
                delete(s, "acme", "alice", true, 2)
            },
            refused(Refusal::SubscriberUsesConnections),
        ),
        (
            "orders that are matched are no new ones",
            |s| {
                let named = orderpark_domain::order::PlaceOrder {
                    external_id: Some("PO-1".into()),
                    ..place("acme/sensor", s.party("alice"))
                };
                s.must(s.by("acme", named.clone()));
                closing(s);
                s.by("acme", named)
            },
            Ok(()),
        ),
    ]);
}

#[test]
fn a_party_is_closed_in_pieces_and_asking_too_often_does_no_harm() {
    let mut shop = Deployment::shop();
    let orders = closing(&mut shop);
    let (alice, user) = (shop.party("alice"), shop.user("alice"));
    let piece =
        |shop: &mut Deployment| shop.must(Wish::by_system(ContinueClosing { party: alice, parts_max: 2 })).events;
    let cancelled = |range: std::ops::Range<usize>| -> Vec<Event> {
        orders[range].iter().map(|order| Event::OrderCancelled(order.order)).collect()
    };
    let parts = orders[0].subscriptions.len();
    let each = (2 / parts).max(1);
    let mut done = 0;
    while done + each < orders.len() {
        assert_eq!(piece(&mut shop), cancelled(done..done + each));
        done += each;
    }
    let end: Vec<Event> = std::iter::repeat_with(|| piece(&mut shop)).take(2).flatten().collect();
    let last = [Event::UserDeleted(user), Event::PartyDeleted(alice)];
    assert_eq!(end, [cancelled(done..orders.len()).as_slice(), &last].concat());
    assert_eq!(piece(&mut shop), []);
    assert_eq!(shop.whole.balance(alice, shop.product("net/plan")).granted, 0);
}

#[test]
fn an_order_that_waits_for_its_suppliers_is_waited_for() {
    let mut shop = Deployment::shop();
    let alice = shop.party("alice");
    let pending = shop.ordered("acme/asks", "alice");
    let active = shop.ordered("acme/sensor", "alice");
    shop.must(delete(&shop, "acme", "alice", true, 1));
    let piece =
        |shop: &mut Deployment| shop.must(Wish::by_system(ContinueClosing { party: alice, parts_max: 100 })).events;
    assert_eq!(piece(&mut shop), [Event::OrderCancelled(active.order)]);
    assert_eq!(piece(&mut shop), [], "it waits");
    shop.must(Wish::by_system(SettleOrder { order: pending.order, refused: None, declined: Vec::new() }));
    let end = piece(&mut shop);
    assert_eq!((&end[0], end.last()), (&Event::OrderCancelled(pending.order), Some(&Event::PartyDeleted(alice))));
}

#[test]
fn an_order_may_be_cancelled_by_its_vendor_meanwhile() {
    let mut shop = Deployment::shop();
    let orders = closing(&mut shop);
    for order in &orders {
        shop.must(shop.by("acme", CancelOrder { order: order.order }));
    }
    let alice = shop.party("alice");
    let end = shop.must(Wish::by_system(ContinueClosing { party: alice, parts_max: 2 })).events;
    assert_eq!(end.last(), Some(&Event::PartyDeleted(alice)));
}

#[test]
fn the_beginning_keeps_the_key_and_answers_it_again() {
    let mut shop = Deployment::shop();
    (0..4).for_each(|_| drop(shop.ordered("acme/sensor", "alice")));
    let begin = delete(&shop, "acme", "alice", true, 2).key("k");
    let decision = shop.must(begin.clone());
    let Outcome::Party(party, None) = &decision.outcome else { panic!("a party") };
    assert_eq!((party.closing_at, party.revision, party.deleted_at), (Some(shop.now()), 2, None));
    assert_eq!(decision.events, [Event::PartyClosing((**party).clone())]);
    let seq = shop.whole.head.seq;
    assert_eq!(shop.must(begin).outcome, Outcome::Replay { seq });
}

/// A vendor that deletes its subscriber takes away what that subscriber's logins hold of it, and no
/// more.
#[test]
fn a_user_that_acts_for_others_outlives_its_party() {
    for parts_max in [1, 100] {
        let mut shop = Deployment::shop();
        shop.hire("both", &["alice", "rival", "bob"]);
        let (alice, both, own) = (shop.party("alice"), shop.user("both"), shop.user("alice"));
        shop.must(Wish::by_system(token_for(&shop, "both")));
        shop.must(delete(&shop, "acme", "alice", true, parts_max));
        let go_on = ContinueClosing { party: alice, parts_max };
        for _ in 0..3 {
            shop.must(Wish::by_system(go_on.clone()));
        }
        let user = shop.whole.users.get(&both).expect("it lives").clone();
        assert_eq!((user.deleted_at, user.revision), (None, 2));
        assert_eq!((user.party, user.grants), (shop.party("rival"), vec![shop.grant("rival"), shop.grant("bob")]));
        assert!(shop.whole.tokens.get(&both).is_some(), "its token lives");
        assert!(shop.whole.users.get(&own).is_some_and(|user| user.deleted_at.is_some()));
        assert!(shop.whole.parties.get(&alice).is_some_and(|party| party.deleted_at.is_some()));
    }
}

#[test]
fn a_user_whose_other_parties_are_gone_ends_with_the_last() {
    let mut shop = Deployment::shop();
    shop.hire("both", &["alice", "albert"]);
    let both = shop.user("both");
    let lives = |shop: &Deployment| shop.whole.users.get(&both).is_some_and(|user| user.deleted_at.is_none());
    shop.must(delete(&shop, "acme", "albert", true, 100));
    let held = shop.whole.users.get(&both).expect("a user").grants.clone();
    assert!(lives(&shop) && held.contains(&Grant { kind: Subscriber, party: shop.party("alice") }));
    shop.must(delete(&shop, "acme", "alice", true, 100));
    assert!(!lives(&shop));
}

#[test]
fn an_outsider_cannot_make_a_big_decision_of_it() {
    let mut shop = Deployment::shop();
    let order = order_of(&shop.must(shop.by("acme", place("acme/sensor", shop.party("alice")))).outcome);
    let answer = shop.asks(delete(&shop, "rival", "alice", true, 100));
    assert_eq!(answer, Err(No::Refused(Refusal::NotFound)));
    assert!(shop.whole.orders.get(&order.order).is_some_and(|order| order.state.is_open()));
}
