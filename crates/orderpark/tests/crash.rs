//! C-02: the program is killed under 32 writers, again and again, and started on what it left.
//!
//! Every writer notes what it asks for before it asks, and what it was answered. After each restart it repeats what
//! was not answered, under the same keys. In the end every answered order is there as it was answered, no order is there
//! twice, and none is there that nobody asked for. Every intent has a quantity of its own, so that a second order is seen
//! even where nothing else would tell the two apart.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]

mod harness;

use harness::Deployment;
use harness::http::{Answer, Connection, delete};
use harness::world::{ORDERS, World, assert_whole, text};
use orderpark_testbed::{Chance, Engine};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// On SQLite, and on PostgreSQL.
const CYCLES: [usize; 2] = [20, 10];
const WRITERS: usize = 32;
/// A kill comes after so many answers at most.
const ANSWERS_MAX: usize = 600;
/// And up to so many microseconds later.
const PAUSE_MICROS: usize = 3_000;
const READY_MAX: Duration = Duration::from_secs(1);

/// One order that a writer wants, and what it knows of it.
#[derive(Debug)]
struct Wish {
    quantity: usize,
    external_id: Option<String>,
    placed: Option<Value>,
    regret: Regret,
}

/// Whether an order is to be cancelled, and how that was answered.
#[derive(Debug)]
enum Regret {
    No,
    Unanswered,
    Cancelled(Value),
}

impl Wish {
    fn is_open(&self) -> bool {
        self.placed.is_none() || matches!(self.regret, Regret::Unanswered)
    }
}

struct Writer {
    number: usize,
    world: World,
    chance: Chance,
    wishes: Vec<Wish>,
    replays: usize,
    answered: Sender<()>,
}

impl Writer {
    /// Repeats what was not answered, then goes on until the program is gone.
    fn run(&mut self, address: SocketAddr) {
        let Ok(mut connection) = Connection::open(address) else { return };
        while self.step(&mut connection).is_ok() {}
    }

    fn step(&mut self, connection: &mut Connection) -> io::Result<()> {
        if self.settle(connection)? {
            return Ok(());
        }
        match self.chance.index(100) {
            0..70 => self.wish(),
            70..90 => self.regret(),
            _ => self.ask_again(connection)?,
        }
        Ok(())
    }

    /// Brings the first open wish one answer further.
    fn settle(&mut self, connection: &mut Connection) -> io::Result<bool> {
        let Some(at) = self.wishes.iter().rposition(Wish::is_open) else { return Ok(false) };
        if self.wishes[at].placed.is_none() {
            let answer = self.place(connection, at)?;
            self.wishes[at].placed = Some(answer.done());
        } else {
            let order = text(self.wishes[at].placed.as_ref().unwrap(), "ref");
            let key = format!("cancel-{}", self.wishes[at].quantity);
            let request = delete(&format!("{ORDERS}/{order}")).bearer(&self.world.vendor).key(&key);
            self.wishes[at].regret = Regret::Cancelled(connection.exchange(&request.bytes())?.done());
        }
        // The other end is gone when the kill is on its way.
        let _ = self.answered.send(());
        Ok(true)
    }

    fn place(&self, connection: &mut Connection, at: usize) -> io::Result<Answer> {
        let wish = &self.wishes[at];
        let subscriber = &self.world.subscribers[self.number % self.world.subscribers.len()];
        let request = self.world.place(subscriber, wish.quantity, wish.external_id.as_deref());
        connection.exchange(&request.key(&format!("place-{}", wish.quantity)).bytes())
    }

    fn wish(&mut self) {
        let quantity = 1 + self.number + WRITERS * self.wishes.len();
        let external_id = self.chance.percent(50).then(|| format!("PO-{quantity}"));
        self.wishes.push(Wish { quantity, external_id, placed: None, regret: Regret::No });
    }

    fn regret(&mut self) {
        let kept: Vec<_> = self.wishes.iter_mut().filter(|wish| matches!(wish.regret, Regret::No)).collect();
        let one = self.chance.index(kept.len().max(1));
        if let Some(wish) = kept.into_iter().nth(one) {
            wish.regret = Regret::Unanswered;
        }
    }

