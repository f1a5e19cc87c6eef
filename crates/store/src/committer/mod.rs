//! The committer: the one door for writes.
//!
//! It runs in a thread of its own. When an intent waits, it opens a transaction, takes every intent that waits by then, at
//! most a batch, loads what the decisions need, decides one after the other against that working set, writes what changed,
//! and commits: one fsync for all. Only then is anyone answered. While the disk works, the next batch gathers by itself.
//!
//! - A caller that stops waiting cancels nothing: the intent is the committer's once it was sent.
//! - The working set is kept between batches. It is true as long as the journal's head is the one that we left; where another
//!   node has moved it, what that one wrote is followed or forgotten, and after a failure everything is loaded anew.
//! - If the database cannot be reached, or lets nobody write, all who wait by then are told so at
//!   once; what readiness and the log say of it stands in `health`.
//! - Where the engine has one writer, bookkeeping (see `deliveries`) travels along: it decides nothing, and shares the fsync.
//! - An intent that makes its batch fail is found by deciding the batch again one by one; the others go through.

mod batch;
mod health;
mod replay;
mod writer;

pub(crate) use batch::Watched;
pub(crate) use health::Failing;
pub(crate) use writer::{Begun, Failure, OpenWriter, Remedy, Writer, Written};

use crate::deliveries::books::{Books, Kept};
use crate::faults;
use crate::{CommitError, Options, ReadError};
use batch::{Batches, Done};
use orderpark_domain::{Instant, Intent, Outcome};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// What an intent came to, on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The object that it was about, as it is afterwards. Never [`Outcome::Replay`].
    pub outcome: Outcome,
    /// Whether a kept request key answered: this is the first answer again.
    pub replayed: bool,
    /// When it was decided, by the journal's clock: later than everything that was decided before it. An object that was made by
    /// this very intent was made then.
    pub at: Instant,
}

pub(crate) type Answer = Result<Committed, CommitError>;

/// Something on its way to the committer.
#[allow(clippy::large_enum_variant, reason = "most are intents, and none is kept")]
pub(crate) enum Submission {
    Intent(IntentSubmission),
    Books(BooksSubmission),
}

/// An intent, with where to answer.
pub(crate) struct IntentSubmission {
    pub intent: Intent,
    pub answer: oneshot::Sender<Answer>,
}

/// Bookkeeping, with where to answer.
pub(crate) struct BooksSubmission {
    pub books: Books,
    pub answer: oneshot::Sender<Result<Kept, ReadError>>,
}

/// What waits for the committer: intents and bookkeeping each have places of their own, so that neither is refused
/// because of the other. A place is free again as soon as the committer has taken what waited in it.
#[derive(Clone)]
pub(crate) struct Queue {
    sender: mpsc::UnboundedSender<Waiting>,
    intents: Arc<Semaphore>,
    books: Arc<Semaphore>,
}

struct Waiting {
    submission: Submission,
    _place: OwnedSemaphorePermit,
}

