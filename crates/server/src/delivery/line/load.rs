//! Taking in what the ledger holds, in which somebody may have asked for something behind the line's back.

use super::tail::Tail;
use super::{Line, RETRIES_MAX, Replaying};
use orderpark_domain::{Instant, Tenant};
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{Replay, Retry};

/// How the lanes begin of single events that somebody asked for.
const ASKED_LANE: &str = "replay:";

impl Line {
    /// Takes in what the ledger holds: at the beginning, and whenever something may have been asked for behind our back.
    /// `is_complete`: there are no more of them than these.
    pub fn load_retries(&mut self, rows: Vec<Retry>, is_complete: bool, now: Instant) {
        self.is_complete = is_complete;
        for row in rows {
            // What is about to be written is newer than what was read.
            if !self.ledger.knows(row.place) {
                self.load_retry(row, now);
            }
        }
        self.hold_back();
    }

    /// Takes in the backlogs of tenants, before anything was read. One that is not behind the news
    /// is among them.
    pub fn load_sides(&mut self, sides: Vec<(Tenant, EventPlace)>) {
        for (tenant, cursor) in sides.iter().filter(|(_, cursor)| *cursor < self.news.cursor()) {
            self.sides.begin(*tenant, *cursor);
        }
        self.ledger.has_sides(sides);
    }

    /// Whether others before it may not be settled: it is not read yet, or it was asked for and may
    /// be in a backlog.
    fn is_unread(&self, row: &Retry) -> bool {
        let in_backlog = || self.sides.read_through().is_some_and(|read| row.place > read);
        row.place > self.news.read() || (row.lane.starts_with(ASKED_LANE) && in_backlog())
    }

    /// Takes in the rows that were beyond what was read. What is not wanted any more is passed over
    /// when it is due.
    pub(super) fn load_beyond(&mut self, now: Instant) {
        let read: Vec<EventPlace> =
            self.beyond.values().filter(|row| !self.is_unread(row)).map(|row| row.place).collect();
        for place in read {
            if let Some(row) = self.beyond.remove(&place) {
                self.lanes.load(row, now);
            }
        }
    }

    fn load_retry(&mut self, row: Retry, now: Instant) {
        let place = row.place;
        if self.is_unread(&row) {
            self.beyond.insert(place, row);
        } else if (self.news.is_open(place) || self.sides.is_open(place)) && !self.lanes.has(place) {
            // Somebody asked for what is just being sent.
            self.ledger.done(place);
        } else {
            self.lanes.load(row, now);
        }
    }

    /// An event is taken in of which there is a row already: it was a retry before the cursor came there, or somebody asked for
    /// it, and gets it as it is sent anyway.
    pub(super) fn meet_retry(&mut self, place: EventPlace, lane: &str, now: Instant) {
        match self.beyond.remove(&place) {
            Some(row) if row.lane == lane => self.lanes.load(row, now),
            Some(_) => self.ledger.done(place),
            None => {}
        }
    }

    /// Takes in the replay that was asked for first, if there is one.
    pub fn load_replay(&mut self, replay: Option<Replay>) {
        if self.replay.as_ref().map(|running| running.id) == replay.as_ref().map(|asked| asked.id) {
            return;
        }
        // What lies beyond the cursor is sent anyway.
        let cursor = self.news.cursor();
        self.replay = replay.map(|Replay { id, after, until }| {
            let until = until.min(cursor);
            Replaying { id, until, tail: Tail::new(after.min(until)) }
        });
        self.ledger.begin_replay();
    }

    /// Whether retries are to be read again, because more of them exist than were in memory.
    pub fn wants_retries(&self) -> bool {
        !self.is_complete && self.lanes.len() <= RETRIES_MAX / 2
    }
}
