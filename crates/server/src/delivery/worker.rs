//! Drives the line of one target: reads the feed for it, makes the requests that it wants made, and writes what it has come to.
//!
//! A worker is a task that owns its line alone, so nothing of it is locked. Requests and
//! settlements are tasks, which send notes back. It ends when there is nothing to do until the feed
//! has something for the target, and is started again then.

mod giving_up;
mod pace;
mod reading;

use super::bodies::Bodies;
use super::dispatch::Ground;
use super::flight::{Ended, Flight, Note};
use super::line::{Line, Outcome, RETRIES_MAX, Rules};
use super::post::Post;
use super::whom::{Known, Whom};
use orderpark_domain::{self as domain, Tenant};
use orderpark_store::deliveries::{Lease, Target, TargetState};
use orderpark_store::{EventPlace, ReadError};
use pace::Replays;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How many parts of the feed are read before something is sent.
const READS_MAX: usize = 8;
/// So many outcomes are written without waiting for more.
const SETTLE_AT: usize = 64;
/// How long the cursor may wait to be written that nothing else has moved with.
const AHEAD: Duration = Duration::from_secs(30);
/// How long to wait when the database cannot be asked, or nothing may be sent.
const HOLD: Duration = Duration::from_millis(500);

/// Why a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// There is nothing to do for now.
    Idle,
    /// There is nobody to deliver to for now.
    Nobody,
    /// The lease is not ours any more.
    Lost,
    /// The node stops.
    Stopped,
}

/// A worker's last word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub why: Why,
    /// Up to here there is nothing for the target any more.
    pub read: EventPlace,
    pub failing_since: Option<domain::Instant>,
    /// As of which asking it looked.
    pub asked: Option<u64>,
}

/// Where a worker begins.
pub(super) struct Beginning {
    pub target: Target,
    pub post: Arc<Post>,
    pub cursor: EventPlace,
    pub failing_since: Option<domain::Instant>,
}

pub(super) struct Worker {
    ground: Arc<Ground>,
    target: Target,
    post: Arc<Post>,
    known: Arc<Known>,
    line: Line,
    bodies: Arc<Bodies>,
    /// The tenant that its requests count for, once that is known; it never changes.
    owner: Option<Tenant>,
    /// The state of its target in the database, once that was read.
    proof: Option<TargetState>,
    /// The reload generation for which a challenge was sent.
    challenged: Option<u64>,
    /// Not before this is anything sent: its receiver has a rate.
    paced_until: Option<Instant>,
    /// The place of its replays among those to the same destination.
    replays: Replays,
    tell: UnboundedSender<Note>,
    notes: UnboundedReceiver<Note>,
    /// Aborted with the worker.
    tasks: JoinSet<()>,
    /// As of which asking the ledger was read.
    asked: Option<u64>,
    /// Whether the ledger is to be read again for other reasons.
    rereads: bool,
    /// Whether what was to be written before reading it again is.
    is_flushed: bool,
    unsettled_since: Option<Instant>,
    hold_until: Option<Instant>,
    /// Not before this is the feed read on.
    reads_from: Option<Instant>,
    settles_from: Option<Instant>,
    tried_revision: u32,
    /// The revision of the endpoint as disabled, once operators were told: each request under way
    /// may end so.
    told_disabled: u32,
    is_nobody: bool,
}

impl Worker {
    pub(super) fn new(ground: Arc<Ground>, begin: Beginning) -> Worker {
        let Beginning { target, post, cursor, failing_since } = begin;
        let is_endpoint = matches!(target, Target::Endpoint(_));
        let rules = Rules { endures: !is_endpoint, gives_up: is_endpoint, is_shared: true };
        let fresh = Duration::from_millis(ground.app.settings.deliveries.fresh_ms);
        let (tell, notes) = mpsc::unbounded_channel();
        Worker {
            known: Arc::new(Known::new(target, fresh)),
            line: Line::new(rules, cursor, failing_since),
            ground,
            target,
            post,
            bodies: Arc::default(),
            owner: None,
            proof: None,
            challenged: None,
            paced_until: None,
            replays: Replays::None,
            tell,
            notes,
            tasks: JoinSet::new(),
            asked: None,
            rereads: false,
            is_flushed: false,
            unsettled_since: None,
            hold_until: None,
            reads_from: None,
            settles_from: None,
            tried_revision: 0,
            told_disabled: 0,
            is_nobody: false,
        }
    }

    /// Works until there is a reason to end.
    pub(super) async fn run(mut self) -> Ending {
        loop {
            while let Ok(note) = self.notes.try_recv() {
                self.hear(note);
            }
            while self.tasks.try_join_next().is_some() {}
            if self.post.is_lost() {
                return self.ending(Why::Lost);
            }
            if self.hold_until.is_none_or(|until| until <= Instant::now()) {
                self.hold_until = None;
                if let Err(error) = self.step().await {
                    tracing::warn!(target = ?self.target, %error, "deliveries wait for the database");
                    self.hold_until = Some(Instant::now() + HOLD);
                }
            }
            self.settle();
            if let Some(why) = self.reason_to_end() {
                return self.ending(why);
            }
            self.wait().await;
        }
    }

