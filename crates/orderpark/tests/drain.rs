//! L-01: SIGTERM under load.
//!
//! Who watches readiness, as a load balancer does, turns away when it is told to and loses nothing. Who does not is
//! refused in the end, but never cut off in the middle of an answer. What was on its way when the signal came is
//! finished, however slow its client is. Connections on which nothing happens hold nothing up.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::Deployment;
use harness::http::{Answer, Connection, get};
use harness::world::{ORDERS, World, assert_whole, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

const WATCHFUL: usize = 16;
const STUBBORN: usize = 8;
const RESTLESS: usize = 8;
const SLOW: usize = 4;
const IDLE: usize = 20;
/// The signal comes after so many answers: so many orders do not fit into the first slice of a list.
const ANSWERS_BEFORE: usize = 700;
const STOP_MAX: Duration = Duration::from_secs(30);
/// How long after readiness said no somebody may still be let in.
const LISTEN_MAX: Duration = Duration::from_secs(5);

struct Load {
    address: SocketAddr,
    world: World,
    /// Readiness has said no.
    down: AtomicBool,
    /// Nobody listens any more.
    refused: AtomicBool,
    quantity: AtomicUsize,
    acknowledged: Mutex<BTreeSet<String>>,
    /// Answers after readiness had said no.
    late: AtomicUsize,
    /// Connections that were made when the program was about to stop listening, and on which it never said a byte.
    unheard: AtomicUsize,
}

#[test]
fn sigterm_under_load_cuts_no_request() {
    let mut deployment = Deployment::start(&[]);
    let world = World::make(&deployment, 8);
    let load = Load {
        address: deployment.address(),
        world,
        down: AtomicBool::new(false),
        refused: AtomicBool::new(false),
        quantity: AtomicUsize::new(0),
        acknowledged: Mutex::new(BTreeSet::new()),
        late: AtomicUsize::new(0),
        unheard: AtomicUsize::new(0),
    };
    let idle: Vec<Connection> = (0..IDLE).map(|_| load.idle()).collect();
    let (answers, answered) = channel();
    let (code, took) = std::thread::scope(|scope| {
        for _ in 0..WATCHFUL {
            let answers = answers.clone();
            let load = &load;
            scope.spawn(move || load.watchful(&answers));
        }
        for _ in 0..STUBBORN {
            scope.spawn(|| load.stubborn());
        }
        wait_for(&answered, ANSWERS_BEFORE);
        for _ in 0..RESTLESS {
            scope.spawn(|| load.restless());
        }
        let half_sent: Vec<_> = (0..SLOW).map(|_| load.send_half()).collect();
        let unread = load.ask_for_everything();
        scope.spawn(|| load.watch_readiness());
        scope.spawn(|| load.finish_slowly(half_sent, unread));
        deployment.stop()
    });
    println!(
        "stopped with {code:?} after {took:?}; {} orders acknowledged, {} answers after readiness said no, \
         {} late connections not heard; 0 cut",
        load.acknowledged.lock().unwrap().len(),
        load.late.load(Ordering::SeqCst),
        load.unheard.load(Ordering::SeqCst),
    );
    assert_eq!(code, Some(0));
    assert!(took < STOP_MAX, "{took:?}");
    for mut connection in idle {
        assert_eq!(connection.receive().unwrap_err().kind(), ErrorKind::NotConnected, "closed without a word");
    }
    deployment.verify();
    deployment.restart();
    let orders = load.world.list(&mut deployment.connect(), "state=ALL");
    let there: BTreeSet<String> = orders.iter().map(|order| text(order, "ref")).collect();
    let acknowledged = load.acknowledged.into_inner().unwrap();
    assert!(acknowledged.is_subset(&there), "{:?}", acknowledged.difference(&there));
}

/// Waits for so many answers.
fn wait_for(answered: &Receiver<()>, count: usize) {
    for _ in 0..count {
        answered.recv_timeout(Duration::from_secs(30)).expect("an answer");
    }
}

impl Load {
    fn connect(&self) -> Connection {
        Connection::open(self.address).unwrap()
    }

    fn order(&self) -> (u64, Vec<u8>) {
        let quantity = 1 + self.quantity.fetch_add(1, Ordering::SeqCst) % 1_000;
        let subscriber = &self.world.subscribers[quantity % self.world.subscribers.len()];
        (quantity as u64, self.world.place(subscriber, quantity, None).bytes())
    }

    fn acknowledge(&self, quantity: u64, answer: &Answer) {
        let order = answer.done();
        assert_whole(&order, quantity);
        self.acknowledged.lock().unwrap().insert(text(&order, "ref"));
    }

    fn idle(&self) -> Connection {
        let mut connection = self.connect();
        connection.exchange(&get("/health/live").bytes()).unwrap().done();
        connection
    }

    /// Places orders until readiness says no, and one more after that. Nothing may go wrong.
    fn watchful(&self, answers: &Sender<()>) {
        let mut kept = None;
        loop {
            let leaving = self.down.load(Ordering::SeqCst);
            let mut connection = kept.take().unwrap_or_else(|| self.connect());
            let (quantity, request) = self.order();
            let answer = connection.exchange(&request).unwrap();
            self.acknowledge(quantity, &answer);
            if leaving {
                self.late.fetch_add(1, Ordering::SeqCst);
                assert!(answer.closes(), "a connection is not kept by a program that is about to stop");
                return;
            }
            // The other end is gone when it has counted enough.
            let _ = answers.send(());
            kept = (!answer.closes()).then_some(connection);
        }
    }

    /// Places orders until nobody listens. A request is answered whole, or nobody has heard it.
    fn stubborn(&self) {
        let mut kept = None;
        loop {
            let is_new = kept.is_none();
            let connection = kept.take().map_or_else(|| Connection::open(self.address), Ok);
            let Ok(mut connection) = connection else { return };
            let (quantity, request) = self.order();
            match connection
                .send(&request)
                .map_err(|_| ErrorKind::NotConnected.into())
                .and_then(|()| connection.receive())
            {
                Ok(answer) => {
                    self.acknowledge(quantity, &answer);
                    kept = (!answer.closes()).then_some(connection);
                }
                Err(error) => {
                    assert!(self.down.load(Ordering::SeqCst) && is_new, "cut off: {error}");
                    assert_eq!(error.kind(), ErrorKind::NotConnected, "cut off in the middle: {error}");
                    self.unheard.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }

    /// Makes one connection after the other, so that there is always one that waits, until nobody listens.
    fn restless(&self) {
        while let Ok(mut connection) = Connection::open(self.address) {
            // The last one may not be heard.
            let _ = connection.exchange(&get("/health/live").bytes());
        }
    }

    /// Sends the head and half of the body, on a connection that the program knows.
    fn send_half(&self) -> (Connection, u64, Vec<u8>) {
        let mut connection = self.idle();
        let (quantity, mut request) = self.order();
        let rest = request.split_off(request.len() - 20);
        connection.send(&request).unwrap();
        (connection, quantity, rest)
    }

    fn ask_for_everything(&self) -> Connection {
        let mut connection = self.idle();
        connection.send(&get(ORDERS).bearer(&self.world.vendor).bytes()).unwrap();
        connection
    }

    /// Asks until readiness says no. It has to say so before anybody is refused.
    fn watch_readiness(&self) {
        loop {
            let answer = self.connect().exchange(&get("/health/ready").bytes()).unwrap();
            if answer.status == 503 {
                self.down.store(true, Ordering::SeqCst);
                break;
            }
            assert_eq!(answer.status, 200);
        }
        let begun = Instant::now();
        self.restless();
        assert!(begun.elapsed() < LISTEN_MAX, "it listened for {:?}", begun.elapsed());
        self.refused.store(true, Ordering::SeqCst);
    }

    /// When nobody listens any more: sends the rest of what was begun, and reads what was not read.
    fn finish_slowly(&self, half_sent: Vec<(Connection, u64, Vec<u8>)>, mut unread: Connection) {
        while !self.refused.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        for (mut connection, quantity, rest) in half_sent {
            let answer = connection.exchange(&rest).unwrap();
            self.acknowledge(quantity, &answer);
        }
        let answer = unread.receive().unwrap();
        let Value::Array(orders) = answer.done() else { panic!("not a list") };
        assert!(orders.len() >= ANSWERS_BEFORE, "{}", orders.len());
    }
}
