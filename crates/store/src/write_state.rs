//! Write availability of the store (load shedding for changes), and the check of one cause: a clock
//! that is far behind the end of the journal.

use crate::clock::Shown;
use orderpark_domain::{Event, Instant};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Whether the store takes changes, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteState {
    /// It does.
    Taken,
    /// It is closed, or its committer has ended.
    Stopped,
    /// PostgreSQL cannot be reached.
    Unreachable,
    /// Writes fail: the disk is full, for example.
    Failing,
    /// The journal ends in the future.
    ClockBehind {
        /// When its last entry was decided.
        journal: Instant,
        /// The clock's reading.
        now: Instant,
    },
}

/// The largest accepted lead of the journal over the clock, in microseconds.
const AHEAD_MAX: i64 = 3_600 * 1_000_000;

/// The end of the journal on the clock.
///
/// The journal's clock never goes back (docs/decisions/0004): behind an entry that was dated by a
/// clock ten years ahead, everything would be dated in those years. So the business stops until
/// somebody has looked. Tokens go on, because reading needs them.
#[derive(Debug)]
pub(crate) struct JournalTime {
    at: AtomicI64,
    /// Whether the operator has said to go on all the same.
    accepted: bool,
    /// Whether it was told that the clock is behind.
    told: AtomicBool,
}

impl JournalTime {
    pub(crate) fn new(accepted: bool) -> JournalTime {
        JournalTime { at: AtomicI64::new(0), accepted, told: AtomicBool::new(false) }
    }

    /// The journal ends there now.
    pub(crate) fn ends_at(&self, at: Instant) {
        self.at.store(at.0, Ordering::Relaxed);
    }

    /// Whether the clock is far behind it: then, when the last entry was decided. Tells the log
    /// once, and again when it is over.
    pub(crate) fn ahead_of(&self, now: Instant) -> Option<Instant> {
        let at = Instant(self.at.load(Ordering::Relaxed));
        let is_ahead = at.0.saturating_sub(now.0) > AHEAD_MAX;
        if self.told.load(Ordering::Relaxed) != is_ahead && self.told.swap(is_ahead, Ordering::Relaxed) != is_ahead {
            let (journal, now) = (Shown(at), Shown(now));
            match (is_ahead, self.accepted) {
                (true, false) => tracing::error!(
                    %journal, %now, "the clock is far behind the end of the journal: no changes are taken until the clock \
                    is right, or serve is started with --accept-clock-behind"
                ),
                (true, true) => tracing::warn!(
                    %journal, %now, "the clock is far behind the end of the journal: changes are dated right after the \
                    last entry until that time has come"
                ),
                (false, _) => tracing::info!(
                    %journal, %now, "the clock is no longer behind the end of the journal: changes are taken"
                ),
            }
        }
        (is_ahead && !self.accepted).then_some(at)
    }
}

/// Whether these may be decided though the clock is behind: nothing but tokens.
pub(crate) fn may_be_dated_ahead(events: &[Event]) -> bool {
    events.iter().all(|event| matches!(event, Event::TokenIssued(_) | Event::TokenRevoked(_)))
}
