//! The committer's queue: weighted fair by tenant, with a limit of places for each.
//!
//! Submissions come over a channel, which costs a request next to nothing; the committer's thread
//! moves them into a fair queue when it gathers a batch. Within one tenant they stay in the order
//! in which they came.

use super::{Answer, BooksSubmission, IntentSubmission, Submission};
use crate::CommitError;
use orderpark_domain::{Intent, PartyRef};
use orderpark_limits::{Caps, FairQueue, Full, PerKeyLimiter, Place, Tenant};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Places that one party has if its vendor's share is that large: a client with hundreds of
/// connections is served as ever.
const PARTYS_PLACES_MIN: usize = 512;

/// The tenant that the program's own intents count for.
const SYSTEM: Tenant = Tenant { root: PartyRef(0), party: PartyRef(0) };

/// The waiting room of the committer: intents and bookkeeping each have places of their own, so
/// that neither is refused because of the other. A place is free again as soon as the committer has
/// taken what waited in it.
#[derive(Clone)]
pub(crate) struct Queue {
    sender: mpsc::UnboundedSender<Waiting>,
    intents: Arc<Semaphore>,
    of_tenants: PerKeyLimiter,
    caps: Caps,
    books: Arc<Semaphore>,
}

/// A place of what waits.
pub(crate) struct QueuePlace {
    _of_all: OwnedSemaphorePermit,
    /// The place of its party too, for an intent of a user.
    _of_tenant: Option<Place>,
}

struct Waiting {
    submission: Submission,
    place: QueuePlace,
}

/// An intent that waits in its place.
struct WaitingIntent {
    submission: IntentSubmission,
    /// Absent for one that was taken before and left for the next batch.
    _place: Option<QueuePlace>,
}

/// An intent that was taken, with where to answer, and whom its cost was counted for.
pub(super) struct Taken {
    pub answer: oneshot::Sender<Answer>,
    tenant: Tenant,
    cost: u64,
}

impl Queue {
    pub(super) fn new(waiting_max: usize) -> std::io::Result<(Queue, Receiver)> {
        let (sender, submitted) = mpsc::unbounded_channel();
        let semaphore = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let (intents, books) = (semaphore(waiting_max), semaphore((waiting_max / 4).max(1)));
        let queue = Queue { sender, intents, of_tenants: PerKeyLimiter::default(), caps: caps(waiting_max), books };
        let timer = Builder::new_current_thread().enable_time().build()?;
        let (intents, books) = (FairQueue::default(), VecDeque::new());
        Ok((queue, Receiver { submitted, timer, intents, books }))
    }

    /// An intent that finds no place is refused.
    pub(crate) fn place_of_intent(&self, intent: &Intent) -> Result<QueuePlace, CommitError> {
        let tenant = intent.tenant.filter(|_| intent.by.is_some());
        let of_tenant = tenant.map(|tenant| self.of_tenants.take(tenant, 1, self.caps)).transpose();
        let of_tenant = of_tenant.map_err(|full| match full {
            Full::Party | Full::Root => CommitError::TenantBusy(full),
            Full::All => CommitError::Busy,
        })?;
        let of_all = Arc::clone(&self.intents).try_acquire_owned().map_err(|_| CommitError::Busy)?;
        Ok(QueuePlace { _of_all: of_all, _of_tenant: of_tenant })
    }

    /// Bookkeeping that finds no place waits for one.
    pub(crate) fn place_of_books(&self) -> impl Future<Output = Option<QueuePlace>> + use<> {
        let books = Arc::clone(&self.books);
        async move { Some(QueuePlace { _of_all: books.acquire_owned().await.ok()?, _of_tenant: None }) }
    }

