//! F-01 as a client sees it: the database goes away in the middle of a commit, and the answer says what is true.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::Deployment;
use harness::http::{Answer, get};
use harness::program::Running;
use harness::world::{ORDERS, World, assert_whole};
use orderpark_testbed::{Engine, Moment, Proxy, upstream};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const CONFIGURATION: &str = "[postgres]\nresolve_max_ms = 300\nconnect_max_ms = 1000\npool_wait_max_ms = 300\n";
/// How long after an outage the node may refuse what it could do.
const BACK_MAX: Duration = Duration::from_secs(3);

fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    harness::http::Connection::open(address).unwrap().exchange(request).unwrap()
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains(code), "{}", answer.text());
    let after: u64 = answer.header("retry-after").expect("a Retry-After").parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
}

#[test]
fn an_outcome_that_nobody_knows_is_said_to_be_unknown_and_the_same_key_tells_it() {
    let mut deployment = Deployment::on(Engine::Postgres, &[]);
    let world = World::make(&deployment, 1);
    deployment.stop();
    let proxy = Proxy::start(upstream());
    let file = deployment.data().join("orderpark.toml");
    std::fs::write(&file, CONFIGURATION).unwrap();
    let through = deployment.database().url_through(&proxy);
    let node = Running::serve(&deployment.data(), &["--database", &through, "--config", file.to_str().unwrap()]);
    let address: SocketAddr = node.address.strip_prefix("http://").unwrap().parse().unwrap();
    let place =
        |quantity: usize| world.place(&world.subscribers[0], quantity, None).key(&format!("order {quantity}")).bytes();
    assert_whole(&exchange(address, &place(1)).done(), 1);
    let moments = [Moment::BeforeCommit, Moment::AfterCommitSent, Moment::AfterFirstByteOfAnswer];
    for (quantity, moment) in (2..).zip(moments) {
        proxy.cut_and_refuse_when(moment);
        let began = Instant::now();
        let unknown = exchange(address, &place(quantity));
        assert!(proxy.has_cut() && began.elapsed() < BACK_MAX, "{moment:?}: {:?}", began.elapsed());
        refused(&unknown, "outcome_unknown");
        // Also to those whose connections were not in a commit.
        proxy.cut();
        refused(&exchange(address, &place(quantity)), "unavailable");
        refused(&exchange(address, &get(ORDERS).bearer(&world.vendor).bytes()), "unavailable");
        wait_for(address, 503);
        proxy.refuse(false);
        wait_for(address, 200);
        let order = exchange(address, &place(quantity)).done();
        assert_whole(&order, quantity as u64);
        assert_eq!(exchange(address, &place(quantity)).done()["ref"], order["ref"]);
    }
    let mut connection = harness::http::Connection::open(address).unwrap();
    assert_eq!(world.list(&mut connection, "state=ALL").len(), 1 + moments.len());
    drop(node);
    deployment.verify();
}

/// Until readiness says so.
fn wait_for(address: SocketAddr, status: u16) {
    let began = Instant::now();
    while exchange(address, &get("/health/ready").bytes()).status != status {
        assert!(began.elapsed() < BACK_MAX, "readiness is not {status}");
    }
}

/// The error of a full disk in a transaction.
const FULL: &str = "create function full_disk() returns trigger language plpgsql as \
    $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$; \
    create trigger full_disk before update on head for each row execute function full_disk(); \
    create trigger full_disk before update on deployment for each row execute function full_disk()";

#[test]
fn writes_that_fail_are_told_once_and_once_more_when_they_succeed_again() {
    let deployment = Deployment::on(Engine::Postgres, &[]);
    let world = World::make(&deployment, 1);
    let place = || exchange(deployment.address(), &world.place(&world.subscribers[0], 1, None).bytes());
    deployment.database().execute(FULL);
    for _ in 0..3 {
        refused(&place(), "unavailable");
    }
    wait_for(deployment.address(), 503);
    deployment.database().execute("drop function full_disk cascade");
    // Nobody asks for a write.
    wait_for(deployment.address(), 200);
    assert_whole(&place().done(), 1);
    let log = deployment.running().stderr();
    let told: Vec<_> = log.lines().filter(|line| line.contains("orderpark_store::committer")).collect();
    let [failing, again] = told.as_slice() else { panic!("{told:?}") };
    assert!(failing.contains("ERROR") && failing.contains("writes fail") && failing.contains("53100"), "{failing}");
    assert!(again.contains("INFO") && again.contains("writes succeed again seconds="), "{again}");
    assert!(again.ends_with("refused=3"), "{again}");
}
