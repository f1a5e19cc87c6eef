//! What a proxy has seen, and what it waits for.

use super::Moment;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What clients have sent, counted by kind of message. What is encrypted is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that were taken.
    pub connections: u64,
    /// Simple queries.
    pub queries: u64,
    /// Statements that were prepared.
    pub parses: u64,
    /// Prepared statements that were carried out.
    pub executes: u64,
    /// Ends of a series of messages, at which an answer is waited for.
    pub syncs: u64,
    /// Commits, among the queries or the executes.
    pub commits: u64,
}

/// The view that all connections of a proxy share.
#[derive(Debug, Default)]
pub struct Watch {
    traffic: Mutex<Traffic>,
    armed: Mutex<Option<(Moment, bool)>>,
    cut: AtomicBool,
    refusing: AtomicBool,
}

impl Watch {
    /// Waits for this moment, after which nobody is let in any more if so said.
    pub fn arm(&self, moment: Moment, refuse: bool) {
        let mut armed = lock(&self.armed);
        self.cut.store(false, Ordering::SeqCst);
        *armed = Some((moment, refuse));
    }

    /// A commit comes by: what shall happen to it. Only the first one is told.
    pub fn commit_comes(&self) -> Option<(Moment, bool)> {
        lock(&self.armed).take()
    }

    /// The moment has come; called before anybody can notice.
    pub fn moment_comes(&self, refuse: bool) {
        if refuse {
            self.refuse(true);
        }
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Whether the moment has come.
    pub fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    /// Lets nobody in, or everybody.
    pub fn refuse(&self, refuse: bool) {
        self.refusing.store(refuse, Ordering::SeqCst);
    }

    /// Whether nobody is let in.
    pub fn refuses(&self) -> bool {
        self.refusing.load(Ordering::SeqCst)
    }

    /// Counts.
    pub fn count(&self, change: impl FnOnce(&mut Traffic)) {
        change(&mut lock(&self.traffic));
    }

    /// What was counted.
    pub fn traffic(&self) -> Traffic {
        *lock(&self.traffic)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
