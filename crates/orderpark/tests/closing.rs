//! C-02 for closing: a subscriber with many orders is closed although the program is killed in it
//! again and again, on two nodes where there are two, and others are answered meanwhile.
//!
//! `CLOSING_ORDERS=50000` makes it long.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]

mod harness;

use harness::Deployment;
use harness::http::{Connection, delete, get};
use harness::world::{BASE, ORDERS, World, text};
use orderpark_testbed::Engine;
use std::time::{Duration, Instant};

const CLIENTS: usize = 16;
const KILLS: usize = 4;
const CLOSED_MAX: Duration = Duration::from_mins(10);
/// Much longer than an order takes, and much shorter than all pieces together.
const ANSWERED_MAX: Duration = Duration::from_secs(2);

#[allow(clippy::disallowed_methods, reason = "the long form comes in the environment")]
fn orders() -> usize {
    std::env::var("CLOSING_ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(3_000)
}

fn place_all(deployment: &Deployment, world: &World, orders: usize) {
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let mut connection = deployment.connect();
                for number in (client..orders).step_by(CLIENTS) {
                    let request = world.place(&world.subscribers[0], number + 1, None);
                    connection.exchange(&request.bytes()).unwrap().done();
                }
            });
        }
    });
}

/// How many orders are still open, as far as they are counted; none: the subscriber is gone.
fn left(connection: &mut Connection, world: &World, path: &str) -> Option<String> {
    let answer = connection.exchange(&get(path).bearer(&world.operator).bytes()).unwrap();
    match answer.status {
        404 => None,
        200 => Some(text(&answer.json()["closing"], "openOrders")),
        _ => panic!("{}", answer.text()),
    }
}

fn closes_over_kills(engine: Engine) {
    let mut deployment = Deployment::on(engine, &[]);
    let mut other = (engine == Engine::Postgres).then(|| deployment.beside(&[]));
    let world = World::make(&deployment, 2);
    let orders = orders();
    place_all(&deployment, &world, orders);
    let subscriber = world.subscribers[0].parse::<u64>().unwrap() - 100_000_000;
    let path = format!("{BASE}/subscribers/{subscriber}");
    let began = Instant::now();
    let force = delete(&format!("{path}?force=true")).bearer(&world.vendor).key("close");
    let answer = deployment.connect().exchange(&force.bytes()).unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let (mut kills, mut seen, mut slowest) = (0, String::new(), Duration::ZERO);
    let mut connection = deployment.connect();
    while let Some(now) = left(&mut connection, &world, &path) {
        assert!(began.elapsed() < CLOSED_MAX, "{now} orders are left");
        let asked = Instant::now();
        let request = world.place(&world.subscribers[1], 1, None);
        connection.exchange(&request.bytes()).unwrap().done();
        slowest = slowest.max(asked.elapsed());
        if kills < KILLS && now != seen {
            (kills, seen) = (kills + 1, now);
            match &mut other {
                Some(other) if kills % 2 == 0 => {
                    other.kill();
                    other.restart();
                }
                _ => {
                    deployment.kill();
                    deployment.restart();
                    connection = deployment.connect();
                }
            }
        }
    }
    println!("{engine}: {orders} orders in {:?}, another's order {slowest:?} at most", began.elapsed());
    assert!(kills > 0 && slowest < ANSWERED_MAX, "{kills} kills, {slowest:?}");
    let again = connection.exchange(&force.bytes()).unwrap();
    assert_eq!((again.status, again.header("idempotent-replayed")), (202, Some("true")));
    let count = format!("{ORDERS}?state=CANCELLED&subscriberId={}", world.subscribers[0]);
    let cancelled = connection.exchange(&get(&count).bearer(&world.operator).bytes()).unwrap();
    assert_eq!(cancelled.done().as_array().map(Vec::len), Some(orders));
    drop(connection);
    drop(other);
    deployment.stop();
    deployment.verify();
}

#[test]
fn a_subscriber_closes_over_kills_on_sqlite() {
    closes_over_kills(Engine::Sqlite);
}

#[test]
fn a_subscriber_closes_over_kills_on_two_nodes() {
    closes_over_kills(Engine::Postgres);
}
