//! Containing a user, and the roles that bound what a stolen token can do.

use crate::harness::{Deployment, Wish, endpoint, quota, refused, secret, shop::judge};
use orderpark_domain::token::IssueToken;
use orderpark_domain::user::{
    CONTAINED_AT_ONCE_MAX, ContainUser, Contained, CreateUser, DeleteUser, RotateSecret, UpdateUser,
};
use orderpark_domain::{Event, InUse, Instant, Outcome, PartyKind, Quota, Refusal, Role, SecretHash, Token, UserRef};

fn contain(user: UserRef, end_created: bool) -> ContainUser {
    ContainUser { user, since: Instant(0), end_created }
}

fn clerk(shop: &Deployment, name: &str, of: &str) -> CreateUser {
    CreateUser {
        email: format!("{name}@test"),
        first_name: None,
        last_name: None,
        organization: None,
        grants: vec![shop.grant(of)],
        secret: secret(2),
        role: Role::Admin,
    }
}

fn promoted(user: UserRef, role: Role) -> UpdateUser {
    UpdateUser { user, first_name: None, last_name: None, organization: None, grants: None, role: Some(role) }
}

fn log_in(shop: &mut Deployment, name: &str, number: u8) {
    let user = shop.whole.users.get(&shop.user(name)).expect("the user exists");
    let token = Token {
        user: user.user,
        hash: [number; 32],
        jti: format!("jti-{number}"),
        client_id: "tpx/x".into(),
        grants: user.grants.clone(),
        issued_at: shop.now(),
        expires_at: None,
    };
    let proved = user.secrets[0];
    shop.must(Wish::by_system(IssueToken { token, proved, renew: true, validity_max_s: None }));
}

fn contained(shop: &mut Deployment, who: &str, command: ContainUser) -> (Vec<Event>, Contained) {
    let decision = shop.must(shop.by(who, command));
    match decision.outcome {
        Outcome::Contained(contained) => (decision.events, *contained),
        other => panic!("not contained: {other:?}"),
    }
}

/// The stolen token of `acme` makes a user and an endpoint, that user another one and is deleted,
/// and that one an endpoint.
fn stolen() -> Deployment {
    let mut shop = Deployment::shop();
    log_in(&mut shop, "acme", 1);
    shop.must(shop.by("acme", endpoint("https://thief.test/1")));
    shop.must(shop.by("acme", clerk(&shop, "first", "acme")));
    shop.must(shop.by("first", clerk(&shop, "second", "acme")));
    shop.must(shop.by("acme", DeleteUser { user: shop.user("first") }));
    log_in(&mut shop, "second", 2);
    shop.must(shop.by("second", endpoint("https://thief.test/2")));
    shop.hire("boss", &["acme"]);
    shop
}

#[test]
fn containing_ends_the_credentials_and_all_that_was_made_with_them() {
    let mut shop = stolen();
    let (acme, second) = (shop.user("acme"), shop.user("second"));
    let (events, listed) = contained(&mut shop, "boss", contain(acme, false));
    assert!(matches!(&events[..], [Event::UserUpdated(user), Event::TokenRevoked(_)] if user.user == acme));
    assert_eq!(listed.user.secrets, [SecretHash::NONE]);
    let made: Vec<_> = listed.users.iter().map(|made| (made.user.user, made.had_token)).collect();
    assert_eq!((made, listed.endpoints.len(), listed.ended, listed.more), (vec![(second, true)], 2, false, false));
    shop.must(shop.by("second", endpoint("https://thief.test/3")));
    let (events, ended) = contained(&mut shop, "boss", contain(acme, true));
    assert_eq!(events.len(), 1 + 3, "a user and three endpoints; the credentials were ended before");
    assert!(ended.ended && shop.whole.tokens.get(&second).is_none());
    assert!(shop.whole.endpoints.values().all(|endpoint| endpoint.deleted_at.is_some()));
    let (events, left) = contained(&mut shop, "boss", contain(acme, true));
    assert_eq!((events, left.users, left.endpoints), (vec![], vec![], vec![]));
    let rotate = RotateSecret { user: acme, secret: secret(7), keep_previous: true };
    shop.must(shop.by("boss", rotate));
    assert_eq!(shop.whole.users.get(&acme).unwrap().secrets, [secret(7)], "only the new one lives");
}

#[test]
fn only_what_was_made_since_then_counts() {
    let mut shop = stolen();
    let acme = shop.user("acme");
    shop.wait_seconds(60);
    let since = shop.now();
    shop.must(shop.by("acme", clerk(&shop, "third", "acme")));
    let (_, ended) = contained(&mut shop, "boss", ContainUser { since, ..contain(acme, true) });
    let made: Vec<_> = ended.users.iter().map(|made| made.user.login.as_str()).collect();
    assert_eq!((made, ended.endpoints.len()), (vec!["third@test"], 0));
}

