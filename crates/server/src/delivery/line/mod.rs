//! One target's line: what it is sent, in which order, and when again.
//!
//! A line is a state machine without I/O, clock or chance: the time and the jitter are arguments, and whoever drives it
//! (`worker`, and in tests a simulation) does what it says. It has three sources of work: **news**, the feed behind the target's
//! cursor; **retries**, what failed or stands behind what failed; and a **replay**, a stretch of the feed that is sent again.
//!
//! **Order** is kept per lane. Of a lane there is never more than one request under way, and while it has a retry, whatever
//! comes later in it becomes a retry too, `Held` behind the first. A retry that is exhausted lets the next one go.
//!
//! **Nothing is lost**: the cursor only moves over events that are done or have become retries, and both are written in
//! one settlement ([`Line::settlement`]). What was not settled when a node died is behind the cursor or still a retry, and is
//! sent again with the same id.
//!
//! **Nobody is starved** by another tenant's backlog: see `sides`.
//!
//! **Nothing grows**: at most [`TAKEN_MAX`] events beyond the cursor, [`RETRIES_MAX`] retries, [`UNSETTLED_MAX`] outcomes that are
//! not written yet, and [`health::WINDOW_MAX`] requests under way. Where one is reached, the line takes no more, and the rest waits
//! in the feed.

mod health;
mod lanes;
mod ledger;
mod load;
mod schedule;
mod sides;
mod state;
mod tail;
mod taking;
mod terms;

#[cfg(test)]
mod tests;

pub use ledger::Draft;
pub use schedule::{GIVE_UP_AFTER_S, PAUSE_MAX_S};
pub use terms::{GivenUp, Met, Outcome, Rules, Sending, Source, Wish};

use health::Health;
use lanes::Lanes;
use ledger::Ledger;
use orderpark_domain::Instant;
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{Attempt, Retry, RetryState};
use sides::Sides;
use std::collections::BTreeMap;
use tail::Tail;

/// How many events beyond its cursor a source may have taken in.
pub const TAKEN_MAX: usize = 64;
/// How many retries a line holds in memory.
pub const RETRIES_MAX: usize = 1_000;
/// How many outcomes may wait to be written; nothing is sent beyond that.
pub const UNSETTLED_MAX: usize = 256;
/// How many events a failing line takes in to find one for a probe.
const PROBE_TAKES: usize = 16;
/// The sources, in the order in which they have their turns; all backlogs together are one.
const TURNS: [Turn; 4] = [Turn::Retry, Turn::News, Turn::Replay, Turn::Sides];

#[derive(Clone, Copy, Debug)]
enum Turn {
    Retry,
    News,
    Replay,
    Sides,
}

/// One under way.
#[derive(Clone, Debug)]
struct Flight {
    source: Source,
    number: u32,
    lane: String,
    /// Whether it was sent to see whether a failing target has recovered.
    is_probe: bool,
}

/// A replay that runs.
#[derive(Debug)]
struct Replaying {
    id: u64,
    until: EventPlace,
    tail: Tail,
}

/// The line of one target.
#[derive(Debug)]
pub struct Line {
    rules: Rules,
    news: Tail,
    replay: Option<Replaying>,
    /// The backlogs that were set apart from the news.
    sides: Sides,
    lanes: Lanes,
    /// Retries that lie beyond what was read: others before them were not settled yet.
    beyond: BTreeMap<EventPlace, Retry>,
    /// Whether all retries are in memory.
    is_complete: bool,
    flights: BTreeMap<EventPlace, Flight>,
    health: Health,
    ledger: Ledger,
    given_up: Option<GivenUp>,
    /// Which source is asked first next time.
    turn: usize,
}

impl Line {
    /// A line that goes on behind `cursor`; its retries are to be loaded before it says anything.
    pub fn new(rules: Rules, cursor: EventPlace, failing_since: Option<Instant>) -> Line {
        Line {
            rules,
            news: Tail::new(cursor),
            replay: None,
            sides: Sides::default(),
            lanes: Lanes::default(),
            beyond: BTreeMap::new(),
            is_complete: false,
            flights: BTreeMap::new(),
            health: Health::new(failing_since),
            ledger: Ledger::new(cursor, failing_since),
            given_up: None,
            turn: 0,
        }
    }

