//! Issuing and revoking tokens (domain.md, "Tokens").

use crate::harness::{Deployment, No, Wish, secret};
use orderpark_domain::token::{IssueToken, RevokeToken};
use orderpark_domain::user::{DeleteUser, RotateSecret, UpdateUser};
use orderpark_domain::{Event, Outcome, Refusal, Token};

/// A token of a user, valid for an hour from now.
fn token(shop: &Deployment, name: &str, number: u8) -> Token {
    let user = shop.whole.users.get(&shop.user(name)).expect("the user exists");
    Token {
        user: user.user,
        hash: [number; 32],
        jti: format!("jti-{number}"),
        client_id: format!("tpx/{name}@test"),
        grants: user.grants.clone(),
        issued_at: shop.now(),
        expires_at: Some(shop.now().plus_seconds(3600)),
    }
}

fn issue(shop: &mut Deployment, token: Token, renew: bool) -> Token {
    let proved = shop.whole.users.get(&token.user).expect("the user exists").secrets[0];
    match shop.must(Wish::by_system(IssueToken { token, proved, renew, validity_max_s: None })).outcome {
        Outcome::Token(token) => *token,
        other => panic!("not a token: {other:?}"),
    }
}

#[test]
fn the_valid_one_is_returned_unless_it_shall_be_renewed() {
    let mut shop = Deployment::shop();
    let first = token(&shop, "alice", 1);
    assert_eq!(issue(&mut shop, first.clone(), false), first, "the first");
    shop.wait_seconds(3569);
    let second = token(&shop, "alice", 2);
    assert_eq!(issue(&mut shop, second, false), first, "the valid one");
    let third = token(&shop, "alice", 3);
    assert_eq!(issue(&mut shop, third.clone(), true), third, "a new one on demand");
    assert_eq!(shop.whole.tokens.count(), 1, "and the old one is dead");
    shop.wait_seconds(3572);
    let fourth = token(&shop, "alice", 4);
    assert_eq!(issue(&mut shop, fourth.clone(), false), fourth, "a new one where less than 30 seconds are left");
    let short = Token { expires_at: Some(shop.now().plus_seconds(60)), ..token(&shop, "alice", 6) };
    issue(&mut shop, short.clone(), true);
    shop.wait_seconds(53);
    let after = token(&shop, "alice", 7);
    assert_eq!(issue(&mut shop, after, false), short, "of a short one a tenth");
    shop.wait_seconds(2);
    let after = token(&shop, "alice", 8);
    assert_eq!(issue(&mut shop, after.clone(), false), after);
    let other = token(&shop, "albert", 5);
    assert_eq!(issue(&mut shop, other.clone(), false), other, "each client has its own");
    assert_eq!(shop.whole.tokens.count(), 2);
}

#[test]
fn an_infinite_token_never_expires() {
    let mut shop = Deployment::shop();
    let first = Token { expires_at: None, ..token(&shop, "alice", 1) };
    issue(&mut shop, first.clone(), false);
    shop.wait_seconds(1_000_000_000);
    let second = token(&shop, "alice", 2);
    assert_eq!(issue(&mut shop, second, false), first);
}

#[test]
fn the_scopes_are_those_of_now() {
    let mut shop = Deployment::shop();
    let mut stale = token(&shop, "alice", 1);
    stale.grants = vec![shop.grant("acme")];
    let refused =
        shop.asks(Wish::by_system(IssueToken { token: stale, proved: secret(1), renew: false, validity_max_s: None }));
    assert_eq!(refused, Err(No::Refused(Refusal::Stale)));
    let gone = token(&shop, "alice", 1);
    shop.must(shop.by("alice", DeleteUser { user: gone.user }));
    let refused =
        shop.asks(Wish::by_system(IssueToken { token: gone, proved: secret(1), renew: false, validity_max_s: None }));
    assert_eq!(refused, Err(No::Refused(Refusal::NotFound)));
}

#[test]
fn a_secret_that_died_since_it_was_proved_gets_none() {
    let mut shop = Deployment::shop();
    let wanted = token(&shop, "alice", 1);
    shop.must(shop.by("alice", RotateSecret { user: wanted.user, secret: secret(7), keep_previous: false }));
    let refused = shop.asks(Wish::by_system(IssueToken {
        token: wanted.clone(),
        proved: secret(1),
        renew: false,
        validity_max_s: None,
    }));
    assert_eq!(refused, Err(No::Refused(Refusal::NotFound)));
    shop.must(Wish::by_system(IssueToken { token: wanted, proved: secret(7), renew: false, validity_max_s: None }));
}

#[test]
fn revoking_one_leaves_another() {
    let mut shop = Deployment::shop();
    let first = token(&shop, "alice", 1);
    let user = first.user;
    issue(&mut shop, first, false);
    let revoke = |number| Wish::by_system(RevokeToken { user, hash: [number; 32] });
    assert_eq!(shop.must(revoke(2)).events, [], "another hash");
    assert_eq!(shop.whole.tokens.count(), 1);
    assert_eq!(shop.must(revoke(1)).events, [Event::TokenRevoked(user)]);
    assert_eq!(shop.whole.tokens.count(), 0);
    assert_eq!(shop.must(revoke(1)).events, [], "again");
}

#[test]
fn a_token_dies_with_what_it_stands_for() {
    let open = {
        let mut shop = Deployment::shop();
        shop.hire("both", &["alice", "albert"]);
        let token = token(&shop, "both", 1);
        issue(&mut shop, token, false);
        shop
    };
    let user = open.user("both");
    let update = UpdateUser { user, first_name: None, last_name: None, organization: None, grants: None, role: None };
    let rotate = RotateSecret { user, secret: crate::harness::secret(9), keep_previous: true };
    let rows = [
        (
            "other scopes",
            open.by("operator", UpdateUser { grants: Some(vec![open.grant("alice")]), ..update.clone() }),
            0,
        ),
        ("another name", open.by("operator", UpdateUser { first_name: Some("B".into()), ..update }), 1),
        ("another secret beside the old one", open.by("operator", rotate.clone()), 1),
        ("another secret instead", open.by("operator", RotateSecret { keep_previous: false, ..rotate }), 0),
        ("the user deleted", open.by("operator", DeleteUser { user }), 0),
    ];
    for (words, wish, alive) in rows {
        let mut shop = open.clone();
        shop.must(wish);
        shop.end_batch();
        assert_eq!(shop.whole.tokens.count(), alive, "{words}");
    }
}
