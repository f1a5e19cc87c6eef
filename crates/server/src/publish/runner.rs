//! The loop that all publishers share: get the lease, connect, and pass on the feed until something ends that.
//!
//! A page of events is sent as one, and the cursor moves when the broker has confirmed it, or as far as it has. Under load a
//! page is whatever was decided while the one before was under way; at rest an event goes out as soon as it is seen.
//!
//! Every step has an end: connecting and sending take [`STEP_MAX`] at most, a page and the bookkeeping what the store lets
//! them. So the lease is only looked at between steps, and a node that cannot renew it stops before another may begin. Where
//! the broker fails, the lease is given back before the wait: another node may be better placed.

use super::broker::{Broker, Connection, Failure, STEP_MAX};
use super::message::Message;
use super::outage::Outage;
use super::row::{self, Sent};
use super::settings::{Begin, Common};
use orderpark_domain::Scope;
use orderpark_store::deliveries::{Claim, Node, Publisher, Settlement, Target};
use orderpark_store::{Chance, EventPage, EventPlace, ReadError, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// How long a lease is given for.
const LEASE_MS: u64 = 20_000;
/// How often it is renewed, and how often a node without it asks for it.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How many events are read at once.
const PAGE_EVENTS: u32 = 1000;
/// From the end of the feed to the next read at least: under load, many commits are one page.
const READ_EVERY: Duration = Duration::from_millis(20);

/// What a publisher stands on.
pub(super) struct Ground {
    publisher: Publisher,
    store: Store,
    chance: Arc<dyn Chance>,
    node: Node,
    in_flight: usize,
    begin: Begin,
    stop: watch::Receiver<bool>,
}

/// A publisher of this node.
pub(super) struct Runner<B> {
    ground: Ground,
    broker: B,
    outage: Outage,
}

/// The lease, and how far we are.
struct Held {
    claim: Claim,
    /// Behind what is confirmed.
    cursor: EventPlace,
    /// The cursor as it is written.
    written: EventPlace,
    renewed_at: Instant,
    /// When the feed was read to its end.
    ended_at: Option<Instant>,
}

/// Why a node does not go on with what it has the lease for.
#[derive(Debug)]
enum Ended {
    Stopped,
    LeaseLost,
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Ended {
        Ended::Failed(failure)
    }
}

impl From<ReadError> for Ended {
    fn from(error: ReadError) -> Ended {
        Ended::Failed(error.into())
    }
}

impl Ground {
    /// Where a publisher of this node stands. Its node is its own: what others hold on this machine is not its business.
    pub(super) fn new(
        publisher: Publisher,
        store: &Store,
        chance: &Arc<dyn Chance>,
        common: &Common,
        stop: &watch::Sender<bool>,
    ) -> Ground {
        let mut node = [0; 16];
        chance.fill(&mut node);
        Ground {
            publisher,
            store: store.clone(),
            chance: Arc::clone(chance),
            node: Node(node),
            in_flight: usize::from(common.in_flight),
            begin: common.begin,
            stop: stop.subscribe(),
        }
    }

    fn name(&self) -> &'static str {
        match self.publisher {
            Publisher::Nats => "nats",
            Publisher::Mqtt => "mqtt",
        }
    }

    /// The right to publish, if nobody else has it.
    async fn claim(&self) -> Result<Option<Held>, Failure> {
        let asked_at = Instant::now();
        let claim = self.store.claim_publisher(self.publisher, self.node, LEASE_MS).await?;
        Ok(claim.map(|claim| Held {
            claim,
            cursor: claim.cursor,
            written: claim.cursor,
            renewed_at: asked_at,
            ended_at: None,
        }))
    }

    /// Makes the cursor of a publisher that has never published.
    async fn begin(&self) -> Result<(), Failure> {
        let cursor = match self.begin {
            Begin::Now => self.store.events_end().await?.place,
            Begin::Beginning => EventPlace::BEGINNING,
        };
        Ok(self.store.begin_target(Target::Publisher(self.publisher), cursor).await?)
    }

    /// Keeps the lease for the next step, and writes what nobody is told of: that much of the feed concerned no one.
    async fn keep(&self, held: &mut Held) -> Result<(), Ended> {
        if held.renewed_at.elapsed() < RENEW_EVERY {
            return Ok(());
        }
        if held.cursor != held.written {
            self.settle(held, None).await?;
        }
        let asked_at = Instant::now();
        let renewed = self.store.renew_leases(self.node, LEASE_MS).await?;
        if !renewed.iter().any(|claim| claim.lease == held.claim.lease) {
            return Err(Ended::LeaseLost);
        }
        held.renewed_at = asked_at;
        Ok(())
    }

    /// Writes how far we are.
    async fn settle(&self, held: &mut Held, failing_since: Option<orderpark_domain::Instant>) -> Result<(), Ended> {
        let settlement = Settlement { failing_since, ..Settlement::at(held.cursor) };
        if !self.store.settle_deliveries(&held.claim.lease, settlement).await? {
            return Err(Ended::LeaseLost);
        }
        held.written = held.cursor;
        Ok(())
    }

    async fn page(&self, held: &mut Held) -> Result<EventPage, Failure> {
        if let Some(ended_at) = held.ended_at {
            sleep_until(ended_at + READ_EVERY).await;
        }
        let read_at = Instant::now();
        let scope = Scope::system("a broker of the operator's is told everything");
        let page = self.store.page_events(&scope, Some(held.cursor), PAGE_EVENTS).await?;
        held.ended_at = page.is_end.then_some(read_at);
        Ok(page)
    }

    /// Waits as long as that, or until this node stops.
    async fn rest(&self, time: Duration) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = stopped(&mut stop) => {}
            () = sleep(time) => {}
        }
    }

    fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }
}

