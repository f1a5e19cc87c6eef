//! The committer: the one door for writes.
//!
//! It runs in a thread of its own. When an intent waits, it opens a transaction, takes the intents
//! that wait by then, tenants in fair turns and at most a batch, loads what the decisions need,
//! decides one after the other against that working set, writes what changed, and commits: one
//! fsync for all. Only then is anyone answered. While the disk works, the next batch gathers by
//! itself.
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
mod loading;
mod queue;
mod replay;
mod writer;

pub(crate) use batch::Watched;
pub(crate) use health::Failing;
pub(crate) use queue::Queue;
pub(crate) use writer::{Begun, Failure, OpenWriter, Remedy, Writer, Written};

use crate::deliveries::books::{Books, Kept};
use crate::faults;
use crate::{CommitError, Options, ReadError};
use batch::{Batches, Decided, Done};
use orderpark_domain::{Instant, Intent, Outcome};
use queue::{Batch, Receiver, Taken};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

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

pub(crate) struct Committer {
    pub queue: Queue,
    pub thread: JoinHandle<()>,
}

/// Starts the thread. It ends when every sender is gone and all that waited is answered.
pub(crate) fn start(writer: Box<dyn Writer>, options: Options, watched: Watched) -> std::io::Result<Committer> {
    let (queue, receiver) = Queue::new(options.waiting_max)?;
    let run = move || run(Batches::new(writer, options, watched), receiver);
    let thread = std::thread::Builder::new().name("committer".into()).spawn(run)?;
    Ok(Committer { queue, thread })
}

fn run(mut batches: Batches, mut receiver: Receiver) {
    while wait(&mut batches, &mut receiver) {
        batches.begin();
        let batch = receiver.take(batches.batch_max(), batches.parts_max());
        faults::point("intents taken");
        if let Some(Unable { error, waiting }) = commit_batch(&mut batches, batch, &mut receiver) {
            batches.health.refused(waiting.refuse(&error));
        }
        batches.rest();
    }
    faults::point("drain");
    batches.close();
}

/// Waits for work. While writes fail, one is tried now and then, however much work there is that
/// writes nothing. `false`: there will be no more.
fn wait(batches: &mut Batches, receiver: &mut Receiver) -> bool {
    while let Some(due_in) = batches.health.probe_due_in() {
        if due_in.is_zero() {
            batches.probe();
        } else if let Ok(work) = receiver.wait_for(due_in) {
            return work;
        }
    }
    receiver.wait()
}

impl Batch {
    /// Answers how many intents that were.
    fn refuse(self, error: &CommitError) -> usize {
        let intents = self.taken.len();
        for taken in self.taken {
            let _ = taken.answer.send(Err(error.clone()));
        }
        for books in self.books {
            let _ = books.answer.send(Err(ReadError::Unavailable(error.to_string())));
        }
        intents
    }
}

/// The database cannot be written to now, by nobody.
struct Unable {
    error: CommitError,
    /// Who waited when that was found out: each of them would have waited for the same, one after the other.
    waiting: Batch,
}

/// Commits a batch and answers; what did not fit into it waits for the next one.
fn commit_batch(batches: &mut Batches, batch: Batch, receiver: &mut Receiver) -> Option<Unable> {
    let Batch { intents, taken, books: submitted } = batch;
    let books: Vec<&Books> = submitted.iter().map(|s| &s.books).collect();
    let mut committed = batches.commit(&intents, &books);
    if committed.as_ref().is_err_and(|failure| failure.remedy == Remedy::Again) {
        committed = batches.commit(&intents, &books);
    }
    batches.note(&committed, intents.len());
    let unable = committed.as_ref().err().filter(|failure| matches!(failure.remedy, Remedy::Later | Remedy::Queue));
    // Before anyone is answered: who comes after that has a new chance.
    let unable = unable.map(|failure| Unable { error: failure.error.clone(), waiting: receiver.take_all() });
    let Done { decided, kept, .. } = match committed {
        Ok(done) => done,
        Err(failure) if failure.remedy == Remedy::OneByOne && !intents.is_empty() => {
            let decided = one_by_one(batches, &intents);
            let kept = batches.commit(&[], &books).map(|done| done.kept);
            Done { decided, wrote: false, kept: kept.unwrap_or_else(|failure| refused(&books, &failure.error)) }
        }
        Err(failure) => {
            let decided = intents.iter().map(|_| Decided::Answered(Err(failure.error.clone()), 1)).collect();
            Done { decided, wrote: false, kept: refused(&books, &failure.error) }
        }
    };
    answer(receiver, intents, taken, decided);
    for (kept, waiting) in kept.into_iter().zip(submitted) {
        let _ = waiting.answer.send(kept);
    }
    unable
}

/// Answers the intents that were decided, and puts the others back.
fn answer(receiver: &mut Receiver, intents: Vec<Intent>, taken: Vec<Taken>, decided: Vec<Decided>) {
    let mut left = Vec::new();
    for ((intent, taken), decided) in intents.into_iter().zip(taken).zip(decided) {
        match decided {
            Decided::Left(cost) => left.push((intent, taken, cost)),
            Decided::Answered(answer, parts) => {
                receiver.charge(&taken, parts);
                // Nobody may be waiting any more: what was committed is committed.
                let _ = taken.answer.send(answer);
            }
        }
    }
    receiver.put_back(left);
}

fn refused(books: &[&Books], error: &CommitError) -> Vec<Result<Kept, ReadError>> {
    books.iter().map(|_| Err(ReadError::Unavailable(error.to_string()))).collect()
}

fn one_by_one(batches: &mut Batches, intents: &[Intent]) -> Vec<Decided> {
    let commit = |intent| {
        let committed = batches.commit(std::slice::from_ref(intent), &[]);
        batches.note(&committed, 1);
        let missing = || Decided::Answered(Err(CommitError::Fault("an intent without an answer".into())), 1);
        match committed {
            Ok(mut done) => done.decided.pop().unwrap_or_else(missing),
            Err(failure) => Decided::Answered(Err(failure.error), 1),
        }
    };
    intents.iter().map(commit).collect()
}
