use super::{FRESH_MICROS, SLOTS, TokenCache};
use orderpark_domain::{Caller, Instant, PartyRef, Token, User, UserRef};

const HASH: [u8; 32] = [7; 32];
const NOW: Instant = Instant(1_800_000_000_000_000);

fn later(micros: i64) -> Instant {
    Instant(NOW.0 + micros)
}

fn caller() -> Caller {
    Caller::of(&User {
        user: UserRef(7),
        party: PartyRef(6),
        login: "jane@acme.example".into(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: Vec::new(),
        secrets: Vec::new(),
        role: None,
        created_by: None,
        created_at: None,
        revision: 1,
        deleted_at: None,
    })
}

fn token(expires_at: Option<Instant>) -> Token {
    Token {
        user: UserRef(7),
        hash: HASH,
        jti: "jti".into(),
        client_id: "default/jane@acme.example".into(),
        grants: Vec::new(),
        issued_at: NOW,
        expires_at,
    }
}

fn cache_with_token() -> TokenCache {
    let cache = TokenCache::new();
    cache.keep(HASH, cache.begin(NOW), &token(None), caller());
    cache
}

#[test]
fn a_token_is_remembered_for_less_than_a_second() {
    let cache = cache_with_token();
    assert_eq!(cache.get(&HASH, NOW).unwrap().caller.user(), UserRef(7));
    assert!(cache.get(&HASH, later(FRESH_MICROS - 1)).is_some());
    assert!(cache.get(&HASH, later(FRESH_MICROS)).is_none());
    assert!(cache.get(&[8; 32], NOW).is_none());
}

#[test]
fn no_token_is_immortal_when_the_clock_is_set_back() {
    let cache = cache_with_token();
    assert!(cache.get(&HASH, later(-1)).is_none());
}

#[test]
fn a_token_that_expires_within_the_second_is_dead_on_time() {
    let cache = TokenCache::new();
    cache.keep(HASH, cache.begin(NOW), &token(Some(later(10))), caller());
    assert!(cache.get(&HASH, later(9)).is_some());
    assert!(cache.get(&HASH, later(10)).is_none());
}

#[test]
fn forgetting_a_user_is_effective_at_once() {
    let cache = cache_with_token();
    cache.forget(UserRef(8));
    assert!(cache.get(&HASH, NOW).is_some());
    cache.forget(UserRef(7));
    assert!(cache.get(&HASH, NOW).is_none());
    cache.keep(HASH, cache.begin(NOW), &token(None), caller());
    assert!(cache.get(&HASH, NOW).is_some());
}

#[test]
fn forgetting_all_is_effective_at_once() {
    let cache = cache_with_token();
    cache.forget_all();
    assert!(cache.get(&HASH, NOW).is_none());
}

#[test]
fn a_lookup_that_read_before_a_revocation_does_not_outlive_it() {
    let cache = TokenCache::new();
    let lookup = cache.begin(NOW);
    cache.forget(UserRef(7));
    cache.keep(HASH, lookup, &token(None), caller());
    assert!(cache.get(&HASH, NOW).is_none());
}

#[test]
fn users_who_share_a_slot_only_cost_each_other_a_read() {
    let cache = cache_with_token();
    cache.forget(UserRef(7 + SLOTS));
    assert!(cache.get(&HASH, NOW).is_none());
    cache.keep(HASH, cache.begin(NOW), &token(None), caller());
    assert!(cache.get(&HASH, NOW).is_some());
}