    fn ending(&self, why: Why) -> Ending {
        // Where nobody is to be told now, what was read and not sent is read again.
        let read = if why == Why::Nobody { self.line.news_cursor() } else { self.line.news_read() };
        let failing_since = self.line.failing_since();
        Ending { why, read, failing_since, asked: self.asked }
    }

    /// Does what can be done now.
    async fn step(&mut self) -> Result<(), ReadError> {
        // Whatever keeps it from reading on, it must not be woken for that.
        self.reads_from = None;
        if self.post.is_stopping() {
            return Ok(());
        }
        let asked = self.post.asked();
        if self.asked != Some(asked) {
            self.known.forget().await;
        }
        if let Some(why) = self.line.given_up() {
            self.give_up(why).await?;
        }
        let Some(whom) = self.known.now(&self.ground.app).await? else {
            if !self.is_nobody {
                self.is_nobody = true;
                self.line.forgive();
                self.ground.app.outages.forget(self.target);
            }
            // Should there be somebody again before this has ended, the ledger is read again.
            (self.asked, self.rereads) = (Some(asked), true);
            return Ok(());
        };
        self.is_nobody = false;
        self.post.wants_only(whom.kinds());
        if self.owner.is_none() {
            self.owner = Some(whom.owner(&self.ground.app).await?);
        }
        if !self.load(&whom).await? || !self.has_proof(&whom).await? {
            return Ok(());
        }
        self.yield_replay();
        self.read_on().await?;
        self.launch(&whom);
        Ok(())
    }

    /// Reads while the line wants more and there is more, but not so long that nothing is sent
    /// meanwhile.
    async fn read_on(&mut self) -> Result<(), ReadError> {
        for _ in 0..READS_MAX {
            let Some(wish) = self.line.wish(self.ground.ring.end()) else { return Ok(()) };
            if !self.read(wish).await? {
                return Ok(());
            }
        }
        self.reads_from = Some(Instant::now());
        Ok(())
    }

    /// Reads what the ledger holds, at the beginning and whenever there is reason to, after all is
    /// written. False: not yet.
    async fn load(&mut self, whom: &Whom) -> Result<bool, ReadError> {
        let asked = self.post.asked();
        let is_wanted = self.asked != Some(asked) || self.rereads || self.line.wants_retries();
        if !is_wanted {
            return Ok(true);
        }
        if self.line.is_settling() {
            return Ok(self.asked.is_some());
        }
        if self.line.unsettled() > 0 && !self.is_flushed {
            self.settles_from = None;
            self.settle_now();
            return Ok(self.asked.is_some());
        }
        let store = &self.ground.app.store;
        let most = u32::try_from(RETRIES_MAX).unwrap_or(u32::MAX);
        let (rows, replay) = {
            let _turn = self.turn().await;
            (store.page_retries(self.target, most).await?, store.next_replay(self.target).await?)
        };
        let is_complete = rows.len() < RETRIES_MAX;
        if self.proof.is_none() {
            let state = store.target_state(self.target).await?;
            self.line.load_sides(state.sides.clone());
            self.proof = Some(state);
        }
        self.line.load_retries(rows, is_complete, self.ground.app.now());
        let may_replay = self.may_replay(whom, replay.is_some()).await;
        self.line.load_replay(replay.filter(|_| may_replay));
        (self.asked, self.rereads, self.is_flushed) = (Some(asked), false, false);
        Ok(true)
    }

    /// Starts the requests that may be made now.
    fn launch(&mut self, whom: &Whom) {
        let span = self.ground.app.outside.attempt_max();
        let Some(owner) = self.owner.filter(|_| self.post.has_time_for(span)) else { return };
        let now = self.ground.app.now();
        self.paced_until = self.paced_until.filter(|until| *until > Instant::now());
        while self.may_send(whom)
            && let Some(sending) = self.line.next(now)
        {
            if let Err(wait) = self.take_rate(whom, owner) {
                let (outcome, chance) = (Outcome::NotSent, self.ground.app.chance.number());
                self.line.finish(sending.place, outcome, None, now, chance);
                self.paced_until = Some(Instant::now() + wait);
                return;
            }
            let flight = Flight {
                ground: Arc::clone(&self.ground),
                post: Arc::clone(&self.post),
                known: Arc::clone(&self.known),
                bodies: Arc::clone(&self.bodies),
                owner,
                is_failing: self.line.is_failing(),
                sending,
            };
            self.tasks.spawn(flight.run(self.tell.clone()));
        }
    }

