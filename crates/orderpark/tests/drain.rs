//! L-01: SIGTERM under load.
//!
//! Who watches readiness, as a load balancer does, turns away when it is told to and loses nothing. Who does not is
//! refused in the end, but never cut off in the middle of an answer. What was on its way when the signal came is
//! finished, however slow its client is. Connections on which nothing happens hold nothing up.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]

mod harness;

use harness::Deployment;
use harness::http::{Answer, Connection, get};
use harness::world::{ORDERS, World, assert_whole, text};
use orderpark_testbed::Engine;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
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
/// How long the program goes on listening while readiness says no, for those who ask it.
const GRACE: Duration = Duration::from_millis(500);
/// How long after readiness said no somebody may still be let in.
const LISTEN_MAX: Duration = Duration::from_secs(5);

struct Load {
    address: SocketAddr,
    world: World,
    /// When readiness was last asked and said yes.
    ready_at: Mutex<Instant>,
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
    stop_under_load(Engine::Sqlite);
}

#[test]
fn sigterm_under_load_cuts_no_request_on_postgres() {
    stop_under_load(Engine::Postgres);
}

fn stop_under_load(engine: Engine) {
    let mut deployment = Deployment::on(engine, &[]);
    let world = World::make(&deployment, 8);
    let load = Load {
        address: deployment.address(),
        world,
        ready_at: Mutex::new(Instant::now()),
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
        "{engine} stopped with {code:?} after {took:?}; {} orders acknowledged, {} answers after readiness said no, \
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

/// A body that goes on is answered, one that does not is given up after some seconds, and half a
/// head at once.
#[test]
fn what_is_half_sent_holds_sigterm_for_a_few_seconds_only() {
    let mut deployment = Deployment::start(&[]);
    let world = World::make(&deployment, 1);
    let request = world.place(&world.subscribers[0], 1, None).bytes();
    let address = deployment.address();
    let begin = |length: usize| {
        let mut connection = deployment.connect();
        connection.exchange(&get("/health/live").bytes()).unwrap().done();
        connection.send(&request[..length]).unwrap();
        connection
    };
    let [mut silent, mut goes_on, mut half_a_head] = [request.len() - 20, request.len() - 20, 40].map(begin);
    let (code, took) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while Connection::open(address).is_ok() {
                std::thread::yield_now();
            }
            for byte in &request[request.len() - 20..] {
                goes_on.send(&[*byte]).unwrap();
            }
            assert_whole(&goes_on.receive().unwrap().done(), 1);
        });
        deployment.stop()
    });
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert_eq!(silent.receive().unwrap().status, 408);
    assert_eq!(half_a_head.receive().unwrap_err().kind(), ErrorKind::NotConnected);
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
            let Some((connection, closes)) = self.place(kept.take()) else { return };
            if leaving {
                self.late.fetch_add(1, Ordering::SeqCst);
                assert!(closes, "a connection is not kept by a program that is about to stop");
                return;
            }
            // The other end is gone when it has counted enough.
            let _ = answers.send(());
            kept = (!closes).then(|| (connection, Instant::now()));
        }
    }

    /// Nobody who asks readiness is turned away before it has said no for as long as promised. On a machine with more to do
    /// than it can, whoever asks may itself be late: what counts is when it last heard a yes.
    fn assert_too_late(&self, error: &io::Error) {
        let said_yes = self.ready_at.lock().unwrap().elapsed();
        let refused = matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotConnected);
        assert!(refused && said_yes > GRACE, "turned away {said_yes:?} after readiness said yes: {error}");
    }

    /// Places an order, on a connection that was kept since then or on a new one. It is answered whole, or nobody has heard
    /// it. Answers the connection, and whether the program closes it.
    fn place(&self, kept: Option<(Connection, Instant)>) -> Option<(Connection, bool)> {
        let (quantity, request) = self.order();
        let (connected, used_at) = match kept {
            Some((connection, used_at)) => (Ok(connection), Some(used_at)),
            None => (Connection::open(self.address), None),
        };
        let mut connection = match connected {
            Ok(connection) => connection,
            Err(error) => {
                self.assert_too_late(&error);
                return None;
            }
        };
        let sent = connection.send(&request).map_err(|error| io::Error::new(ErrorKind::NotConnected, error));
        match sent.and_then(|()| connection.receive()) {
            Ok(answer) => {
                self.acknowledge(quantity, &answer);
                Some((connection, answer.closes()))
            }
            Err(error) => {
                self.assert_too_late(&error);
                let used = used_at.map(|used_at| used_at.elapsed());
                assert!(used.is_none_or(|used| used > GRACE), "cut off {used:?} after its last answer: {error}");
                self.unheard.fetch_add(1, Ordering::SeqCst);
                None
            }
        }
    }

    /// Places orders until nobody listens.
    fn stubborn(&self) {
        let mut kept = None;
        while !self.refused.load(Ordering::SeqCst) {
            let placed = self.place(kept.take());
            kept = placed.filter(|(_, closes)| !closes).map(|(connection, _)| (connection, Instant::now()));
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
            let asked = Instant::now();
            let answer = Connection::open(self.address)
                .and_then(|mut connection| connection.exchange(&get("/health/ready").bytes()));
            match answer.map(|answer| answer.status) {
                Ok(200) => *self.ready_at.lock().unwrap() = asked,
                Ok(status) => {
                    assert_eq!(status, 503);
                    break;
                }
                Err(error) => {
                    self.assert_too_late(&error);
                    break;
                }
            }
        }
        self.down.store(true, Ordering::SeqCst);
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
