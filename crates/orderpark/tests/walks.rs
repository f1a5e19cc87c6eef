//! P-05: walks over a list that changes while it is walked.
//!
//! Orders are placed and cancelled all the time, a step for every page that is read. Two walkers read the list a
//! thousand times, by keyset pages of any size or as one stream. What was acknowledged before a walk began, and was not
//! cancelled before it ended, is seen exactly once; and nothing is seen twice.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::Deployment;
use harness::http::{Connection, delete, get};
use harness::world::{ORDERS, World, text};
use orderpark_testbed::Chance;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const WALKS: usize = 1_000;
const WALKERS: usize = 2;
const WRITERS: usize = 4;
/// Orders that stay, and those that each writer keeps until it cancels them: so many that a stream reads several slices.
const STAYING: usize = 500;
const PASSING_EACH: usize = 40;

/// What the writers have been answered.
#[derive(Default)]
struct Known {
    /// Acknowledged, and nobody has asked to cancel it.
    kept: BTreeSet<String>,
    /// Somebody asked to cancel it.
    leaving: BTreeSet<String>,
}

#[derive(Default)]
struct Figures {
    walks: usize,
    pages: usize,
    seen: usize,
}

#[test]
fn every_acknowledged_order_is_seen_exactly_once_by_every_walk() {
    let chance = Chance::seeded(5);
    let mut deployment = Deployment::start(&[]);
    let world = World::make(&deployment, 8);
    let known = Mutex::new(Known::default());
    let first = Writer { world: &world, known: &known, chance: chance.part(), passing: Vec::new() };
    first.fill(deployment.address());
    let address = deployment.address();
    let figures: Vec<Figures> = std::thread::scope(|scope| {
        // Writers end when no walker is left that gives them a turn.
        let (turns, wanted): (Vec<_>, Vec<_>) = (0..WRITERS).map(|_| sync_channel(1)).unzip();
        for turn in wanted {
            let writer = Writer { world: &world, known: &known, chance: chance.part(), passing: Vec::new() };
            scope.spawn(move || writer.run(address, &turn));
        }
        let walkers: Vec<_> = (0..WALKERS)
            .map(|_| {
                let walker = Walker {
                    world: &world,
                    known: &known,
                    chance: chance.part(),
                    connection: Connection::open(address).unwrap(),
                    turns: turns.clone(),
                    pages: 0,
                };
                scope.spawn(|| walker.run())
            })
            .collect();
        drop(turns);
        walkers.into_iter().map(|walker| walker.join().unwrap()).collect()
    });
    let known = known.into_inner().unwrap();
    let sum = |of: fn(&Figures) -> usize| figures.iter().map(of).sum::<usize>();
    println!(
        "{} walks, {} pages, {} orders seen; meanwhile {} placed and {} cancelled; 0 missed, 0 repeated",
        sum(|figures| figures.walks),
        sum(|figures| figures.pages),
        sum(|figures| figures.seen),
        known.kept.len() + known.leaving.len() - STAYING,
        known.leaving.len(),
    );
    assert_eq!(sum(|figures| figures.walks), WALKS);
    deployment.verify();
    assert_eq!(deployment.stop().0, Some(0));
}

struct Writer<'w> {
    world: &'w World,
    known: &'w Mutex<Known>,
    chance: Chance,
    passing: Vec<String>,
}

impl Writer<'_> {
    fn fill(mut self, address: SocketAddr) {
        let mut connection = Connection::open(address).unwrap();
        for _ in 0..STAYING {
            self.place(&mut connection);
        }
    }

    /// Places one at each turn, and cancels any of its own when it has too many.
    fn run(mut self, address: SocketAddr, turn: &Receiver<()>) {
        let mut connection = Connection::open(address).unwrap();
        while turn.recv().is_ok() {
            self.place(&mut connection);
            if self.passing.len() > PASSING_EACH {
                self.cancel(&mut connection);
            }
        }
    }

    fn place(&mut self, connection: &mut Connection) {
        let subscriber = &self.world.subscribers[self.chance.index(self.world.subscribers.len())];
        let order = text(&connection.exchange(&self.world.place(subscriber, 1, None).bytes()).unwrap().done(), "ref");
        self.known.lock().unwrap().kept.insert(order.clone());
        self.passing.push(order);
    }

    fn cancel(&mut self, connection: &mut Connection) {
        let order = self.passing.swap_remove(self.chance.index(self.passing.len()));
        {
            let mut known = self.known.lock().unwrap();
            known.kept.remove(&order);
            known.leaving.insert(order.clone());
        }
        let request = delete(&format!("{ORDERS}/{order}")).bearer(&self.world.vendor);
        connection.exchange(&request.bytes()).unwrap().done();
    }
}

struct Walker<'w> {
    world: &'w World,
    known: &'w Mutex<Known>,
    chance: Chance,
    connection: Connection,
    turns: Vec<SyncSender<()>>,
    pages: usize,
}

impl Walker<'_> {
    fn run(mut self) -> Figures {
        let mut figures = Figures::default();
        for _ in 0..WALKS / WALKERS {
            let before = self.known.lock().unwrap().kept.clone();
            let walked = if self.chance.percent(50) { self.by_pages() } else { self.as_stream() };
            figures.seen += walked.len();
            self.judge(&before, walked);
            figures.walks += 1;
        }
        figures.pages = self.pages;
        figures
    }

    fn judge(&self, before: &BTreeSet<String>, walked: Vec<String>) {
        assert!(walked.is_sorted_by(|newer, older| newer > older), "newest first, and none twice: {walked:#?}");
        let seen = BTreeSet::from_iter(walked);
        let known = self.known.lock().unwrap();
        let missed: Vec<_> = before.difference(&seen).filter(|order| !known.leaving.contains(*order)).collect();
        assert!(missed.is_empty(), "missed: {missed:?}");
    }

    fn by_pages(&mut self) -> Vec<String> {
        let mut walked = Vec::new();
        let mut path = format!("{ORDERS}?limit={}", 20 + self.chance.index(181));
        loop {
            let (refs, next) = self.read(&path);
            walked.extend(refs);
            let Some(next) = next else { return walked };
            path = next;
        }
    }

    fn as_stream(&mut self) -> Vec<String> {
        let (refs, next) = self.read(ORDERS);
        assert_eq!(next, None);
        refs
    }

    /// The refs of a page, and the address of the next one. A writer has a turn first.
    fn read(&mut self, path: &str) -> (Vec<String>, Option<String>) {
        let writer = self.chance.index(WRITERS);
        // One that still works on its turn does not need another.
        let _ = self.turns[writer].try_send(());
        self.pages += 1;
        let answer = self.connection.exchange(&get(path).bearer(&self.world.vendor).bytes()).unwrap();
        let next = answer.header("link").map(|link| {
            link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap().to_owned()
        });
        let Value::Array(orders) = answer.done() else { panic!("not a list: {}", answer.text()) };
        (orders.iter().map(|order| text(order, "ref")).collect(), next)
    }
}
