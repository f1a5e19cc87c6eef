//! F-07: clients hang up at any byte of a write.
//!
//! Each request asks for an order of its own. Some clients go before they have said everything: no order. Some go without
//! waiting for the answer: an order or none, but a whole one. Some go when the answer has begun: an order. After each of them
//! the next caller is served as if nothing had been. In the end everyone who does not know comes back and asks
//! again, and then there is exactly one.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::Deployment;
use harness::http::Connection;
use harness::world::{World, assert_whole};
use orderpark_testbed::Chance;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;

const HANG_UPS: usize = 2_000;
const CLIENTS: usize = 16;

/// What the one who hung up can say of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Never,
    Unknown,
    Placed,
}

struct Caller {
    world: World,
    chance: Chance,
    address: SocketAddr,
    /// Requests with their quantities, each of which is there once.
    numbers: std::iter::StepBy<std::ops::RangeInclusive<usize>>,
    fates: Vec<(usize, Fate)>,
}

#[test]
fn every_request_is_all_or_nothing_and_the_next_caller_is_unharmed() {
    let chance = Chance::seeded(7);
    let mut deployment = Deployment::start(&[]);
    let world = World::make(&deployment, CLIENTS);
    let mut callers: Vec<Caller> = (0..CLIENTS)
        .map(|first| Caller {
            world: world.clone(),
            chance: chance.part(),
            address: deployment.address(),
            numbers: (1 + first..=HANG_UPS).step_by(CLIENTS),
            fates: Vec::new(),
        })
        .collect();
    std::thread::scope(|scope| {
        for caller in &mut callers {
            scope.spawn(|| caller.run());
        }
    });
    // Stopping waits for what is still in flight.
    assert_eq!(deployment.stop().0, Some(0));
    deployment.restart();
    let fates: BTreeMap<usize, Fate> = callers.iter().flat_map(|caller| caller.fates.clone()).collect();
    assert_eq!(fates.len(), HANG_UPS);
    let mut connection = deployment.connect();
    let placed = judge(&world, &mut connection, &fates);
    let unknown = fates.iter().filter(|(_, fate)| **fate == Fate::Unknown).map(|(number, _)| *number);
    for number in unknown {
        connection.exchange(&order(&world, number)).unwrap().done();
    }
    let fates: BTreeMap<_, _> = fates.into_iter().map(|(number, fate)| (number, fate.after_asking_again())).collect();
    judge(&world, &mut connection, &fates);
    println!("{HANG_UPS} hang-ups: {placed:?}; every next caller was served");
    deployment.verify();
    assert_eq!(deployment.stop().0, Some(0));
}

impl Fate {
    fn after_asking_again(self) -> Fate {
        if self == Fate::Never { Fate::Never } else { Fate::Placed }
    }
}

/// The request to hang up on. Half of them have a key; all have a name of their own.
fn order(world: &World, number: usize) -> Vec<u8> {
    let subscriber = &world.subscribers[number % CLIENTS];
    let request = world.place(subscriber, number, Some(&format!("hung up {number}")));
    if number.is_multiple_of(2) { request.key(&format!("key {number}")).bytes() } else { request.bytes() }
}

impl Caller {
    fn run(&mut self) {
        let mut next = Connection::open(self.address).unwrap();
        while let Some(number) = self.numbers.next() {
            let fate = self.hang_up(&order(&self.world, number));
            self.fates.push((number, fate));
            let subscriber = &self.world.subscribers[number % CLIENTS];
            let request = self.world.place(subscriber, number, Some(&format!("next {number}")));
            assert_whole(&next.exchange(&request.bytes()).unwrap().done(), number as u64);
        }
    }

    fn hang_up(&mut self, request: &[u8]) -> Fate {
        let mut connection = Connection::open(self.address).unwrap();
        match self.chance.index(100) {
            0..45 => {
                let said = self.chance.index(request.len());
                connection.send(&request[..said]).unwrap();
                if self.chance.percent(30) {
                    connection.end_sending().unwrap();
                }
                Fate::Never
            }
            45..75 => {
                connection.send(request).unwrap();
                Fate::Unknown
            }
            75..85 => {
                connection.send(request).unwrap();
                connection.end_sending().unwrap();
                Fate::Unknown
            }
            _ => {
                connection.send(request).unwrap();
                assert_eq!(connection.first_byte().unwrap(), b'H');
                Fate::Placed
            }
        }
    }
}

/// How many orders there are of those with each fate. All are whole, and there once at most.
fn judge(world: &World, connection: &mut Connection, fates: &BTreeMap<usize, Fate>) -> BTreeMap<Fate, (usize, usize)> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for order in world.list(connection, "state=ALL") {
        found.entry(order["externalId"].as_str().unwrap().to_owned()).or_default().push(order);
    }
    let mut counts: BTreeMap<Fate, (usize, usize)> = BTreeMap::new();
    for (number, fate) in fates {
        let orders = found.remove(&format!("hung up {number}")).unwrap_or_default();
        for order in &orders {
            assert_whole(order, *number as u64);
        }
        let right = match fate {
            Fate::Never => orders.is_empty(),
            Fate::Unknown => orders.len() <= 1,
            Fate::Placed => orders.len() == 1,
        };
        assert!(right, "{fate:?}, but there are: {orders:#?}");
        assert_eq!(found.remove(&format!("next {number}")).map(|orders| orders.len()), Some(1));
        let count = counts.entry(*fate).or_default();
        *count = (count.0 + 1, count.1 + orders.len());
    }
    assert!(found.is_empty(), "nobody asked for: {found:#?}");
    counts
}