    /// `false`: the committer has stopped.
    pub(crate) fn submit(&self, submission: Submission, place: QueuePlace) -> bool {
        self.sender.send(Waiting { submission, place }).is_ok()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

/// A vendor with all its subscribers has an eighth of the places, a subscriber a quarter of that or
/// some hundreds.
fn caps(waiting_max: usize) -> Caps {
    let shares = Caps::shares_of(waiting_max);
    Caps { party: shares.party.max(PARTYS_PLACES_MIN).min(shares.root), ..shares }
}

/// The committer's end.
pub(super) struct Receiver {
    submitted: mpsc::UnboundedReceiver<Waiting>,
    /// Without it there is no waiting for a limited time.
    timer: Runtime,
    intents: FairQueue<WaitingIntent>,
    books: VecDeque<(BooksSubmission, QueuePlace)>,
}

/// The intents and bookkeeping of one transaction, in the order of turns.
pub(super) struct Batch {
    pub intents: Vec<Intent>,
    pub taken: Vec<Taken>,
    pub books: Vec<BooksSubmission>,
}

impl Receiver {
    /// Waits until something waits. `false`: nothing ever will.
    pub(super) fn wait(&mut self) -> bool {
        if !self.is_empty() {
            return true;
        }
        let waiting = self.submitted.blocking_recv();
        self.file(waiting)
    }

    /// As [`Receiver::wait`]; `Err`: nobody has asked for anything in this time.
    pub(super) fn wait_for(&mut self, max: Duration) -> Result<bool, Elapsed> {
        if !self.is_empty() {
            return Ok(true);
        }
        let Receiver { submitted, timer, .. } = self;
        let waiting = timer.block_on(async { timeout(max, submitted.recv()).await })?;
        Ok(self.file(waiting))
    }

    fn is_empty(&self) -> bool {
        self.intents.is_empty() && self.books.is_empty()
    }

    fn file(&mut self, waiting: Option<Waiting>) -> bool {
        match waiting {
            None => return false,
            Some(Waiting { submission: Submission::Books(books), place }) => self.books.push_back((books, place)),
            Some(Waiting { submission: Submission::Intent(submission), place }) => {
                let tenant = submission.intent.tenant.unwrap_or(SYSTEM);
                self.intents.push(tenant, 1, WaitingIntent { submission, _place: Some(place) });
            }
        }
        true
    }

    /// Takes a batch of what waits: intents in the order of their turns, so many and of so many
    /// parts as are known, and the bookkeeping for which that leaves room, but at least a quarter.
    pub(super) fn take(&mut self, intents_max: usize, parts_max: u64) -> Batch {
        while let Ok(waiting) = self.submitted.try_recv() {
            self.file(Some(waiting));
        }
        let (mut intents, mut taken, mut parts) = (Vec::new(), Vec::new(), 0);
        while intents.len() < intents_max && parts < parts_max {
            let Some((tenant, cost, WaitingIntent { submission, .. })) = self.intents.pop() else { break };
            parts += cost;
            intents.push(submission.intent);
            taken.push(Taken { answer: submission.answer, tenant, cost });
        }
        let room = intents_max.saturating_sub(intents.len()).max((intents_max / 4).max(1));
        let books = self.books.drain(..room.min(self.books.len())).map(|(books, _)| books).collect();
        Batch { intents, taken, books }
    }

    /// Takes all that waits.
    pub(super) fn take_all(&mut self) -> Batch {
        let mut all = self.take(usize::MAX, u64::MAX);
        all.books.extend(self.books.drain(..).map(|(books, _)| books));
        all
    }

    /// Counts what an intent has cost.
    pub(super) fn charge(&mut self, taken: &Taken, parts: u64) {
        self.intents.charge(taken.tenant, parts.saturating_sub(taken.cost));
    }

    /// Puts intents that were left for the next batch back to where they waited. `cost`: what each
    /// will cost, as far as is known.
    pub(super) fn put_back(&mut self, left: Vec<(Intent, Taken, u64)>) {
        for (intent, Taken { answer, tenant, cost }, next_cost) in left.into_iter().rev() {
            let submission = IntentSubmission { intent, answer };
            self.intents.put_back(tenant, cost, next_cost, WaitingIntent { submission, _place: None });
        }
    }
}
