//! What the dispatcher and the worker of one target tell each other.

use orderpark_domain::feed::Kind;
use orderpark_store::EventPlace;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A node that stands still just after it looked at its clock shall not be late by that.
const MARGIN: Duration = Duration::from_secs(1);

/// The letter box of a target on this node.
pub(super) struct Post {
    /// From here on the dispatcher says what concerns the target.
    known_from: EventPlace,
    concerned: Mutex<EventPlace>,
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
            kinds: Mutex::new(None),
            deadline: Mutex::new(deadline),
            asked: AtomicU64::new(0),
            lost: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            woken: Notify::new(),
        }
    }

    /// An event concerns the target. To be said before the event is in the ring, and [`Post::wake`] after that.
    pub(super) fn concerns(&self, place: EventPlace) {
        *self.concerned.lock().unwrap_or_else(PoisonError::into_inner) = place;
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