impl Queue {
    fn new(waiting_max: usize, timer: Runtime) -> (Queue, Receiver) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let semaphore = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let books = semaphore((waiting_max / 4).max(1));
        (Queue { sender, intents: semaphore(waiting_max), books }, Receiver { receiver, timer })
    }

    /// An intent that finds no place is refused.
    pub(crate) fn place_of_intent(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.intents).try_acquire_owned().ok()
    }

    /// Bookkeeping that finds no place waits for one.
    pub(crate) fn place_of_books(&self) -> impl Future<Output = Option<OwnedSemaphorePermit>> + use<> {
        let books = Arc::clone(&self.books);
        async move { books.acquire_owned().await.ok() }
    }

    /// `false`: the committer has stopped.
    pub(crate) fn submit(&self, submission: Submission, place: OwnedSemaphorePermit) -> bool {
        self.sender.send(Waiting { submission, _place: place }).is_ok()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

struct Receiver {
    receiver: mpsc::UnboundedReceiver<Waiting>,
    /// Without it there is no waiting for a limited time.
    timer: Runtime,
}

impl Receiver {
    fn wait(&mut self) -> Option<Submission> {
        self.receiver.blocking_recv().map(|waiting| waiting.submission)
    }

    /// As [`Receiver::wait`]; `Err`: nobody has asked for anything in this time.
    fn wait_for(&mut self, max: Duration) -> Result<Option<Submission>, Elapsed> {
        let Receiver { receiver, timer } = self;
        let waiting = timer.block_on(async { timeout(max, receiver.recv()).await })?;
        Ok(waiting.map(|waiting| waiting.submission))
    }

    fn next(&mut self) -> Option<Submission> {
        self.receiver.try_recv().ok().map(|waiting| waiting.submission)
    }
}

pub(crate) struct Committer {
    pub queue: Queue,
    pub thread: JoinHandle<()>,
}

/// Starts the thread. It ends when every sender is gone and all that waited is answered.
pub(crate) fn start(writer: Box<dyn Writer>, options: Options, watched: Watched) -> std::io::Result<Committer> {
    let (queue, receiver) = Queue::new(options.waiting_max, Builder::new_current_thread().enable_time().build()?);
    let run = move || run(Batches::new(writer, options, watched), receiver);
    let thread = std::thread::Builder::new().name("committer".into()).spawn(run)?;
    Ok(Committer { queue, thread })
}

fn run(mut batches: Batches, mut receiver: Receiver) {
    while let Some(first) = wait(&mut batches, &mut receiver) {
        batches.begin();
        let mut batch = vec![first];
        while batch.len() < batches.batch_max() {
            match receiver.next() {
                Some(next) => batch.push(next),
                None => break,
            }
        }
        faults::point("intents taken");
        let mut groups = groups(batch).into_iter();
        let unable = groups.by_ref().find_map(|group| commit_group(&mut batches, group, &mut receiver));
        if let Some(Unable { error, waiting }) = unable {
            let refused = groups.flat_map(Group::into_submissions).chain(waiting);
            batches.health.refused(refused.map(|submission| submission.refuse(&error)).sum());
        }
        batches.rest();
    }
    faults::point("drain");
    batches.close();
}

/// Waits for work. While writes fail, one is tried now and then, however much work there is that
/// writes nothing.
fn wait(batches: &mut Batches, receiver: &mut Receiver) -> Option<Submission> {
    while let Some(due_in) = batches.health.probe_due_in() {
        if due_in.is_zero() {
            batches.probe();
        } else if let Ok(work) = receiver.wait_for(due_in) {
            return work;
        }
    }
    receiver.wait()
}

/// What shares a transaction.
#[derive(Default)]
struct Group {
    intents: Vec<IntentSubmission>,
    books: Vec<BooksSubmission>,
}

impl Group {
    fn into_submissions(self) -> impl Iterator<Item = Submission> {
        self.intents.into_iter().map(Submission::Intent).chain(self.books.into_iter().map(Submission::Books))
    }
}

/// Parts a batch so that an intent which asks about the whole database has a transaction of its own. Bookkeeping goes with
/// whatever is last.
fn groups(batch: Vec<Submission>) -> Vec<Group> {
    let (mut groups, mut books): (Vec<Group>, Vec<BooksSubmission>) = (Vec::new(), Vec::new());
    let mut last_was_alone = true;
    for submission in batch {
        let intent = match submission {
            Submission::Intent(intent) => intent,
            Submission::Books(some) => {
                books.push(some);
                continue;
            }
        };
        let alone = intent.intent.is_alone();
        match groups.last_mut().filter(|_| !alone && !last_was_alone) {
            Some(group) => group.intents.push(intent),
            None => groups.push(Group { intents: vec![intent], books: Vec::new() }),
        }
        last_was_alone = alone;
    }
    match groups.last_mut() {
        Some(group) => group.books = books,
        None => groups.push(Group { intents: Vec::new(), books }),
    }
    groups
}

impl Submission {
    /// Answers how many intents that were.
    fn refuse(self, error: &CommitError) -> usize {
        match self {
            Submission::Intent(intent) => {
                let _ = intent.answer.send(Err(error.clone()));
                1
            }
            Submission::Books(books) => {
                books.refuse(error);
                0
            }
        }
    }
}

impl BooksSubmission {
    fn refuse(self, error: &CommitError) {
        let _ = self.answer.send(Err(ReadError::Unavailable(error.to_string())));
    }
}

/// The database cannot be written to now, by nobody.
struct Unable {
    error: CommitError,
    /// Who waited when that was found out: each of them would have waited for the same, one after the other.
    waiting: Vec<Submission>,
}

/// Answers a group.
fn commit_group(batches: &mut Batches, group: Group, receiver: &mut Receiver) -> Option<Unable> {
    let (intents, waiting): (Vec<Intent>, Vec<_>) = group.intents.into_iter().map(|s| (s.intent, s.answer)).unzip();
    let books: Vec<&Books> = group.books.iter().map(|s| &s.books).collect();
    let mut committed = batches.commit(&intents, &books);
    if committed.as_ref().is_err_and(|failure| failure.remedy == Remedy::Again) {
        committed = batches.commit(&intents, &books);
    }
    batches.note(&committed, intents.len());
    let unable = committed.as_ref().err().filter(|failure| matches!(failure.remedy, Remedy::Later | Remedy::Queue));
    // Before anyone is answered: who comes after that has a new chance.
    let unable = unable.map(|failure| Unable {
        error: failure.error.clone(),
        waiting: std::iter::from_fn(|| receiver.next()).collect(),
    });
    let Done { answers, kept, .. } = match committed {
        Ok(done) => done,
        Err(failure) if failure.remedy == Remedy::OneByOne && !intents.is_empty() => {
            let answers = one_by_one(batches, &intents);
            let kept = batches.commit(&[], &books).map(|done| done.kept);
            Done { answers, wrote: false, kept: kept.unwrap_or_else(|failure| refused(&books, &failure.error)) }
        }
        Err(failure) => {
            let answers = intents.iter().map(|_| Err(failure.error.clone())).collect();
            Done { answers, wrote: false, kept: refused(&books, &failure.error) }
        }
    };
    for (answer, waiting) in answers.into_iter().zip(waiting) {
        // Nobody may be waiting any more: what was committed is committed.
        let _ = waiting.send(answer);
    }
    for (kept, waiting) in kept.into_iter().zip(group.books) {
        let _ = waiting.answer.send(kept);
    }
    unable
}

fn refused(books: &[&Books], error: &CommitError) -> Vec<Result<Kept, ReadError>> {
    books.iter().map(|_| Err(ReadError::Unavailable(error.to_string()))).collect()
}

fn one_by_one(batches: &mut Batches, intents: &[Intent]) -> Vec<Answer> {
    let commit = |intent| {
        let committed = batches.commit(std::slice::from_ref(intent), &[]);
        batches.note(&committed, 1);
        let missing = || Err(CommitError::Fault("an intent without an answer".into()));
        committed.map_or_else(|failure| Err(failure.error), |mut done| done.answers.pop().unwrap_or_else(missing))
    };
    intents.iter().map(commit).collect()
}