    /// An answered request, once more under its key: the same answer, whatever became of the order since.
    fn ask_again(&mut self, connection: &mut Connection) -> io::Result<()> {
        if self.wishes.is_empty() {
            return Ok(());
        }
        let at = self.chance.index(self.wishes.len());
        let answer = self.place(connection, at)?;
        assert_eq!(answer.header("idempotent-replayed"), Some("true"), "{:?}", self.wishes[at]);
        assert_eq!(Some(answer.done()), self.wishes[at].placed);
        self.replays += 1;
        Ok(())
    }
}

#[test]
fn killed_under_writers_nothing_answered_is_lost_and_nothing_is_there_twice() {
    kill_again_and_again(Engine::Sqlite, CYCLES[0]);
}

#[test]
fn killed_under_writers_postgres_holds_what_was_answered_and_nothing_twice() {
    kill_again_and_again(Engine::Postgres, CYCLES[1]);
}

fn kill_again_and_again(engine: Engine, cycles: usize) {
    let chance = Chance::seeded(20_261_123);
    let mut deployment = Deployment::on(engine, &[]);
    let world = World::make(&deployment, 8);
    let (sender, answered) = channel();
    let mut writers: Vec<Writer> = (0..WRITERS)
        .map(|number| Writer {
            number,
            world: world.clone(),
            chance: chance.part(),
            wishes: Vec::new(),
            replays: 0,
            answered: sender.clone(),
        })
        .collect();
    let mut slowest = Duration::ZERO;
    let mut unanswered = 0;
    for cycle in 0..cycles {
        kill_under(&mut deployment, &mut writers, &answered, &chance);
        unanswered += writers.iter().flat_map(|writer| &writer.wishes).filter(|wish| wish.is_open()).count();
        let ready = deployment.restart();
        assert!(ready <= READY_MAX, "cycle {cycle}: ready after {ready:?}");
        slowest = slowest.max(ready);
    }
    for writer in &mut writers {
        let mut connection = deployment.connect();
        while writer.settle(&mut connection).unwrap() {}
    }
    judge(&mut deployment, &world, &writers);
    let wishes = || writers.iter().flat_map(|writer| &writer.wishes);
    println!(
        "{cycles} kills on {engine}; {} orders, {} cancelled; {unanswered} requests cut off and repeated, {} answers asked for again; \
         0 lost, 0 twice; ready again after {slowest:?} at most",
        wishes().count(),
        wishes().filter(|wish| matches!(wish.regret, Regret::Cancelled(_))).count(),
        writers.iter().map(|writer| writer.replays).sum::<usize>(),
    );
}

fn kill_under(deployment: &mut Deployment, writers: &mut [Writer], answered: &Receiver<()>, chance: &Chance) {
    let address = deployment.address();
    std::thread::scope(|scope| {
        for writer in writers {
            scope.spawn(move || writer.run(address));
        }
        for _ in 0..=chance.index(ANSWERS_MAX) {
            answered.recv_timeout(Duration::from_secs(10)).expect("an answer");
        }
        let pause = Duration::from_micros(chance.index(PAUSE_MICROS) as u64);
        let end = std::time::Instant::now() + pause;
        while answered.recv_timeout(end.saturating_duration_since(std::time::Instant::now())).is_ok() {}
        deployment.kill();
    });
    answered.try_iter().for_each(drop);
}

fn judge(deployment: &mut Deployment, world: &World, writers: &[Writer]) {
    let mut found: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for order in world.list(&mut deployment.connect(), "state=ALL") {
        found.entry(order["quantity"].as_u64().unwrap()).or_default().push(order);
    }
    for wish in writers.iter().flat_map(|writer| &writer.wishes) {
        let orders = found.remove(&(wish.quantity as u64)).unwrap_or_default();
        let [order] = orders.as_slice() else { panic!("{wish:?} is there {} times: {orders:#?}", orders.len()) };
        assert_whole(order, wish.quantity as u64);
        assert_eq!(order["externalId"].as_str(), wish.external_id.as_deref());
        let placed = wish.placed.as_ref().unwrap();
        let last = if let Regret::Cancelled(cancelled) = &wish.regret { cancelled } else { placed };
        assert_eq!(order, last, "as it was answered last");
        for attribute in ["ref", "creationDate", "subscriberId", "offerRef"] {
            assert_eq!(order[attribute], placed[attribute]);
        }
    }
    assert!(found.is_empty(), "nobody asked for: {found:#?}");
    deployment.verify();
    assert_eq!(deployment.stop().0, Some(0));
    deployment.verify();
}