    /// The part of the feed to read now, which has been read up to `end`.
    pub fn wish(&self, end: EventPlace) -> Option<Wish> {
        if !self.is_complete || self.given_up.is_some() || self.lanes.len() >= RETRIES_MAX || self.ledger.is_full() {
            return None;
        }
        let room = RETRIES_MAX - self.lanes.len();
        let for_probe = if self.health.is_failing() { PROBE_TAKES } else { TAKEN_MAX };
        let limit = |tail: &Tail| match for_probe {
            PROBE_TAKES if tail.waits() => 0,
            most => most.min(TAKEN_MAX.saturating_sub(tail.len())).min(room),
        };
        let news = Wish { source: Source::News, after: self.news.read(), until: None, limit: limit(&self.news) };
        let replay = self.replay.as_ref().filter(|replay| replay.tail.read() < replay.until);
        let replay = replay.filter(|_| !self.health.is_failing()).map(|replay| Wish {
            source: Source::Replay,
            after: replay.tail.read(),
            until: Some(replay.until),
            limit: limit(&replay.tail),
        });
        let side = self.sides.wish(self.news.read()).filter(|_| !self.health.is_failing());
        let side = side.map(|(tenant, after, limit)| Wish {
            source: Source::Side(tenant),
            after,
            until: Some(self.news.read()),
            limit: limit.min(room),
        });
        let news = Some(news).filter(|news| news.after < end);
        // Neither keeps the other from being read: where nothing of the news waits, they are read
        // first.
        let [first, second] = if self.news.waits() { [side, news] } else { [news, side] };
        [replay, first, second].into_iter().flatten().find(|wish| wish.limit > 0)
    }

    /// How far the feed was read for news.
    pub fn news_read(&self) -> EventPlace {
        self.news.read()
    }

    /// Up to here the events are done, or have become retries.
    pub fn news_cursor(&self) -> EventPlace {
        self.news.cursor()
    }

    /// What to send now, if anything. It is under way from then on, until [`Line::finish`] says what became of it.
    pub fn next(&mut self, now: Instant) -> Option<Sending> {
        let may = self.given_up.is_none()
            && self.flights.len() < self.health.window()
            && self.flights.len() + self.ledger.len() < UNSETTLED_MAX
            && self.health.paused_until().is_none_or(|until| until <= now);
        if !may {
            return None;
        }
        for step in 0..TURNS.len() {
            let turn = TURNS[(self.turn + step) % TURNS.len()];
            if let Some(sending) = self.next_of(turn, now) {
                self.turn += step + 1;
                return Some(sending);
            }
        }
        None
    }

    fn next_of(&mut self, turn: Turn, now: Instant) -> Option<Sending> {
        let (place, lane, number, source) = match turn {
            Turn::Retry => {
                let (place, lane, number) = self.lanes.first_due(now, |place| !self.flights.contains_key(&place))?;
                (place, lane, number, Source::Retry)
            }
            Turn::News if self.health.may_probe(now) => {
                let (place, lane, _) = self.news.start(|lane| self.lanes.is_free(lane))?;
                (place, lane, 1, Source::News)
            }
            Turn::Replay if !self.health.is_failing() => {
                let (place, lane, _) = self.replay.as_mut()?.tail.start(|lane| self.lanes.is_free(lane))?;
                (place, lane, 1, Source::Replay)
            }
            Turn::Sides if !self.health.is_failing() => {
                // What came before the backlog began is among the news.
                let is_free = |lane: &str| self.lanes.is_free(lane) && !self.news.waits_in(lane);
                let (tenant, place, lane) = self.sides.start(is_free)?;
                (place, lane, 1, Source::Side(tenant))
            }
            Turn::News | Turn::Replay | Turn::Sides => return None,
        };
        self.lanes.begin(&lane, now);
        let is_probe = source == Source::News && self.health.is_failing();
        self.flights.insert(place, Flight { source, number, lane, is_probe });
        Some(Sending { place, number, source })
    }

