//! How well a target does: how much it is sent at a time, and whether it is only probed.
//!
//! The window begins at 4, grows by one with every quick success, and halves with every failure and every slow success, so that
//! a slow receiver cannot hold many of the places that all share. After three failures in a row the target counts as failing: it
//! is sent one at a time, and new events only as probes, the first after 5 s, then at intervals that double up to 5 minutes.

use super::schedule::PAUSE_MAX_S;
use orderpark_domain::Instant;

/// The most requests that a target has under way.
pub(super) const WINDOW_MAX: usize = 16;
const WINDOW_FIRST: usize = 4;
const FAILING_AFTER: u32 = 3;
/// From here on, a success is a slow one.
const SLOW_US: u64 = 1_000_000;
const PROBE_FIRST_S: i64 = 5;
const PROBE_MAX_S: i64 = 300;

#[derive(Debug)]
pub(super) struct Health {
    window: usize,
    /// In a row.
    failures: u32,
    failing_since: Option<Instant>,
    paused_until: Option<Instant>,
    probe_at: Instant,
    probe_pause_s: i64,
}

impl Health {
    /// Who was failing when another node had it is probed at once.
    pub(super) fn new(failing_since: Option<Instant>) -> Health {
        let (window, failures) = if failing_since.is_some() { (1, FAILING_AFTER) } else { (WINDOW_FIRST, 0) };
        let probe_at = Instant(i64::MIN);
        Health { window, failures, failing_since, paused_until: None, probe_at, probe_pause_s: PROBE_FIRST_S }
    }

    pub(super) fn succeeded(&mut self, took_us: u64) {
        self.window = if took_us >= SLOW_US { (self.window / 2).max(1) } else { (self.window + 1).min(WINDOW_MAX) };
        self.failures = 0;
        self.failing_since = None;
    }

    /// What was before does not count any more.
    pub(super) fn forgive(&mut self) {
        self.failing_since = None;
    }

    pub(super) fn failed(&mut self, is_probe: bool, pause_s: Option<u64>, now: Instant) {
        let was_failing = self.is_failing();
        self.window = (self.window / 2).max(1);
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert(now);
        if let Some(pause_s) = pause_s {
            let until = now.plus_seconds(i64::try_from(pause_s.min(PAUSE_MAX_S)).unwrap_or(0));
            self.paused_until = Some(self.paused_until.map_or(until, |before| before.max(until)));
        }
        if !self.is_failing() {
            return;
        }
        self.window = 1;
        if !was_failing {
            self.probe_pause_s = PROBE_FIRST_S;
            self.probe_at = now.plus_seconds(PROBE_FIRST_S);
        } else if is_probe {
            self.probe_at = now.plus_seconds(self.probe_pause_s);
            self.probe_pause_s = (self.probe_pause_s * 2).min(PROBE_MAX_S);
        }
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failures >= FAILING_AFTER
    }

    pub(super) fn may_probe(&self, now: Instant) -> bool {
        !self.is_failing() || self.probe_at <= now
    }

    /// When the next probe may be sent; none for who is not failing.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        self.is_failing().then_some(self.probe_at)
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    pub(super) fn failing_since(&self) -> Option<Instant> {
        self.failing_since
    }

    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }
}
