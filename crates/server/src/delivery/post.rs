//! What the dispatcher and the worker of one target tell each other.

use super::feed::Stretch;
use orderpark_domain::feed::Kind;
use orderpark_store::{EventPlace, FeedEvent};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A node that stands still just after it looked at its clock shall not be late by that.
const MARGIN: Duration = Duration::from_secs(1);

/// How many events that concern it a target has at hand, and how large they may be together, in
/// [`parts`](orderpark_domain::feed::Notice::parts), if they are more than one.
const AT_HAND_MAX: usize = 64;
const AT_HAND_PARTS_MAX: usize = 1024;

/// The newest events that concern the target, handed over by the dispatcher: however much of others
/// passes meanwhile, a target that keeps up reads nothing of that.
struct Inbox {
    /// Behind it nothing is missing.
    from: EventPlace,
    events: VecDeque<Arc<FeedEvent>>,
    parts: usize,
}

impl Inbox {
    fn push(&mut self, event: &Arc<FeedEvent>) {
        self.parts += event.notice.parts();
        self.events.push_back(Arc::clone(event));
        while self.events.len() > AT_HAND_MAX || (self.parts > AT_HAND_PARTS_MAX && self.events.len() > 1) {
            self.pop();
        }
    }

    fn pop(&mut self) {
        if let Some(oldest) = self.events.pop_front() {
            (self.from, self.parts) = (oldest.place, self.parts - oldest.notice.parts());
        }
    }

    fn behind(&mut self, after: EventPlace, limit: usize, until: EventPlace) -> Option<Stretch> {
        if after < self.from {
            return None;
        }
        // A target does not go back.
        while self.events.front().is_some_and(|event| event.place <= after) {
            self.pop();
        }
        let there = self.events.iter().filter(|event| event.place <= until);
        let events: Vec<_> = there.take(limit).cloned().collect();
        let full = events.last().filter(|_| events.len() >= limit).map(|last| last.place);
        Some(Stretch { events, read: full.unwrap_or(until).max(after) })
    }
}

/// The letter box of a target on this node.
pub(super) struct Post {
    /// From here on the dispatcher says what concerns the target.
    known_from: EventPlace,
    concerned: Mutex<EventPlace>,
    inbox: Mutex<Inbox>,
    /// The kinds of events that it wanted when the worker last looked; none: all.
    kinds: Mutex<Option<Vec<Kind>>>,
    /// Which lease it is.
    epoch: AtomicU64,
    /// Until then the lease is ours, whatever else happens.
    deadline: Mutex<Instant>,
    /// Moves when there is reason to look anew at what the ledger holds.
    asked: AtomicU64,
    lost: AtomicBool,
    stopping: AtomicBool,
    woken: Notify,
}

impl Post {
    pub(super) fn new(known_from: EventPlace, epoch: u64, deadline: Instant) -> Post {
        Post {
            epoch: AtomicU64::new(epoch),
            known_from,
            concerned: Mutex::new(known_from),
            inbox: Mutex::new(Inbox { from: known_from, events: VecDeque::new(), parts: 0 }),
            kinds: Mutex::new(None),
            deadline: Mutex::new(deadline),
            asked: AtomicU64::new(0),
            lost: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            woken: Notify::new(),
        }
    }

    /// An event concerns the target. To be said before the event is in the ring, and [`Post::wake`] after that.
    pub(super) fn concerns(&self, event: &Arc<FeedEvent>) {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        *self.concerned.lock().unwrap_or_else(PoisonError::into_inner) = event.place;
    }

    /// The events for the target behind `after`, not behind `until`, at most `limit`; none: that is
    /// not at hand any more.
    pub(super) fn behind(&self, after: EventPlace, limit: usize, until: EventPlace) -> Option<Stretch> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).behind(after, limit, until)
    }

    /// There is something to be seen.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    /// The last event that concerned it, or where it became known.
    pub(super) fn concerned(&self) -> EventPlace {
        *self.concerned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing from here to the end of the ring concerns it. The end is to be looked at before.
    pub(super) fn is_past_all(&self, read: EventPlace) -> bool {
        read >= self.known_from && self.concerned() <= read
    }

    /// The kinds of events that it wants just now; none: all.
    pub(super) fn wants_only(&self, kinds: Option<&[Kind]>) {
        *self.kinds.lock().unwrap_or_else(PoisonError::into_inner) = kinds.map(<[Kind]>::to_vec);
    }

    /// Whether it wanted this kind when the worker last looked. It may have changed since: what it did not want is to be looked
    /// at, too, only later.
    pub(super) fn wanted(&self, kind: Kind) -> bool {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// The lease was over by the database's clock, but nobody has had it in between: it is ours again.
    pub(super) fn retaken(&self, epoch: u64, deadline: Instant) {
        self.epoch.store(epoch, Ordering::SeqCst);
        self.renewed(deadline);
    }

    /// The lease is ours until then.
    pub(super) fn renewed(&self, deadline: Instant) {
        let mut known = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        *known = deadline.max(*known);
    }

    /// Whether something that takes so long ends while the lease is ours.
    pub(super) fn has_time_for(&self, span: Duration) -> bool {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        Instant::now() + span + MARGIN <= deadline
    }

    /// There is reason to look anew.
    pub(super) fn ask(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.woken.notify_one();
    }

    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// The lease is not ours any more.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.woken.notify_one();
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Nothing more is to be begun.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.woken.notify_one();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::feed::tests::event;

    fn seqs(post: &Post, after: u64, limit: usize, until: u64) -> Option<(Vec<u64>, u64)> {
        let stretch = post.behind(event(after).place, limit, event(until).place)?;
        Some((stretch.events.iter().map(|event| event.place.seq).collect(), stretch.read.seq))
    }

    /// Whatever else passes between its own events, a target that keeps up has them at hand.
    #[test]
    fn a_target_has_its_newest_events_at_hand_and_knows_what_it_has_not() {
        let post = Post::new(EventPlace::BEGINNING, 1, Instant::now());
        for seq in (10..=1_000).step_by(10) {
            post.concerns(&event(seq));
        }
        let first_at_hand = 1_000 - 10 * (AT_HAND_MAX as u64 - 1);
        assert_eq!(seqs(&post, 0, 4, 1_000), None);
        assert_eq!(seqs(&post, first_at_hand - 11, 4, 1_000), None);
        let two = vec![first_at_hand, first_at_hand + 10];
        assert_eq!(seqs(&post, first_at_hand - 10, 2, 1_000), Some((two, first_at_hand + 10)));
        assert_eq!(seqs(&post, 980, 4, 995), Some((vec![990], 995)), "the rest is not in the ring yet");
        assert_eq!(seqs(&post, 995, 4, 2_000), Some((vec![1_000], 2_000)));
        assert_eq!(seqs(&post, 2_000, 4, 2_000), Some((Vec::new(), 2_000)));
    }
}
