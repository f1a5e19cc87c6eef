//! The events that a target's worker holds in memory until they are sent.

use orderpark_store::{EventPlace, FeedEvent};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How large they may be together, in [`parts`](orderpark_domain::feed::Notice::parts). What is beyond is read again when it is sent.
const PARTS_MAX: usize = 1024;

/// What was taken in and is not sent yet: a request takes its event out only when it has its place.
#[derive(Default)]
pub(super) struct Bodies {
    events: Mutex<BTreeMap<EventPlace, Arc<FeedEvent>>>,
    reading: tokio::sync::Mutex<()>,
}

impl Bodies {
    /// Holds these too; those go that are not open any more, and the last ones, where it is too much.
    pub(super) fn hold(&self, events: Vec<Arc<FeedEvent>>, is_open: impl Fn(EventPlace) -> bool) {
        let mut bodies = self.lock();
        bodies.extend(events.into_iter().map(|event| (event.place, event)));
        let mut parts = 0;
        bodies.retain(|place, event| {
            let fits = is_open(*place) && parts + event.notice.parts() <= PARTS_MAX;
            parts += if fits { event.notice.parts() } else { 0 };
            fits
        });
    }

    /// The event, if it is in memory.
    pub(super) fn take(&self, place: EventPlace) -> Option<Arc<FeedEvent>> {
        self.lock().remove(&place)
    }

    /// Waits until no other request of the target reads: it may read what this one wants.
    pub(super) async fn one_reads(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.reading.lock().await
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<EventPlace, Arc<FeedEvent>>> {
        // Nothing panics while it is held.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::feed::tests::event;

    fn seqs(bodies: &Bodies) -> Vec<u64> {
        bodies.lock().keys().map(|place| place.seq).collect()
    }

    #[test]
    fn it_holds_what_is_open_until_it_is_taken() {
        let bodies = Bodies::default();
        bodies.hold((1..=4).map(event).collect(), |_| true);
        assert_eq!(bodies.take(event(2).place).expect("the event").place.seq, 2);
        assert!(bodies.take(event(2).place).is_none());
        bodies.hold(vec![event(5)], |place| place.seq > 3);
        assert_eq!(seqs(&bodies), [4, 5]);
    }

    #[test]
    fn it_is_limited_by_parts_and_the_last_ones_go() {
        let bodies = Bodies::default();
        let many = PARTS_MAX as u64 + 10;
        bodies.hold((11..=many).map(event).collect(), |_| true);
        bodies.hold((1..=20).map(event).collect(), |_| true);
        assert_eq!(seqs(&bodies), (1..=PARTS_MAX as u64).collect::<Vec<_>>());
    }
}
