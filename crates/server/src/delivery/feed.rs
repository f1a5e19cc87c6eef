//! The end of the feed in memory: read once by the node, and shared by all its workers.

use orderpark_store::{EventPlace, FeedEvent};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// How many events the ring holds at most.
const EVENTS_MAX: usize = 2048;
/// How large they may be together, in [`parts`](orderpark_domain::feed::Notice::parts).
const PARTS_MAX: usize = 8192;

/// The newest events that were read.
pub(super) struct Ring(Mutex<Events>);

struct Events {
    newest: VecDeque<Arc<FeedEvent>>,
    parts: usize,
    /// Behind it nothing is missing.
    start: EventPlace,
    /// Up to here the feed was read.
    end: EventPlace,
    /// When that was.
    read_at: Instant,
}

/// A part of the feed, for one target.
#[derive(Debug)]
pub(super) struct Stretch {
    /// What concerns it.
    pub events: Vec<Arc<FeedEvent>>,
    /// Up to here.
    pub read: EventPlace,
}

impl Ring {
    /// Empty; it begins here.
    pub(super) fn new(at: EventPlace) -> Ring {
        Ring(Mutex::new(Events { newest: VecDeque::new(), parts: 0, start: at, end: at, read_at: Instant::now() }))
    }

    /// Begins anew.
    pub(super) fn reset(&self, at: EventPlace) {
        *self.lock() = Events { newest: VecDeque::new(), parts: 0, start: at, end: at, read_at: Instant::now() };
    }

    pub(super) fn end(&self) -> EventPlace {
        self.lock().end
    }

    /// When the feed was last read: everything in here could be seen by then.
    pub(super) fn read_at(&self) -> Instant {
        self.lock().read_at
    }

    /// The feed went on with these, up to `end`.
    pub(super) fn push(&self, events: &[Arc<FeedEvent>], end: EventPlace) {
        let mut ring = self.lock();
        for event in events {
            ring.parts += event.notice.parts();
            ring.newest.push_back(Arc::clone(event));
        }
        while ring.newest.len() > EVENTS_MAX || (ring.parts > PARTS_MAX && ring.newest.len() > 1) {
            let Some(oldest) = ring.newest.pop_front() else { break };
            ring.parts -= oldest.notice.parts();
            ring.start = oldest.place;
        }
        (ring.end, ring.read_at) = (end, Instant::now());
    }

    /// What lies behind `after`, not behind `until`, and is wanted, at most `limit`; none: the ring does not reach back so far.
    pub(super) fn behind(
        &self,
        after: EventPlace,
        limit: usize,
        until: EventPlace,
        wants: impl Fn(&FeedEvent) -> bool,
    ) -> Option<Stretch> {
        let ring = self.lock();
        if after < ring.start {
            return None;
        }
        let mut stretch = Stretch { events: Vec::new(), read: ring.end.min(until).max(after) };
        let first = ring.newest.partition_point(|event| event.place <= after);
        for event in ring.newest.range(first..) {
            if stretch.events.len() >= limit || event.place > until {
                break;
            }
            if wants(event) {
                stretch.events.push(Arc::clone(event));
            }
            if stretch.events.len() >= limit {
                stretch.read = event.place;
            }
        }
        Some(stretch)
    }

    fn lock(&self) -> MutexGuard<'_, Events> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests;
