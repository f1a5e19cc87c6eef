//! The node's loop: leases, the end of the feed, and who is to be woken.

mod leases;
mod tidy;

use super::feed::Ring;
use super::post::Post;
use super::whom::product_of;
use super::worker::{Beginning, Ending, Why, Worker};
use crate::App;
use crate::limits::FairLimiter;
use orderpark_domain::feed::Audience;
use orderpark_domain::{self as domain, PartyRef, Scope};
use orderpark_store::deliveries::{Node, Target};
use orderpark_store::{EventPlace, FeedEvent, ReadError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

/// How many events are read at once.
const PAGE_EVENTS: u32 = 256;
/// From one read of the feed to the next at least: under load, many commits are one read.
const READ_EVERY: Duration = Duration::from_millis(10);
/// How many parts of the feed are read at once for targets that are further behind.
const READS_AT_ONCE: usize = 4;
/// How long to wait before the database is asked again that did not answer.
const TROUBLE: Duration = Duration::from_millis(500);
/// How often leases are looked at at most, however often targets change.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often rows that nobody needs any more are looked for.
const TIDY_EVERY: Duration = Duration::from_mins(1);
/// After so much of the feed, in [`parts`](orderpark_domain::feed::Notice::parts), targets are woken also by what they do not
/// want: a part of what the ring holds, so that they find it there.
const PASSED_MAX: usize = 1_024;

/// What the workers of a node share.
pub(super) struct Ground {
    pub app: Arc<App>,
    /// This run of this program.
    pub node: Node,
    pub ring: Ring,
    /// One turn a request.
    pub places: FairLimiter,
    pub failing_places: FairLimiter,
    /// One permit a read of the feed or of retries for one target, in turns by tenant.
    pub reads: FairLimiter,
}

/// A target that this node has.
struct Slot {
    post: Arc<Post>,
    work: Work,
    /// While nobody works: up to here there is nothing for it.
    read: EventPlace,
    failing_since: Option<domain::Instant>,
    asked: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Nothing to do.
    Idle,
    /// Nobody to deliver to.
    Dormant,
    Working,
}

struct Dispatch {
    ground: Arc<Ground>,
    slots: BTreeMap<Target, Slot>,
    /// Endpoints by whose they are; the operator's hear everything.
    by_party: HashMap<PartyRef, BTreeSet<Target>>,
    of_operator: BTreeSet<Target>,
    /// Whom events concern of kinds that they do not want, as far as is known: they are woken by the next renewal, and look
    /// for themselves. So nothing is missed where somebody has just come to want them.
    later: BTreeSet<Target>,
    /// How much of the feed has passed since they were woken.
    passed: usize,
    workers: JoinSet<Ending>,
    /// At most one round.
    tidying: JoinSet<()>,
    /// Whose each worker is.
    names: HashMap<Id, (Target, Arc<Post>)>,
    /// Whether the ring has begun: it does with the first target.
    has_begun: bool,
    renewed_at: Instant,
    /// Whether this node ever had a lease.
    has_held: bool,
    is_behind: bool,
    next: Times,
}

/// When what is to be done next.
struct Times {
    claim: Instant,
    renew: Instant,
    read: Instant,
    tidy: Instant,
}

/// Runs the deliveries of this node until told to stop.
pub(super) async fn run(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut moved = app.store.moved();
    let mut dispatch = Dispatch::new(Arc::clone(&app));
    while !*stopping.borrow() {
        dispatch.step().await;
        let until = dispatch.wakes_at();
        let is_behind = dispatch.is_behind;
        tokio::select! {
            biased;
            changed = stopping.changed() => if changed.is_err() { break },
            ended = dispatch.workers.join_next_with_id(), if !dispatch.workers.is_empty() => {
                if let Some(ended) = ended {
                    dispatch.ended(ended);
                }
            }
            () = app.deliveries.woken() => dispatch.poked(&app.deliveries.take()),
            changed = moved.changed(), if !is_behind => {
                if changed.is_err() {
                    break;
                }
                let seq = *moved.borrow_and_update();
                dispatch.moved(seq).await;
            }
            () = sleep_until(until) => {}
        }
    }
    dispatch.stop().await;
}

impl Dispatch {
    fn new(app: Arc<App>) -> Dispatch {
        let mut node = [0; 16];
        app.chance.fill(&mut node);
        let settings = &app.settings.deliveries;
        let ground = Ground {
            ring: Ring::new(EventPlace::BEGINNING),
            places: FairLimiter::new(settings.places),
            failing_places: FairLimiter::new(settings.failing_places),
            reads: FairLimiter::new(READS_AT_ONCE),
            node: Node(node),
            app,
        };
        let now = Instant::now();
        Dispatch {
            ground: Arc::new(ground),
            slots: BTreeMap::new(),
            by_party: HashMap::new(),
            of_operator: BTreeSet::new(),
            later: BTreeSet::new(),
            passed: 0,
            workers: JoinSet::new(),
            tidying: JoinSet::new(),
            names: HashMap::new(),
            has_begun: false,
            renewed_at: now,
            has_held: false,
            is_behind: true,
            next: Times { claim: now, renew: now, read: now, tidy: now },
        }
    }

    /// Does what is due.
    async fn step(&mut self) {
        let now = Instant::now();
        let settings = self.ground.app.settings.deliveries.clone();
        if now >= self.next.renew {
            self.renewed_at = now;
            self.next.renew = now + Duration::from_millis(settings.renew_every_ms);
            let later = std::mem::take(&mut self.later);
            self.wake(later);
            if let Err(error) = self.renew().await {
                self.next.renew = now + TROUBLE;
                self.note("leases of deliveries could not be renewed", Some(error));
            }
        }
        if now >= self.next.claim {
            self.next.claim = now + Duration::from_millis(settings.claim_every_ms);
            let claimed = self.claim().await;
            self.note("deliveries could not be claimed", claimed.err());
        }
        if now >= self.next.tidy {
            self.next.tidy = now + TIDY_EVERY;
            self.tidy();
        }
        if self.is_behind && now >= self.next.read {
            let read = self.read().await;
            let pause = match &read {
                // Under a flood of events each further one would wait longer.
                Ok(()) if self.is_behind => Duration::ZERO,
                Ok(()) => READ_EVERY,
                Err(_) => TROUBLE,
            };
            self.next.read = Instant::now() + pause;
            self.note("the feed could not be read for deliveries", read.err());
        }
    }

    fn wakes_at(&self) -> Instant {
        let Times { claim, renew, read, tidy } = self.next;
        let first = claim.min(renew).min(tidy);
        if self.is_behind && self.has_begun { first.min(read) } else { first }
    }

    fn note(&self, what: &str, error: Option<ReadError>) {
        if let Some(error) = error {
            tracing::warn!(%error, targets = self.slots.len(), "{what}");
        }
    }

    /// Begins a round, unless the one before goes on.
    fn tidy(&mut self) {
        while self.tidying.try_join_next().is_some() {}
        if self.tidying.is_empty() {
            let targets = self.slots.keys().copied().collect();
            self.tidying.spawn(tidy::tidy(Arc::clone(&self.ground), targets));
        }
    }

    /// Starts a worker where nobody works.
    fn start(&mut self, target: Target) {
        let Some(slot) = self.slots.get_mut(&target).filter(|slot| slot.work != Work::Working) else { return };
        slot.work = Work::Working;
        let post = Arc::clone(&slot.post);
        let begin = Beginning { target, post, cursor: slot.read, failing_since: slot.failing_since };
        let worker = Worker::new(Arc::clone(&self.ground), begin);
        let task = self.workers.spawn(worker.run());
        self.names.insert(task.id(), (target, Arc::clone(&slot.post)));
    }

    fn ended(&mut self, ended: Result<(Id, Ending), JoinError>) {
        let (id, ending) = match ended {
            Ok((id, ending)) => (id, Some(ending)),
            Err(panic) => {
                tracing::error!(%panic, "a worker of deliveries panicked");
                (panic.id(), None)
            }
        };
        let Some((target, post)) = self.names.remove(&id) else { return };
        let slot = self.slots.get_mut(&target).filter(|slot| Arc::ptr_eq(&slot.post, &post));
        let Some(slot) = slot else { return };
        let Some(ending) = ending.filter(|ending| ending.why != Why::Lost) else {
            // What is known of it stands in the ledger, from where it is taken up again.
            self.lose(target);
            return;
        };
        (slot.read, slot.failing_since) = (ending.read, ending.failing_since);
        slot.work = if ending.why == Why::Nobody { Work::Dormant } else { Work::Idle };
        let is_news = slot.post.concerned() > slot.read;
        let is_asked = ending.asked != Some(slot.post.asked());
        if is_asked || (ending.why == Why::Idle && is_news) {
            self.start(target);
        }
    }

    fn poked(&mut self, targets: &BTreeSet<Target>) {
        for target in targets {
            if self.slots.contains_key(target) {
                self.look_anew(*target);
            } else {
                // A lease that was ours before may still be. Many changes in a row are one look.
                let soon = Instant::now().max(self.renewed_at + LOOK_EVERY);
                (self.next.claim, self.next.renew) = (self.next.claim.min(soon), self.next.renew.min(soon));
            }
        }
    }

    fn look_anew(&mut self, target: Target) {
        if let Some(slot) = self.slots.get(&target) {
            slot.post.ask();
            self.start(target);
        }
    }

    /// The journal has moved.
    async fn moved(&mut self, seq: u64) {
        self.is_behind = true;
        let end = self.ground.ring.end();
        if !self.has_begun || seq >= end.seq {
            return;
        }
        match self.ground.app.store.events_end().await {
            Ok(now) if now.place < end => self.begin_anew().await,
            Ok(_) => {}
            Err(error) => self.note("the end of the feed could not be read", Some(error)),
        }
    }

    /// Reads on, and wakes who is concerned.
    async fn read(&mut self) -> Result<(), ReadError> {
        if !self.has_begun {
            return Ok(());
        }
        let before = self.ground.ring.end();
        let scope = Scope::system("the end of the feed is read for all targets together");
        let page = self.ground.app.store.page_events(&scope, Some(before), PAGE_EVENTS).await?;
        self.is_behind = !page.is_end;
        let events: Vec<Arc<FeedEvent>> = page.events.into_iter().map(Arc::new).collect();
        let mut concerned = BTreeSet::new();
        for event in &events {
            self.passed += event.notice.parts();
            for target in self.concerned_by(event) {
                let Some(slot) = self.slots.get_mut(&target) else { continue };
                if slot.work == Work::Idle && slot.post.is_past_all(slot.read) {
                    slot.read = slot.read.max(before);
                }
                slot.post.concerns(event);
                let is_wanted = slot.post.wanted(event.notice.kind);
                let whom = if is_wanted { &mut concerned } else { &mut self.later };
                whom.insert(target);
            }
        }
        self.ground.ring.push(&events, page.next);
        if self.passed >= PASSED_MAX {
            self.passed = 0;
            concerned.append(&mut self.later);
        }
        self.wake(concerned);
        Ok(())
    }

    fn wake(&mut self, concerned: BTreeSet<Target>) {
        for target in concerned {
            let Some(slot) = self.slots.get(&target) else { continue };
            slot.post.wake();
            if slot.work == Work::Idle && slot.post.concerned() > slot.read {
                self.start(target);
            }
        }
    }

    fn concerned_by(&self, event: &FeedEvent) -> BTreeSet<Target> {
        let mut concerned = self.of_operator.clone();
        if let Some(Audience { vendor, subscriber, supplier }) = event.notice.audience() {
            for party in [Some(vendor), subscriber, supplier].into_iter().flatten() {
                concerned.extend(self.by_party.get(&party).into_iter().flatten());
            }
        }
        concerned.extend(product_of(event).map(Target::Supplier).filter(|target| self.slots.contains_key(target)));
        concerned
    }

    /// Lets the workers settle what is under way, and gives the leases back.
    async fn stop(mut self) {
        for slot in self.slots.values() {
            slot.post.stop();
        }
        let all = async { while self.workers.join_next().await.is_some() {} };
        if timeout(Duration::from_millis(self.ground.app.settings.deliveries.stop_max_ms), all).await.is_err() {
            tracing::warn!("deliveries under way took too long, and will be made again");
        }
        self.workers.shutdown().await;
        self.tidying.shutdown().await;
        let moved = self.move_cursors().await;
        self.note("cursors could not be moved", moved.err());
        let released = self.ground.app.store.release_leases(self.ground.node).await;
        self.note("leases could not be given back", released.err());
    }
}
