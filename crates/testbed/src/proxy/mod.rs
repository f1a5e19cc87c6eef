//! A bad network between the program and PostgreSQL, on loopback.
//!
//! It reads along: it knows where a message of the protocol ends and which one asks for a commit, so that a test can say
//! "the connection breaks after the commit was sent and before its answer", and it breaks there every time. A connection
//! that PostgreSQL agrees to encrypt is passed on unread.

mod answers;
mod carry;
mod door;
mod relay;
mod requests;
mod watch;

use door::Order;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
pub use watch::Traffic;
use watch::Watch;

/// A moment of the protocol, at the next commit that comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Everything before the commit has been passed on, the commit is not: the server rolls back.
    BeforeCommit,
    /// The commit has been passed on, and the client is cut off at once. The server is not: it carries the commit out,
    /// perhaps only after the client has come back, and its answer is swallowed.
    AfterCommitSent,
    /// The server has committed, and of its answer the client gets one byte.
    AfterFirstByteOfAnswer,
}

/// A proxy in front of PostgreSQL, in a thread of its own; ends with all its connections when dropped.
///
/// What a method says is true when it returns.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    watch: Arc<Watch>,
    orders: Option<UnboundedSender<(Order, Sender<()>)>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Stands in front of what listens there.
    pub fn start(upstream: SocketAddr) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("an address");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (watch, (orders, orders_read)) = (Arc::new(Watch::default()), unbounded_channel());
        let seen = Arc::clone(&watch);
        let thread = thread::spawn(move || runtime.block_on(door::serve(listener, upstream, seen, orders_read)));
        Proxy { address, watch, orders: Some(orders), thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets all connections that there are now.
    pub fn cut(&self) {
        self.order(Order::Cut);
    }

    /// Resets new connections at once, or takes them again; those that there are stay.
    pub fn refuse(&self, refuse: bool) {
        self.watch.refuse(refuse);
    }

    /// Keeps all connections open and passes nothing on, either way; when it ends, what was held back goes its way.
    ///
    /// The system under the proxy still acknowledges what comes, as far as its buffers reach.
    pub fn black_hole(&self, black_hole: bool) {
        self.order(Order::BlackHole(black_hole));
    }

    /// Holds back what comes for this long, each way.
    pub fn delay(&self, delay: Duration) {
        self.order(Order::Delay(delay));
    }

    /// Cuts the connection that next commits, at this moment. Others stay, and new ones are taken.
    pub fn cut_when(&self, moment: Moment) {
        self.watch.arm(moment, false);
    }

    /// The same, and from that moment refuses new connections, until [`Proxy::refuse`] takes them again.
    pub fn cut_and_refuse_when(&self, moment: Moment) {
        self.watch.arm(moment, true);
    }

    /// Whether the moment that was last asked for has come.
    pub fn has_cut(&self) -> bool {
        self.watch.has_cut()
    }

    /// What has come by since the start.
    pub fn traffic(&self) -> Traffic {
        self.watch.traffic()
    }

    fn order(&self, order: Order) {
        let (done, wait) = channel();
        let orders = self.orders.as_ref().expect("it runs until it is dropped");
        orders.send((order, done)).expect("the proxy runs");
        wait.recv().expect("the proxy runs");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
