//! F-08: nodes whose clocks are wrong, on one PostgreSQL whose clock is right.
//!
//! The database's clock is the one that counts: it dates orders and ends tokens. Where it is not followed, the journal's
//! clock still never goes back.

mod harness;

use harness::{Chance, Deployment, Engine, TestDatabase, everything, order_of, place};
use orderpark_domain::token::IssueToken;
use orderpark_domain::{Command, Grant, Instant, Intent, PartyKind, PartyRef, SecretHash, Token};
use orderpark_store::{Clock, CommitError, Options, Store, SystemClock, WriteState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The machine's clock, ahead by so many microseconds.
struct Wrong(AtomicI64, SystemClock);

impl Wrong {
    fn by(ahead: i64) -> Arc<Wrong> {
        Arc::new(Wrong(AtomicI64::new(ahead), SystemClock::default()))
    }
}

impl Clock for Wrong {
    fn now(&self) -> Instant {
        Instant(self.1.now().0 + self.0.load(Ordering::SeqCst))
    }
}

fn node(home: &TestDatabase, clock: &Arc<Wrong>, follows_database_clock: bool) -> Store {
    let (clock, chance) = (Arc::clone(clock) as Arc<dyn Clock>, Arc::new(Chance::new(3)));
    let accept_clock_behind = !follows_database_clock;
    let options = Options { clock, chance, follows_database_clock, accept_clock_behind, ..Options::default() };
    Store::open(&home.database(), options).expect("a node")
}

/// What the database's clock says.
fn database_time(home: &TestDatabase) -> i64 {
    let sql = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint";
    home.texts(sql)[0].parse().expect("a number")
}

/// The times of the journal, in its order.
fn journal_times(home: &TestDatabase) -> Vec<i64> {
    let texts = home.texts("select at from journal order by seq");
    texts.iter().map(|text| text.parse().expect("a number")).collect()
}

fn assert_never_goes_back(home: &TestDatabase) {
    let times = journal_times(home);
    // What one intent decides has one time.
    assert!(times.is_sorted(), "{times:?}");
    harness::assert_whole(home);
}

/// A deployment whose shop was made by a node with the right clock.
fn shop() -> (TestDatabase, harness::Shop) {
    let right = Wrong::by(0);
    let deployment = Deployment::with(Engine::Postgres, |options| {
        options.clock = right;
        options.follows_database_clock = true;
    });
    let shop = deployment.shop("acme");
    (deployment.closed().0, shop)
}

#[test]
fn orders_are_dated_by_the_databases_clock() {
    let (home, shop) = shop();
    let nodes = [DAY, -DAY, 5 * MINUTE, -5 * MINUTE].map(|ahead| node(&home, &Wrong::by(ahead), true));
    let mut last = None;
    for round in 0..10 {
        for (number, store) in nodes.iter().enumerate() {
            let before = database_time(&home);
            let order = store.commit_blocking(Intent::system(place(&shop), "a test")).expect("an order");
            let (order, after) = (order_of(order.outcome), database_time(&home));
            let at = order.created_at.0;
            assert!(
                (before - SECOND..=after + SECOND).contains(&at),
                "round {round}, node {number}: {before} {at} {after}"
            );
            assert!(last < Some(order.order), "refs go on growing");
            last = Some(order.order);
        }
    }
    assert_never_goes_back(&home);
}

#[test]
fn a_clock_that_jumps_while_its_node_runs_is_set_right_before_the_next_order() {
    let (home, shop) = shop();
    let clock = Wrong::by(0);
    let store = node(&home, &clock, true);
    for ahead in [DAY, -DAY, 5 * MINUTE, 0] {
        clock.0.store(ahead, Ordering::SeqCst);
        let order = store.commit_blocking(Intent::system(place(&shop), "a test")).expect("an order");
        let off = order_of(order.outcome).created_at.0 - database_time(&home);
        assert!(off.abs() < 2 * SECOND, "off by {off} microseconds");
    }
    drop(store);
    assert_never_goes_back(&home);
}

#[test]
fn the_journals_clock_never_goes_back_even_where_nobodys_clock_is_set_right() {
    let (home, shop) = shop();
    let nodes = [DAY, -DAY, 0].map(|ahead| node(&home, &Wrong::by(ahead), false));
    for _ in 0..5 {
        for store in &nodes {
            store.commit_blocking(Intent::system(place(&shop), "a test")).expect("an order");
        }
    }
    let last = *journal_times(&home).last().expect("an entry");
    assert!(last > database_time(&home) + DAY / 2, "the node that is ahead was not set right, or this shows nothing");
    assert_never_goes_back(&home);
}

/// Whoever checks a token asks the store's clock; the hour of the token is the database's hour on every node.
#[test]
fn a_token_ends_at_the_databases_time_on_every_node() {
    let (home, shop) = shop();
    let wrong = [DAY, -DAY, 5 * MINUTE, -5 * MINUTE].map(Wrong::by);
    for (name, clock) in (1..).zip(&wrong) {
        let store = node(&home, clock, true);
        // The first commit has heard the database's clock.
        store.commit_blocking(Intent::system(place(&shop), "a test")).expect("an order");
        let now = database_time(&home);
        for (ends, lives) in [(now + HOUR, true), (now - 2 * SECOND, false)] {
            let token = issued(&store, name, Instant(ends));
            let ends = token.expires_at.expect("it has an end");
            assert_eq!(store.clock().now() < ends, lives, "node {name}");
        }
        let own = clock.now().0 - database_time(&home);
        assert!(own.abs() > MINUTE, "by its own clock this node would have been wrong");
    }
    assert_never_goes_back(&home);
}

fn issued(store: &Store, name: u8, expires_at: Instant) -> Token {
    let token = Token {
        user: orderpark_domain::UserRef(2),
        hash: [name; 32],
        jti: format!("jti {name}"),
        client_id: "default/ops".into(),
        grants: vec![Grant { kind: PartyKind::Operator, party: PartyRef(1) }],
        issued_at: store.clock().now(),
        expires_at: Some(expires_at),
    };
    let issue = IssueToken { token: token.clone(), proved: SecretHash([1; 32]), renew: true, validity_max_s: None };
    store.commit_blocking(Intent::system(Command::IssueToken(issue), "a test")).expect("a token");
    let found = harness::answer(store.get_token(&everything(), &token.hash)).expect("the token").0;
    assert_eq!(found, token);
    found
}

/// Whoever served with a clock ten years ahead has ended: what the next one does with the right
/// one.
fn behind_a_journal_of_the_future_nothing_but_tokens_is_decided(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let began = deployment.clock.now();
    deployment.clock.pass_micros(3650 * DAY);
    let keyed = Intent { request: Some(harness::key(deployment.operator, 1, 1)), ..deployment.intent(place(&shop)) };
    let first = deployment.store.commit_blocking(keyed.clone()).expect("an order");
    let (home, _) = deployment.closed();
    let open = |accept_clock_behind: bool| {
        let clock = Arc::new(harness::TestClock::ticking());
        let options = Options { accept_clock_behind, ..harness::options(&clock) };
        (Store::open(&home.database(), options).expect("it opens"), clock)
    };
    let order = |store: &Store| store.commit_blocking(Intent::system(place(&shop), "a test"));
    let (store, clock) = open(false);
    assert!(matches!(store.write_state(), WriteState::ClockBehind { journal, now } if journal.0 - now.0 > 3640 * DAY));
    let refused = order(&store).expect_err("it is refused");
    assert!(matches!(refused, CommitError::ClockBehind { journal, now } if journal > now), "{refused:?}");
    let again = store.commit_blocking(keyed).expect("it was done before");
    assert_eq!((again.outcome, again.replayed), (first.outcome, true));
    issued(&store, 7, Instant(began.0 + DAY));
    assert!(order(&store).is_err() && !store.takes_writes());
    clock.pass_micros(3650 * DAY - HOUR / 2);
    assert_eq!(store.write_state(), WriteState::Taken, "it is over when the clock is an hour away");
    let ahead = order_of(order(&store).expect("an order").outcome);
    drop(store);
    let (store, _) = open(true);
    assert_eq!(store.write_state(), WriteState::Taken);
    assert!(order_of(order(&store).expect("an order").outcome).created_at > ahead.created_at);
    drop(store);
    assert_never_goes_back(&home);
}

on_each_engine! { behind_a_journal_of_the_future_nothing_but_tokens_is_decided }
