//! Users and what they may be granted (domain.md, "Resources").

use crate::harness::{Deployment, Wish, refused, secret, shop::judge, subscriber, unknown};
use orderpark_domain::party::{DeleteParty, PARTS_AT_ONCE};
use orderpark_domain::user::{CreateUser, DeleteUser, RotateSecret, UpdateUser};
use orderpark_domain::{Event, Grant, InUse, Outcome, PartyKind, PartyRef, Refusal, Role, User, UserRef};

fn new(name: &str, grants: Vec<Grant>) -> CreateUser {
    CreateUser {
        email: format!("{name}@test"),
        first_name: Some("N".into()),
        last_name: None,
        organization: None,
        grants,
        secret: secret(2),
        role: Role::Admin,
    }
}

fn as_is(user: UserRef) -> UpdateUser {
    UpdateUser { user, first_name: None, last_name: None, organization: None, grants: None, role: None }
}

fn makes(s: &Deployment, who: &str, acts_for: &[&str]) -> Wish {
    s.by(who, new("new", acts_for.iter().map(|name| s.grant(name)).collect()))
}

#[test]
fn creating() {
    let not_held = || refused(Refusal::GrantNotHeld);
    judge(&[
        ("the operator for a vendor", |s| makes(s, "operator", &["acme"]), Ok(())),
        ("the operator for itself", |s| makes(s, "operator", &["operator"]), Ok(())),
        ("the operator for several", |s| makes(s, "operator", &["acme", "bob", "net"]), Ok(())),
        ("a vendor for itself", |s| makes(s, "acme", &["acme"]), Ok(())),
        ("a supplier for itself", |s| makes(s, "net", &["net"]), Ok(())),
        ("a subscriber for itself", |s| makes(s, "alice", &["alice"]), Ok(())),
        ("a vendor for another", |s| makes(s, "acme", &["rival"]), not_held()),
        ("a vendor for itself and another", |s| makes(s, "acme", &["acme", "rival"]), not_held()),
        ("a vendor for the operator", |s| makes(s, "acme", &["operator"]), not_held()),
        ("a subscriber for its vendor", |s| makes(s, "alice", &["acme"]), not_held()),
        ("a vendor for its subscriber: it does not hold that scope", |s| makes(s, "acme", &["alice"]), not_held()),
        ("nobody", |s| s.by("operator", new("new", vec![])), unknown("scopes")),
        (
            "a party that does not exist",
            |s| s.by("operator", new("new", vec![Grant { kind: PartyKind::Vendor, party: PartyRef(999) }])),
            unknown("scopes"),
        ),
        (
            "a party of another kind",
            |s| s.by("operator", new("new", vec![Grant { kind: PartyKind::Supplier, party: s.party("acme") }])),
            unknown("scopes"),
        ),
        (
            "a deleted party",
            |s| {
                let gone = s.grant("alice");
                let party = gone.party;
                s.must(s.by(
                    "acme",
                    DeleteParty { kind: PartyKind::Subscriber, party, force: false, parts_max: PARTS_AT_ONCE },
                ));
                s.by("operator", new("new", vec![gone]))
            },
            unknown("scopes"),
        ),
        (
            "an email that is taken",
            |s| s.by("acme", new("bob", vec![s.grant("acme")])),
            refused(Refusal::IdTaken { attribute: "email" }),
        ),
        (
            "in other letters",
            |s| s.by("acme", new("BoB", vec![s.grant("acme")])),
            refused(Refusal::IdTaken { attribute: "email" }),
        ),
        (
            "an email that was given back",
            |s| {
                let user = s.user("bob");
                s.must(s.by("operator", DeleteUser { user }));
                s.by("acme", new("bob", vec![s.grant("acme")]))
            },
            Ok(()),
        ),
    ]);
}

#[test]
fn a_new_user_is_of_the_party_of_its_first_scope() {
    let mut shop = Deployment::shop();
    shop.hire("both", &["bob", "alice"]);
    assert_eq!(shop.party("both"), shop.party("bob"));
    let user = shop.whole.users.get(&shop.user("both")).unwrap();
    assert_eq!((user.revision, user.secrets.as_slice()), (1, [secret(2)].as_slice()));
    shop.hire("chief", &["acme", "operator"]);
    assert_eq!(shop.party("chief"), shop.party("operator"), "who acts for the operator is of the operator");
}

fn renamed(s: &Deployment, who: &str, user: &str) -> Wish {
    s.by(who, UpdateUser { first_name: Some("New".into()), ..as_is(s.user(user)) })
}

#[test]
fn nobody_touches_a_user_that_may_do_more() {
    let not_found = || refused(Refusal::NotFound);
    judge(&[
        ("the operator any", |s| renamed(s, "operator", "alice"), Ok(())),
        ("oneself", |s| renamed(s, "alice", "alice"), Ok(())),
        ("a vendor its subscriber's", |s| renamed(s, "acme", "alice"), not_found()),
        ("a vendor another's", |s| renamed(s, "acme", "rival"), not_found()),
        ("a vendor the operator's", |s| renamed(s, "acme", "operator"), not_found()),
        (
            "a colleague that may do more",
            |s| {
                s.hire("both", &["acme", "rival"]);
                renamed(s, "acme", "both")
            },
            not_found(),
        ),
        (
            "a colleague that may do more, by another secret",
            |s| {
                s.hire("both", &["acme", "rival"]);
                let user = s.user("both");
                s.by("acme", RotateSecret { user, secret: secret(3), keep_previous: true })
            },
            not_found(),
        ),
        (
            "a colleague that may do more, by deletion",
            |s| {
                s.hire("both", &["acme", "rival"]);
                let user = s.user("both");
                s.by("acme", DeleteUser { user })
            },
            not_found(),
        ),
        (
            "a colleague that may do less",
            |s| {
                s.hire("both", &["acme", "rival"]);
                renamed(s, "both", "acme")
            },
            Ok(()),
        ),
        ("one that does not exist", |s| s.by("operator", as_is(UserRef(999))), not_found()),
        (
            "a deleted one",
            |s| {
                let user = s.user("bob");
                s.must(s.by("bob", DeleteUser { user }));
                s.by("operator", as_is(user))
            },
            not_found(),
        ),
        ("with another revision", |s| renamed(s, "alice", "alice").if_match(&[2]), refused(Refusal::Stale)),
    ]);
}