impl<B: Broker> Runner<B> {
    pub(super) fn new(ground: Ground, broker: B) -> Runner<B> {
        Runner { ground, broker, outage: Outage::default() }
    }

    /// Publishes until this node stops.
    pub(super) async fn run(mut self) {
        let mut has_begun = false;
        while !self.ground.is_stopped() {
            if let Err(failure) = self.turn(&mut has_begun).await {
                self.outage.note(self.ground.name(), &failure, self.ground.store.clock().now());
                self.ground.rest(self.outage.wait(self.ground.chance.number())).await;
            }
        }
    }

    /// Gets the lease, if it can be had, and publishes for as long as that goes well.
    async fn turn(&mut self, has_begun: &mut bool) -> Result<(), Failure> {
        if !*has_begun {
            self.ground.begin().await?;
            *has_begun = true;
        }
        let Some(mut held) = self.ground.claim().await? else {
            let spread = self.ground.chance.number() % 1000;
            self.ground.rest(RENEW_EVERY + Duration::from_millis(spread)).await;
            return Ok(());
        };
        self.outage.adopt(held.claim.failing_since, self.ground.store.clock().now());
        let ended = match self.publish(&mut held).await {
            Ok(never) => match never {},
            Err(ended) => ended,
        };
        self.leave(held, &ended).await;
        match ended {
            Ended::Failed(failure) => Err(failure),
            Ended::Stopped | Ended::LeaseLost => Ok(()),
        }
    }

    /// Writes where we are and gives the lease back, as far as the store lets us; what cannot be written is sent again.
    async fn leave(&mut self, mut held: Held, ended: &Ended) {
        if matches!(ended, Ended::LeaseLost) {
            return;
        }
        let failing_since = match ended {
            Ended::Failed(_) => Some(self.outage.since().unwrap_or_else(|| self.ground.store.clock().now())),
            Ended::Stopped | Ended::LeaseLost => None,
        };
        if held.cursor != held.written || failing_since != held.claim.failing_since {
            let _ = self.ground.settle(&mut held, failing_since).await;
        }
        if let Err(error) = self.ground.store.release_leases(self.ground.node).await {
            tracing::debug!(publisher = self.ground.name(), %error, "the lease is not given back: it will run out");
        }
    }

    async fn publish(&mut self, held: &mut Held) -> Result<Never, Ended> {
        let mut stop = self.ground.stop.clone();
        let mut connection = tokio::select! {
            () = stopped(&mut stop) => return Err(Ended::Stopped),
            connection = self.broker.connect() => connection?,
        };
        let mut moved = self.ground.store.moved();
        loop {
            if self.ground.is_stopped() {
                connection.close().await;
                return Err(Ended::Stopped);
            }
            self.ground.keep(held).await?;
            let page = self.ground.page(held).await?;
            self.pass_on(held, &mut connection, &page).await?;
            if page.is_end && held.cursor == page.next {
                let seen = held.cursor.seq;
                tokio::select! {
                    () = stopped(&mut stop) => {}
                    moved = moved.wait_for(|seq| *seq > seen) => drop(moved.map_err(|_| Ended::Stopped)?),
                    () = sleep_until(held.renewed_at + RENEW_EVERY) => {}
                    failure = connection.ended() => return Err(Ended::Failed(failure)),
                }
            }
        }
    }

    /// Sends a page, and moves the cursor as far as the broker has confirmed it.
    async fn pass_on(
        &mut self,
        held: &mut Held,
        connection: &mut B::Connection,
        page: &EventPage,
    ) -> Result<(), Ended> {
        if page.events.is_empty() {
            held.cursor = page.next;
            return Ok(());
        }
        let messages: Vec<Message> = page.events.iter().map(Message::of).collect();
        // Reading may have taken its time.
        self.ground.keep(held).await?;
        let Sent { confirmed, failure } = row::send(connection, &messages, self.ground.in_flight).await;
        if let Some(last) = confirmed.checked_sub(1) {
            held.cursor = if confirmed == messages.len() { page.next } else { page.events[last].place };
            self.outage.end(self.ground.name());
            self.ground.settle(held, None).await?;
        }
        failure.map_or(Ok(()), |failure| Err(Ended::Failed(failure)))
    }
}

/// Publishing has no end of its own.
enum Never {}

/// Waits until this node stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is there any more who could say so.
    let _ = stop.wait_for(|stop| *stop).await;
}

// A node that was given its lease must be through with a step before anybody else can begin.
const _: () = assert!(RENEW_EVERY.as_millis() + 2 * STEP_MAX.as_millis() < LEASE_MS as u128);
