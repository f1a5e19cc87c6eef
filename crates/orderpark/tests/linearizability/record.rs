//! Writes down what concurrent clients do and are answered.

use crate::checker::{Did, Op, Shown};
use crate::harness::Deployment;
use crate::harness::http::{Connection, delete, get};
use crate::harness::world::{ORDERS, World, assert_whole, text};
use orderpark_testbed::Chance;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};

const CLIENTS: usize = 8;
const OPERATIONS_EACH: usize = 25;
/// Clients mostly turn to the newest orders, where the others are.
const NEWEST: usize = 6;

/// What the clients of one history share.
struct Shared<'w> {
    world: &'w World,
    subscriber: &'w str,
    number: usize,
    clock: AtomicU64,
    wishes: AtomicU64,
    refs: Mutex<Vec<String>>,
    start: Barrier,
}

/// Has clients work on the orders of one subscriber; answers what they did, in the order of the calls.
pub fn history(deployment: &Deployment, world: &World, number: usize, chance: &Chance) -> Vec<Op> {
    let shared = Shared {
        world,
        subscriber: &world.subscribers[number],
        number,
        clock: AtomicU64::new(0),
        wishes: AtomicU64::new(0),
        refs: Mutex::new(Vec::new()),
        start: Barrier::new(CLIENTS),
    };
    let mut history = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let client = Client { shared: &shared, chance: chance.part(), connection: deployment.connect() };
                scope.spawn(|| client.run())
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<Op>>()
    });
    history.sort_by_key(|op| op.call);
    history
}

struct Client<'s> {
    shared: &'s Shared<'s>,
    chance: Chance,
    connection: Connection,
}

impl Client<'_> {
    fn run(mut self) -> Vec<Op> {
        self.shared.start.wait();
        (0..OPERATIONS_EACH).map(|_| self.operation()).collect()
    }

    fn operation(&mut self) -> Op {
        let dice = self.chance.index(100);
        let known = self.known();
        match (dice, known) {
            (0..12, _) | (_, None) => {
                let wish = self.shared.wishes.fetch_add(1, Ordering::SeqCst) + 1;
                self.place(wish)
            }
            (12..24, _) => {
                let wishes = self.shared.wishes.load(Ordering::SeqCst);
                let back = self.chance.number() % wishes.min(NEWEST as u64);
                self.place(wishes - back)
            }
            (24..60, Some(order)) => self.get(order),
            (60..76, Some(order)) => self.cancel(order),
            (76..88, _) => self.list(true),
            _ => self.list(false),
        }
    }

    fn known(&mut self) -> Option<String> {
        let refs = self.shared.refs.lock().unwrap();
        let back = 1 + self.chance.index(NEWEST);
        refs.get(refs.len().saturating_sub(back)).cloned()
    }

    fn ask(&mut self, request: &[u8]) -> (u64, u64, u16, Value) {
        let call = self.shared.clock.fetch_add(1, Ordering::SeqCst);
        let answer = self.connection.exchange(request).unwrap();
        let back = self.shared.clock.fetch_add(1, Ordering::SeqCst);
        (call, back, answer.status, answer.json())
    }

    fn place(&mut self, wish: u64) -> Op {
        let quantity = usize::try_from(wish).unwrap();
        let request = self.shared.world.place(self.shared.subscriber, quantity, None);
        let request = request.key(&format!("history {} wish {wish}", self.shared.number));
        let (call, back, status, answer) = self.ask(&request.bytes());
        assert_eq!(status, 200, "{answer}");
        let answer = seen(&answer);
        let mut refs = self.shared.refs.lock().unwrap();
        if !refs.contains(&answer.order) {
            refs.push(answer.order.clone());
        }
        Op { call, back, did: Did::Place { wish, answer } }
    }

    fn get(&mut self, order: String) -> Op {
        let request = get(&format!("{ORDERS}/{order}")).bearer(&self.shared.world.vendor);
        let (call, back, status, answer) = self.ask(&request.bytes());
        assert!(matches!(status, 200 | 404), "{answer}");
        let answer = (status == 200).then(|| seen(&answer));
        Op { call, back, did: Did::Get { order, answer } }
    }

    fn cancel(&mut self, order: String) -> Op {
        let request = delete(&format!("{ORDERS}/{order}")).bearer(&self.shared.world.vendor);
        let (call, back, status, answer) = self.ask(&request.bytes());
        assert_eq!(status, 200, "{answer}");
        Op { call, back, did: Did::Cancel { order, answer: seen(&answer) } }
    }

    fn list(&mut self, cancelled_too: bool) -> Op {
        let state = if cancelled_too { "&state=ALL" } else { "" };
        let path = format!("{ORDERS}?subscriberId={}{state}", self.shared.subscriber);
        let (call, back, status, answer) = self.ask(&get(&path).bearer(&self.shared.world.vendor).bytes());
        assert_eq!(status, 200, "{answer}");
        let answer = answer.as_array().unwrap().iter().map(seen).collect();
        Op { call, back, did: Did::List { cancelled_too, answer } }
    }
}

/// An order, in what may change and what may not.
fn seen(order: &Value) -> Shown {
    let wish = order["quantity"].as_u64().unwrap();
    assert_whole(order, wish);
    let cancelled = order["cancellationDate"].as_str().map(str::to_owned);
    assert_eq!(order["state"], if cancelled.is_some() { "CANCELLED" } else { "ACTIVE" }, "{order}");
    let mut rest = order.clone();
    for changing in ["state", "cancellationDate"] {
        rest[changing].take();
    }
    for subscription in rest["subscriptions"].as_array_mut().unwrap() {
        subscription["state"].take();
    }
    Shown { order: text(order, "ref"), wish, cancelled, rest: rest.to_string() }
}
