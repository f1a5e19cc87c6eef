//! Clients of several nodes: each wants one order after the other, under a key, and asks another node where one does not answer.

use super::Deployment;
use super::http::{Answer, Connection};
use super::world::{World, assert_whole, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, RwLock};
use std::time::{Duration, Instant};

/// A wish that is not granted in this time is a failure.
const GRANTED_MAX: Duration = Duration::from_secs(30);

/// Where the nodes are, and what all clients were answered.
pub struct Fleet<'w> {
    world: &'w World,
    nodes: RwLock<Vec<SocketAddr>>,
    over: AtomicBool,
    quantity: AtomicUsize,
    granted: Mutex<Vec<Grant>>,
    news: Condvar,
    /// Requests that broke off, and were sent again elsewhere.
    pub broken: AtomicUsize,
    /// Requests that a node could not carry out now, and said so.
    pub unavailable: AtomicUsize,
}

/// An order that was answered.
struct Grant {
    quantity: u64,
    order: String,
    node: SocketAddr,
    at: Instant,
}

impl<'w> Fleet<'w> {
    pub fn new(world: &'w World, nodes: &[&Deployment]) -> Fleet<'w> {
        Fleet {
            world,
            nodes: RwLock::new(nodes.iter().map(|node| node.address()).collect()),
            over: AtomicBool::new(false),
            quantity: AtomicUsize::new(0),
            granted: Mutex::new(Vec::new()),
            news: Condvar::new(),
            broken: AtomicUsize::new(0),
            unavailable: AtomicUsize::new(0),
        }
    }

    /// A node that was started again listens elsewhere.
    pub fn moved(&self, node: usize, to: SocketAddr) {
        self.nodes.write().unwrap()[node] = to;
    }

    /// Does something while clients are at work. They are at home at the nodes in turn, and end when they have what they wanted
    /// last.
    pub fn run(&self, clients: usize, work: impl FnOnce()) {
        struct End<'f>(&'f AtomicBool);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let nodes = self.nodes.read().unwrap().len();
        std::thread::scope(|scope| {
            // Also if the work fails: nobody waits for clients that go on for ever.
            let _end = End(&self.over);
            for number in 0..clients {
                scope.spawn(move || self.client(number % nodes));
            }
            work();
        });
    }

    /// How many orders were answered.
    pub fn granted(&self) -> usize {
        self.granted.lock().unwrap().len()
    }

    /// Waits for so many answers more.
    pub fn wait_for(&self, more: usize) {
        let granted = self.granted.lock().unwrap();
        let wanted = granted.len() + more;
        let answered = self.news.wait_timeout_while(granted, GRANTED_MAX, |granted| granted.len() < wanted);
        assert!(!answered.unwrap().1.timed_out(), "waited in vain for {more} answers");
    }

    /// When this node first answered after this moment; waits for it.
    pub fn first_since(&self, since: Instant, by: SocketAddr) -> Duration {
        let first = |granted: &[Grant]| {
            granted.iter().filter(|grant| grant.at >= since && grant.node == by).map(|grant| grant.at - since).min()
        };
        let granted = self.granted.lock().unwrap();
        let answered = self.news.wait_timeout_while(granted, GRANTED_MAX, |granted| first(granted).is_none());
        first(&answered.unwrap().0).expect("an answer")
    }

    /// The longest time in which this node answered nobody.
    pub fn longest_silence(&self, since: Instant, by: SocketAddr) -> Duration {
        let granted = self.granted.lock().unwrap();
        let mut times: Vec<Instant> = granted.iter().filter(|grant| grant.node == by).map(|grant| grant.at).collect();
        times.push(since);
        times.retain(|at| *at >= since);
        times.sort();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// One client, at home at one of the nodes, until it is told to end.
    fn client(&self, home: usize) {
        let mut connection = None;
        let mut node = home;
        while !self.over.load(Ordering::SeqCst) {
            self.wish(&mut node, &mut connection);
        }
    }

    /// One order more, from this node.
    pub fn wish_at(&self, node: usize) {
        let (begun, address) = (Instant::now(), self.nodes.read().unwrap()[node]);
        self.wish(&mut { node }, &mut None);
        self.first_since(begun, address);
    }

    /// Wants one order, until some node has answered it.
    fn wish(&self, node: &mut usize, connection: &mut Option<Connection>) {
        let quantity = 1 + self.quantity.fetch_add(1, Ordering::SeqCst);
        let subscriber = &self.world.subscribers[quantity % self.world.subscribers.len()];
        let request = self.world.place(subscriber, quantity, None).key(&format!("wish {quantity}")).bytes();
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < GRANTED_MAX, "wish {quantity} is not granted");
            let address = self.nodes.read().unwrap()[*node];
            match exchange(address, connection, &request) {
                Ok(answer) if answer.status == 503 => {
                    self.unavailable.fetch_add(1, Ordering::SeqCst);
                }
                Ok(answer) => return self.grant(quantity as u64, &answer, address),
                Err(_) => {
                    self.broken.fetch_add(1, Ordering::SeqCst);
                    *node = (*node + 1) % self.nodes.read().unwrap().len();
                }
            }
        }
    }

    fn grant(&self, quantity: u64, answer: &Answer, node: SocketAddr) {
        let order = answer.done();
        assert_whole(&order, quantity);
        self.granted.lock().unwrap().push(Grant { quantity, order: text(&order, "ref"), node, at: Instant::now() });
        self.news.notify_all();
    }

    /// Every order that was answered is there once, with the ref that was answered, and nobody made any other.
    pub fn judge(&self, node: &Deployment) {
        let mut found: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
        for order in self.world.list(&mut node.connect(), "state=ALL") {
            found.entry(order["quantity"].as_u64().unwrap()).or_default().push(order);
        }
        for grant in self.granted.lock().unwrap().iter() {
            let orders = found.remove(&grant.quantity).unwrap_or_default();
            let [order] = orders.as_slice() else { panic!("{} is there {} times", grant.quantity, orders.len()) };
            assert_eq!(order["ref"], grant.order.as_str());
            assert_whole(order, grant.quantity);
        }
        assert!(found.is_empty(), "nobody was answered: {found:#?}");
        node.verify();
    }
}

fn exchange(address: SocketAddr, kept: &mut Option<Connection>, request: &[u8]) -> std::io::Result<Answer> {
    let mut connection = kept.take().map_or_else(|| Connection::open(address), Ok)?;
    let answer = connection.exchange(request)?;
    if !answer.closes() {
        *kept = Some(connection);
    }
    Ok(answer)
}