    /// When to ask again, if nothing else happens: a retry is due, a pause ends, or a probe may be sent.
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        if self.given_up.is_some() {
            return None;
        }
        let paused_until = self.health.paused_until().unwrap_or(now);
        let reasons = [self.lanes.wake_at(), self.health.probe_at(), Some(paused_until)];
        // What is past waits for something else, which comes by itself.
        reasons.into_iter().flatten().map(|at| at.max(paused_until)).filter(|at| *at > now).min()
    }

    /// The lane of what is under way.
    #[cfg(test)]
    fn lane(&self, place: EventPlace) -> Option<&str> {
        self.flights.get(&place).map(|flight| flight.lane.as_str())
    }

    /// When the first retry is due.
    #[cfg(test)]
    fn retry_at(&self) -> Option<Instant> {
        self.lanes.wake_at()
    }

    /// Says what became of a sending; `chance` jitters when it is tried again. What is told of it goes into the log.
    pub fn finish(
        &mut self,
        place: EventPlace,
        outcome: Outcome,
        attempt: Option<Attempt>,
        now: Instant,
        chance: u64,
    ) -> Option<GivenUp> {
        let flight = self.flights.remove(&place)?;
        if let Some(attempt) = attempt {
            self.ledger.log(attempt);
        }
        let mut given_up = None;
        match outcome {
            Outcome::NotSent => {
                self.of(flight.source, |tail| tail.put_back(place));
            }
            Outcome::Delivered { took_us } => {
                self.health.succeeded(took_us);
                self.done(place, &flight);
            }
            Outcome::Skipped => self.done(place, &flight),
            Outcome::Failed { pause_s, is_gone } => {
                self.health.failed(flight.is_probe, pause_s, now);
                self.failed(place, &flight, now, chance);
                given_up = self.judge(is_gone, now);
            }
        }
        self.lanes.end(&flight.lane, now);
        self.ledger.failing_since(self.health.failing_since());
        self.hold_back();
        given_up
    }

    fn judge(&mut self, is_gone: bool, now: Instant) -> Option<GivenUp> {
        if !self.rules.gives_up || self.given_up.is_some() {
            return None;
        }
        let since = self.health.failing_since();
        let too_long = since.is_some_and(|since| since.plus_seconds(GIVE_UP_AFTER_S) <= now);
        self.given_up = if is_gone { Some(GivenUp::Gone) } else { too_long.then_some(GivenUp::Failing) };
        if self.given_up.is_some() {
            self.health.forgive();
        }
        self.given_up
    }

    /// The target is disabled: when it is enabled again, what was before shall not count against it.
    pub fn forgive(&mut self) {
        self.health.forgive();
        self.ledger.failing_since(None);
    }

    fn done(&mut self, place: EventPlace, flight: &Flight) {
        if self.lanes.remove(place) {
            self.ledger.done(place);
        }
        self.of(flight.source, |tail| tail.resolve(place));
    }

    fn failed(&mut self, place: EventPlace, flight: &Flight, now: Instant, chance: u64) {
        let lane = flight.lane.clone();
        let state = match schedule::next_s(flight.number, self.rules.endures) {
            Some(delay_s) => {
                let at = schedule::jittered(now, delay_s, chance);
                RetryState::Due(self.health.paused_until().map_or(at, |until| until.max(at)))
            }
            None => RetryState::Exhausted(now),
        };
        let retry = Retry { place, lane, attempts: flight.number, state };
        if matches!(retry.state, RetryState::Exhausted(_)) {
            self.lanes.remove(place);
        } else {
            self.lanes.hold(retry.clone());
        }
        self.ledger.keep(retry);
        self.of(flight.source, |tail| tail.resolve(place));
    }

    fn of(&mut self, source: Source, mut act: impl FnMut(&mut Tail)) {
        match source {
            Source::News => act(&mut self.news),
            Source::Replay => {
                if let Some(replay) = &mut self.replay {
                    act(&mut replay.tail);
                }
            }
            Source::Side(tenant) => {
                self.sides.tail(tenant).into_iter().for_each(act);
                self.sides.end(self.news.read());
            }
            Source::Retry => {}
        }
    }

    /// What is to be written now; none, if nothing is or something is being written. [`Line::settled`] ends it.
    pub fn settlement(&mut self) -> Option<Draft> {
        let (replayed, replay_done) = self.replayed();
        self.ledger.draft(self.news.cursor(), replayed, replay_done, self.sides.cursors())
    }

    /// Whether something is to be written.
    pub fn is_unsettled(&self) -> bool {
        let (replayed, replay_done) = self.replayed();
        self.ledger.differs(self.news.cursor(), replayed, &self.sides.cursors()) || replay_done
    }

    /// Which replay runs, how far it is, and whether that is its end.
    fn replayed(&self) -> (Option<(u64, EventPlace)>, bool) {
        let replay = self.replay.as_ref();
        let is_done = replay.is_some_and(|replay| replay.tail.cursor() >= replay.until);
        (replay.map(|replay| (replay.id, replay.tail.cursor())), is_done)
    }

    /// How many outcomes wait to be written.
    pub fn unsettled(&self) -> usize {
        self.ledger.len()
    }

    /// What the draft said was written, or was not and is to be written again. True: the replay is done, and there may
    /// be another one to load.
    pub fn settled(&mut self, was_written: bool) -> bool {
        let replay_done = self.ledger.settled(was_written);
        if replay_done {
            self.replay = None;
        }
        replay_done
    }
}