fn granted(s: &Deployment, who: &str, user: &str, acts_for: &[&str]) -> Wish {
    let grants = Some(acts_for.iter().map(|name| s.grant(name)).collect());
    s.by(who, UpdateUser { grants, ..as_is(s.user(user)) })
}

#[test]
fn granting() {
    judge(&[
        ("the operator", |s| granted(s, "operator", "acme", &["acme", "rival"]), Ok(())),
        ("what one holds", |s| granted(s, "acme", "acme", &["acme"]), Ok(())),
        ("what one does not hold", |s| granted(s, "acme", "acme", &["acme", "rival"]), refused(Refusal::GrantNotHeld)),
        (
            "the operator's right by a vendor",
            |s| granted(s, "acme", "acme", &["operator"]),
            refused(Refusal::GrantNotHeld),
        ),
        ("nothing at all", |s| granted(s, "operator", "acme", &[]), unknown("scopes")),
        (
            "the operator's right to a user of a vendor",
            |s| granted(s, "operator", "acme", &["acme", "operator"]),
            crate::harness::invalid("scopes"),
        ),
        (
            "again what one held of a party that is gone since",
            |s| {
                s.hire("both", &["alice", "albert"]);
                let grants = vec![s.grant("alice"), s.grant("albert")];
                let (user, party) = (s.user("both"), s.party("albert"));
                s.must(s.by(
                    "acme",
                    DeleteParty { kind: PartyKind::Subscriber, party, force: false, parts_max: PARTS_AT_ONCE },
                ));
                s.by("both", UpdateUser { first_name: Some("B".into()), grants: Some(grants), ..as_is(user) })
            },
            Ok(()),
        ),
    ]);
}

#[test]
fn somebody_always_acts_for_the_operator() {
    let last = || refused(Refusal::InUse(InUse::LastOperator));
    judge(&[
        ("the last is not deleted", |s| s.by("operator", DeleteUser { user: s.user("operator") }), last()),
        ("the last does not give its right away", |s| granted(s, "operator", "operator", &["acme"]), last()),
        ("the last may hold more", |s| granted(s, "operator", "operator", &["acme", "operator"]), Ok(())),
        (
            "one of two is deleted",
            |s| {
                s.hire("second", &["operator"]);
                s.by("second", DeleteUser { user: s.user("operator") })
            },
            Ok(()),
        ),
        (
            "one of two gives its right away",
            |s| {
                s.hire("second", &["operator"]);
                granted(s, "operator", "operator", &["acme"])
            },
            Ok(()),
        ),
        (
            "the second is the last once the first is gone",
            |s| {
                s.hire("second", &["acme", "operator"]);
                s.must(s.by("second", DeleteUser { user: s.user("operator") }));
                s.by("second", DeleteUser { user: s.user("second") })
            },
            last(),
        ),
    ]);
}

fn user_of(outcome: Outcome) -> User {
    match outcome {
        Outcome::User(user) => *user,
        other => panic!("not a user: {other:?}"),
    }
}

#[test]
fn what_is_absent_stays() {
    let mut shop = Deployment::shop();
    let user = shop.user("alice");
    let before = shop.whole.users.get(&user).unwrap().clone();
    assert_eq!(shop.must(shop.by("alice", as_is(user))).events, []);
    let after = user_of(shop.must(shop.by("alice", UpdateUser { last_name: Some("L".into()), ..as_is(user) })).outcome);
    assert_eq!(after, User { last_name: Some("L".into()), revision: 2, ..before });
}

#[test]
fn two_secrets_live_at_once() {
    let mut shop = Deployment::shop();
    let user = shop.user("alice");
    let mut rotated = |number, keep_previous| {
        let rotate = RotateSecret { user, secret: secret(number), keep_previous };
        user_of(shop.must(shop.by("alice", rotate)).outcome).secrets
    };
    assert_eq!(rotated(2, true), [secret(2), secret(1)]);
    assert_eq!(rotated(3, true), [secret(3), secret(2)], "the third pushes the first out");
    assert_eq!(rotated(4, false), [secret(4)], "a reset leaves one");
}

#[test]
fn a_users_own_party_decides_nothing_once_it_is_deleted() {
    let mut shop = Deployment::shop();
    shop.must(shop.by("acme", subscriber("anna", "acme")));
    let (party, user) = (shop.party("anna"), shop.user("anna"));
    let deleted = shop.must(
        shop.by("acme", DeleteParty { kind: PartyKind::Subscriber, party, force: false, parts_max: PARTS_AT_ONCE }),
    );
    assert_eq!(deleted.events, [Event::UserDeleted(user), Event::PartyDeleted(party)]);
}

#[test]
fn who_was_deleted_since_it_was_authenticated_does_nothing() {
    let mut shop = Deployment::shop();
    let late = shop.by("alice", crate::harness::place("acme/sensor", shop.party("alice")));
    shop.must(shop.by("operator", DeleteUser { user: shop.user("alice") }));
    assert_eq!(shop.asks(late), Err(crate::harness::No::Refused(Refusal::CallerGone)));
}
