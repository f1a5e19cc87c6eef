//! What a line has to write: the outcomes since it wrote last, kept until they are known to be written.

use orderpark_domain::{Instant, Tenant};
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{Attempt, Retry, Settlement};
use std::collections::BTreeMap;

/// A settlement to be written.
pub type Draft = Settlement;

#[derive(Debug, Default)]
struct Changes {
    /// Retries: new or changed, or none where they are done.
    retries: BTreeMap<EventPlace, Option<Retry>>,
    attempts: Vec<Attempt>,
}

/// What was written of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    cursor: EventPlace,
    failing_since: Option<Instant>,
    /// Which replay, and how far.
    replayed: Option<(u64, EventPlace)>,
    replay_done: bool,
    /// The cursors of backlogs.
    sides: Vec<(Tenant, EventPlace)>,
}

#[derive(Debug)]
pub(super) struct Ledger {
    waiting: Changes,
    /// What is being written, and how it will be then.
    settling: Option<(Changes, Written)>,
    written: Written,
    failing_since: Option<Instant>,
}

impl Ledger {
    pub(super) fn new(cursor: EventPlace, failing_since: Option<Instant>) -> Ledger {
        let written = Written { cursor, failing_since, replayed: None, replay_done: false, sides: Vec::new() };
        Ledger { waiting: Changes::default(), settling: None, written, failing_since }
    }

    /// How many outcomes are not known to be written.
    pub(super) fn len(&self) -> usize {
        let settling = self.settling.as_ref().map_or(0, |(changes, _)| changes.len());
        self.waiting.len() + settling
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= super::UNSETTLED_MAX
    }

    pub(super) fn is_settling(&self) -> bool {
        self.settling.is_some()
    }

    /// Whether nothing was, is being, or has to be written but a cursor.
    pub(super) fn is_quiet(&self) -> bool {
        self.len() == 0
            && self.settling.is_none()
            && self.failing_since == self.written.failing_since
            && self.written.sides.is_empty()
    }

    /// Whether it is about to write something of this retry.
    pub(super) fn knows(&self, place: EventPlace) -> bool {
        let settling = self.settling.as_ref().is_some_and(|(changes, _)| changes.retries.contains_key(&place));
        settling || self.waiting.retries.contains_key(&place)
    }

    pub(super) fn keep(&mut self, retry: Retry) {
        self.waiting.retries.insert(retry.place, Some(retry));
    }

    pub(super) fn done(&mut self, place: EventPlace) {
        self.waiting.retries.insert(place, None);
    }

    pub(super) fn log(&mut self, attempt: Attempt) {
        self.waiting.attempts.push(attempt);
    }

    pub(super) fn failing_since(&mut self, since: Option<Instant>) {
        self.failing_since = since;
    }

    /// These backlogs stand in the database.
    pub(super) fn has_sides(&mut self, sides: Vec<(Tenant, EventPlace)>) {
        self.written.sides = sides;
    }

    pub(super) fn begin_replay(&mut self) {
        self.written.replayed = None;
        self.written.replay_done = false;
    }

    /// Whether there is anything to write.
    pub(super) fn differs(
        &self,
        cursor: EventPlace,
        replayed: Option<(u64, EventPlace)>,
        sides: &[(Tenant, EventPlace)],
    ) -> bool {
        let about_to = self.settling.as_ref().map_or(&self.written, |(_, written)| written);
        self.waiting.len() > 0
            || about_to.cursor != cursor
            || about_to.failing_since != self.failing_since
            || (replayed.is_some() && about_to.replayed != replayed)
            || about_to.sides != sides
    }

    /// What is to be written; `replayed` is the replay with its cursor, and `replay_done` whether it is at its end.
    pub(super) fn draft(
        &mut self,
        cursor: EventPlace,
        replayed: Option<(u64, EventPlace)>,
        replay_done: bool,
        sides: Vec<(Tenant, EventPlace)>,
    ) -> Option<Draft> {
        let is_new = self.differs(cursor, replayed, &sides) || replay_done;
        if self.settling.is_some() || !is_new {
            return None;
        }
        let changes = std::mem::take(&mut self.waiting);
        let failing_since = self.failing_since;
        let written = Written { cursor, failing_since, replayed, replay_done, sides: sides.clone() };
        let draft = Settlement {
            cursor,
            failing_since,
            done: changes.retries.iter().filter(|(_, retry)| retry.is_none()).map(|(place, _)| *place).collect(),
            retries: changes.retries.values().flatten().cloned().collect(),
            attempts: changes.attempts.clone(),
            replayed,
            replay_done,
            sides,
        };
        self.settling = Some((changes, written));
        Some(draft)
    }

    /// Ends what [`Ledger::draft`] began; true: with the replay.
    pub(super) fn settled(&mut self, was_written: bool) -> bool {
        let Some((mut changes, written)) = self.settling.take() else { return false };
        if was_written {
            let replay_done = written.replay_done;
            self.written = written;
            return replay_done;
        }
        // What came since is newer.
        changes.retries.append(&mut self.waiting.retries);
        changes.attempts.append(&mut self.waiting.attempts);
        self.waiting = changes;
        false
    }
}

impl Changes {
    fn len(&self) -> usize {
        self.retries.len().max(self.attempts.len())
    }
}
