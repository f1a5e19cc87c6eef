//! Several nodes on one PostgreSQL behave as one: real processes, as their operator starts them, kills them and stops them.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

#[path = "../harness/mod.rs"]
mod harness;
mod losses;
mod starts;
mod versions;

use harness::Deployment;
use harness::http::{Connection, delete, get, post};
use harness::world::{ADMIN, ORDERS, World, log_in, text};
use orderpark_testbed::Engine;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long a token that was revoked on one node may be good on another.
const REVOKED_MAX: Duration = Duration::from_secs(1);

/// Two nodes, and the world that they share.
fn two() -> (Deployment, Deployment, World) {
    let one = Deployment::on(Engine::Postgres, &[]);
    let other = one.beside(&[]);
    let world = World::make(&one, 4);
    (one, other, world)
}

fn status(connection: &mut Connection, token: &str) -> u16 {
    connection.exchange(&get(&format!("{ORDERS}?limit=1")).bearer(token).bytes()).unwrap().status
}

/// Asks until the token is refused; answers how long it took before the last request was sent for which it was good.
fn good_for(connection: &mut Connection, token: &str) -> Duration {
    let since = Instant::now();
    let mut good = Duration::ZERO;
    loop {
        let sent = since.elapsed();
        if status(connection, token) == 401 {
            return good;
        }
        good = sent;
        assert!(good < Duration::from_secs(10), "the token lives");
    }
}

#[test]
fn a_token_of_one_node_is_good_on_the_other_and_ends_on_both_at_once() {
    let (one, other, world) = two();
    let (mut here, mut there) = (one.connect(), other.connect());
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let (by, also) = if number % 2 == 0 { (&mut here, &mut there) } else { (&mut there, &mut here) };
        let token = log_in(by, &world.client.0, &world.client.1);
        assert_eq!((status(by, &token), status(also, &token)), (200, 200));
        assert_eq!(log_in(also, &world.client.0, &world.client.1), token, "both sign with one key");
        by.exchange(&post(&format!("{ADMIN}/oauth/revoke_token?access_token={token}")).bytes()).unwrap().done();
        assert_eq!(status(by, &token), 401);
        slowest = slowest.max(good_for(also, &token));
    }
    println!("20 tokens revoked; the other node took them for {slowest:?} at most");
    assert!(slowest < REVOKED_MAX, "{slowest:?}");
}

/// The token ends in the table and nobody is notified, as if the notification had been lost.
#[test]
fn a_token_ends_within_a_second_also_if_nobody_is_told() {
    let (_one, other, world) = two();
    let mut there = other.connect();
    let token = log_in(&mut there, &world.client.0, &world.client.1);
    assert_eq!(status(&mut there, &token), 200);
    other.database().execute("delete from tokens");
    let good = good_for(&mut there, &token);
    println!("not told, the other node took the token for {good:?}");
    assert!(good < REVOKED_MAX, "{good:?}");
}

#[test]
fn what_one_node_has_answered_the_other_one_shows() {
    let (one, other, world) = two();
    let mut nodes = [one.connect(), other.connect()];
    for number in 0..200 {
        let (here, there) = (number % 2, 1 - number % 2);
        let request = world.place(&world.subscribers[0], number + 1, None).bytes();
        let order = nodes[here].exchange(&request).unwrap().done();
        let path = format!("{ORDERS}/{}", text(&order, "ref"));
        assert_eq!(nodes[there].exchange(&get(&path).bearer(&world.vendor).bytes()).unwrap().done(), order);
        let cancelled = nodes[there].exchange(&delete(&path).bearer(&world.vendor).bytes()).unwrap().done();
        assert_eq!(nodes[here].exchange(&get(&path).bearer(&world.vendor).bytes()).unwrap().done(), cancelled);
    }
    one.verify();
}

/// P-01 with real processes: the copies of a request reach both nodes, and meanwhile the client's token is renewed on one of them.
#[test]
fn copies_over_two_nodes_make_one_order_each() {
    const KEYS: usize = 100;
    const COPIES: usize = 20;
    let (one, other, world) = two();
    let mut connections: Vec<Connection> = (0..COPIES).map(|copy| [&one, &other][copy % 2].connect()).collect();
    let mut renewing = other.connect();
    let mut client = world.clone();
    let mut refs = BTreeSet::new();
    for number in 1..=KEYS {
        let key = format!("key {number}");
        let request = |client: &World| client.place(&world.subscribers[0], number, None).key(&key).bytes();
        let (early, late) = connections.split_at_mut(COPIES / 2);
        let place = |connections: &mut [Connection], request: &[u8]| -> Vec<_> {
            for connection in connections.iter_mut() {
                connection.send(request).unwrap();
            }
            connections.iter_mut().map(|connection| connection.receive().unwrap()).collect()
        };
        let mut answers = place(early, &request(&client));
        client.vendor = renewed(&mut renewing, &world);
        answers.extend(place(late, &request(&client)));
        let answered: BTreeSet<String> = answers.iter().map(|answer| text(&answer.done(), "ref")).collect();
        assert_eq!(answered.len(), 1, "{key}: {answered:?}");
        let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == Some("true")).count();
        assert_eq!(replayed, COPIES - 1, "{key}");
        refs.extend(answered);
    }
    assert_eq!(refs.len(), KEYS);
    assert_eq!(client.list(&mut one.connect(), "state=ALL").len(), KEYS);
    one.verify();
}

fn renewed(connection: &mut Connection, world: &World) -> String {
    let client = world.client.0.replace('/', "%2F");
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret={}", world.client.1);
    let request = post(&format!("{ADMIN}/oauth/token?renewToken=true")).form(&form);
    text(&connection.exchange(&request.bytes()).unwrap().done(), "access_token")
}
