//! Health of writes: a circuit state that readiness reads, and that is logged when writes begin to
//! fail and when they succeed again.
//!
//! A failure holds for a second at least, so that a database on which some writes fail and others
//! do not changes nothing more often than that, and a busy one says one thing. While writes fail
//! and nobody asks for any, the committer tries one of its own each second (see
//! [`Writer::probe`](super::Writer::probe)), so that readiness comes back without traffic.

use crate::CommitError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a failure holds, and how often a write is tried while nobody asks for one.
pub(super) const HELD_FOR: Duration = Duration::from_secs(1);

/// The state that readiness reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failing(Arc<AtomicBool>);

impl Failing {
    /// Whether writes fail.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The committer's own view.
pub(super) struct WriteHealth {
    failing: Failing,
    outage: Option<Outage>,
}

struct Outage {
    since: Instant,
    /// The last failure.
    last: Instant,
    /// The last failure or probe.
    tried: Instant,
    refused: usize,
}

impl WriteHealth {
    pub(super) fn new(failing: Failing) -> WriteHealth {
        WriteHealth { failing, outage: None }
    }

    /// While writes fail: the time until one is to be tried.
    pub(super) fn probe_due_in(&self) -> Option<Duration> {
        self.outage.as_ref().map(|outage| HELD_FOR.saturating_sub(outage.tried.elapsed()))
    }

    /// A write was tried.
    pub(super) fn probed(&mut self) {
        if let Some(outage) = &mut self.outage {
            outage.tried = Instant::now();
        }
    }

    /// A transaction was committed that wrote something.
    pub(super) fn succeeded(&mut self) {
        let Some(outage) = self.outage.take_if(|outage| outage.last.elapsed() >= HELD_FOR) else { return };
        self.failing.0.store(false, Ordering::Relaxed);
        let seconds = outage.since.elapsed().as_secs();
        tracing::info!(seconds, refused = outage.refused, "writes succeed again");
    }

    /// A transaction failed, and with it so many intents.
    pub(super) fn failed(&mut self, error: &CommitError, refused: usize) {
        match error {
            CommitError::Unavailable(_) | CommitError::OutcomeUnknown(_) => {}
            // Of one intent, and not of the database; what the clock stops has a state of its own.
            CommitError::Refused(_)
            | CommitError::Busy
            | CommitError::TenantBusy(_)
            | CommitError::Corrupt(_)
            | CommitError::Fault(_)
            | CommitError::ClockBehind { .. } => return,
        }
        let now = Instant::now();
        let outage = self.outage.get_or_insert_with(|| {
            self.failing.0.store(true, Ordering::Relaxed);
            tracing::error!(%error, "writes fail: the database does not accept them; changes are answered 503");
            Outage { since: now, last: now, tried: now, refused: 0 }
        });
        (outage.last, outage.tried) = (now, now);
        outage.refused += refused;
    }

    /// So many more were refused because of the same.
    pub(super) fn refused(&mut self, intents: usize) {
        if let Some(outage) = &mut self.outage {
            outage.refused += intents;
        }
    }
}