    fn hear(&mut self, note: Note) {
        match note {
            Note::Ended(ended) => self.ended(*ended),
            Note::Settled(epoch, Ok(was_written)) => {
                if !was_written && epoch == self.post.epoch() {
                    self.post.lose();
                }
                if self.line.settled(was_written) {
                    // The next one takes its place behind those of others.
                    (self.rereads, self.replays) = (true, Replays::None);
                }
                self.is_flushed = true;
            }
            Note::Settled(_, Err(error)) => {
                tracing::warn!(target = ?self.target, %error, "deliveries could not be settled, and will be");
                self.line.settled(false);
                // It may have been written all the same, and the replay with it.
                self.rereads = true;
                self.is_flushed = true;
                self.settles_from = Some(Instant::now() + HOLD);
            }
        }
    }

    fn ended(&mut self, ended: Ended) {
        let app = &self.ground.app;
        let Ended { place, outcome, attempt, revision, is_nobody } = ended;
        if outcome == Outcome::NotSent {
            self.hold_until = Some(Instant::now() + HOLD);
        }
        self.is_nobody |= is_nobody;
        if let Some(attempt) = attempt.as_ref().filter(|attempt| attempt.failure.is_none()) {
            // From its first success on it is sent to at full speed.
            let was_proven = self.proof.as_ref().is_some_and(|known| known.url.as_ref() == Some(&attempt.url));
            self.paced_until = self.paced_until.filter(|_| was_proven);
            self.proof = Some(TargetState { url: Some(attempt.url.clone()), has_succeeded: true, sides: Vec::new() });
        }
        let given_up = self.line.finish(place, outcome, attempt, app.now(), app.chance.number());
        if given_up.is_some() {
            self.tried_revision = revision;
        }
    }

    /// Writes what there is to write, when it is time.
    fn settle(&mut self) {
        if !self.line.is_unsettled() {
            self.unsettled_since = None;
            return;
        }
        if self.settles_at().is_some_and(|at| at <= Instant::now()) {
            self.settle_now();
        }
    }

    fn settles_at(&mut self) -> Option<Instant> {
        if self.line.is_settling() || !self.line.is_unsettled() {
            return None;
        }
        let settings = &self.ground.app.settings.deliveries;
        let since = *self.unsettled_since.get_or_insert_with(Instant::now);
        let is_urgent = self.is_nobody || self.post.is_stopping() || self.line.unsettled() >= SETTLE_AT;
        // Where nothing but the cursor has moved there is no hurry.
        let wait = if self.line.is_only_ahead() { AHEAD } else { Duration::from_millis(settings.settle_every_ms) };
        let at = if is_urgent { since } else { since + wait };
        Some(self.settles_from.map_or(at, |from| from.max(at)))
    }

    fn settle_now(&mut self) {
        let Some(draft) = self.line.settlement() else { return };
        (self.unsettled_since, self.settles_from) = (None, None);
        let lease = Lease { target: self.target, node: self.ground.node, epoch: self.post.epoch() };
        let (store, tell) = (self.ground.app.store.clone(), self.tell.clone());
        self.tasks.spawn(async move {
            let settled = store.settle_deliveries(&lease, draft).await;
            // An error means that the worker is gone.
            let _ = tell.send(Note::Settled(lease.epoch, settled));
        });
    }

    fn reason_to_end(&self) -> Option<Why> {
        let is_written = self.line.under_way() == 0 && !self.line.is_settling() && !self.line.is_unsettled();
        if self.post.is_stopping() {
            return is_written.then_some(Why::Stopped);
        }
        if self.is_nobody {
            return is_written.then_some(Why::Nobody);
        }
        let is_loaded = self.asked == Some(self.post.asked()) && !self.rereads;
        let is_at_end = self.line.news_read() >= self.ground.ring.end();
        let is_quiet = self.line.is_quiet() && matches!(self.replays, Replays::None);
        (is_loaded && is_at_end && is_quiet).then_some(Why::Idle)
    }

    async fn wait(&mut self) {
        let (now, clock_now) = (Instant::now(), self.ground.app.now());
        let settings = &self.ground.app.settings.deliveries;
        let look = now + Duration::from_millis(settings.look_every_ms);
        let due = self.line.wake_at(clock_now).map(|at| {
            let micros = at.0.saturating_sub(clock_now.0).min(i64::from(u32::MAX));
            now + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
        });
        let short_of_lease = (!self.post.has_time_for(self.ground.app.outside.attempt_max())).then_some(now + HOLD);
        let settles = self.settles_at();
        let reads_from = self.reads_from.filter(|_| self.hold_until.is_none());
        let paced = self.paced_until.filter(|until| *until > now);
        let until = [Some(look), due, settles, self.hold_until, reads_from, short_of_lease, paced];
        let until = until.into_iter().flatten().min();
        tokio::select! {
            biased;
            note = self.notes.recv() => {
                if let Some(note) = note {
                    self.hear(note);
                }
            }
            () = self.post.woken() => {}
            () = sleep_until(until.unwrap_or(look)) => {}
        }
    }
}