#[test]
fn more_than_is_ended_at_once_is_told_and_ended_the_next_time() {
    let mut shop = stolen();
    let acme = shop.user("acme");
    let more = quota(shop.party("acme"), Quota::Users, Some(1000));
    shop.must(shop.by("operator", more));
    for n in 0..CONTAINED_AT_ONCE_MAX {
        shop.must(shop.by("acme", clerk(&shop, &format!("n{n}"), "acme")));
    }
    let mut ended = Vec::new();
    for _ in 0..3 {
        let (_, part) = contained(&mut shop, "boss", contain(acme, true));
        ended.push((part.users.len() + part.endpoints.len(), part.more));
    }
    assert_eq!(ended, [(CONTAINED_AT_ONCE_MAX, true), (3, false), (0, false)]);
}

#[test]
fn who_may_contain_whom() {
    let gone = || refused(Refusal::NotFound);
    let last = || refused(Refusal::InUse(InUse::LastOperator));
    judge(&[
        ("an admin of its party", |s| s.by("acme", contain(s.user("acme"), true)), Ok(())),
        ("the operator", |s| s.by("operator", contain(s.user("acme"), true)), Ok(())),
        ("another vendor", |s| s.by("rival", contain(s.user("acme"), false)), gone()),
        (
            "a vendor its subscriber's: it does not hold that scope",
            |s| s.by("acme", contain(s.user("alice"), false)),
            gone(),
        ),
        ("a subscriber its vendor's", |s| s.by("alice", contain(s.user("acme"), false)), gone()),
        (
            "a member itself",
            |s| {
                s.must(s.by("operator", promoted(s.user("acme"), Role::Member)));
                s.by("acme", contain(s.user("acme"), true))
            },
            Ok(()),
        ),
        (
            "a member nobody else",
            |s| {
                s.hire("boss", &["acme"]);
                s.must(s.by("operator", promoted(s.user("acme"), Role::Member)));
                s.by("acme", contain(s.user("boss"), true))
            },
            gone(),
        ),
        ("the last operator, by itself", |s| s.by("operator", contain(s.user("operator"), true)), last()),
        ("the last operator, by the program", |s| Wish::by_system(contain(s.user("operator"), true)), Ok(())),
        (
            "the last operator that has a secret",
            |s| {
                s.hire("second", &["operator"]);
                s.must(s.by("operator", contain(s.user("second"), true)));
                s.by("operator", DeleteUser { user: s.user("operator") })
            },
            last(),
        ),
        (
            "the last operator becomes no member",
            |s| {
                s.hire("second", &["operator"]);
                s.must(s.by("operator", promoted(s.user("second"), Role::Member)));
                s.by("operator", promoted(s.user("operator"), Role::Member))
            },
            last(),
        ),
    ]);
}

#[test]
fn the_caller_and_operators_besides_it_are_not_ended_by_a_containment_of_their_maker() {
    let mut shop = Deployment::shop();
    let operator = shop.user("operator");
    for name in ["second", "third"] {
        shop.must(shop.by("operator", clerk(&shop, name, "operator")));
    }
    let by = |shop: &mut Deployment, name: &str| {
        let (_, ended) = contained(shop, name, contain(operator, true));
        ended
            .users
            .iter()
            .filter(|made| made.user.grants[0].kind == PartyKind::Operator)
            .map(|made| made.user.login.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(by(&mut shop, "operator"), [] as [&str; 0], "it would be alone");
    assert_eq!(by(&mut shop, "second"), ["third@test"]);
}

#[test]
fn a_token_that_lives_longer_than_it_may_is_not_handed_out_again() {
    let mut shop = Deployment::shop();
    log_in(&mut shop, "acme", 1);
    let before = shop.whole.tokens.get(&shop.user("acme")).unwrap().clone();
    let (at, day) = (before.issued_at, 86_400);
    assert_eq!(before.clone().capped(None), before);
    let capped = before.clone().capped(Some(day));
    assert_eq!(capped.expires_at, Some(at.plus_seconds(day)));
    assert_eq!(capped.clone().capped(Some(2 * day)), capped, "a longer rule lengthens no token");
    let proved = shop.whole.users.get(&before.user).unwrap().secrets[0];
    let mut asked = |token: Token, validity_max_s| {
        let wish = Wish::by_system(IssueToken { token, proved, renew: false, validity_max_s });
        shop.must(wish).events.len()
    };
    let new = Token { hash: [2; 32], ..capped };
    assert_eq!(asked(new.clone(), None), 0, "the valid one");
    assert_eq!(asked(new.clone(), Some(day)), 1, "that lives for ever, and must not");
    assert_eq!(asked(Token { hash: [3; 32], ..new }, Some(day)), 0, "the valid one, which is short");
}
