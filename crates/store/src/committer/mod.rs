//! The committer: the one door for writes.
//!
//! It runs in a thread of its own. When an intent waits, it opens a transaction, takes every intent that waits by then, at
//! most a batch, loads what the decisions need, decides one after the other against that working set, writes what changed,
//! and commits: one fsync for all. Only then is anyone answered. While the disk works, the next batch gathers by itself.
//!
//! - A caller that stops waiting cancels nothing: the intent is the committer's once it was sent.
//! - The working set is kept between batches. It is true as long as the journal's head is the one that we left; where another
//!   node has moved it, what that one wrote is followed or forgotten, and after a failure everything is loaded anew.
//! - If the database cannot be reached, or lets nobody write, all who wait by then are told so at once.
//! - An intent that makes its batch fail is found by deciding the batch again one by one; the others go through.

mod batch;
mod replay;
mod writer;

pub(crate) use writer::{Begun, Failure, Remedy, Writer, Written};

use crate::faults;
use crate::moves::Moves;
use crate::{CommitError, Options};
use batch::Batches;
use orderpark_domain::{Intent, Outcome};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// What an intent came to, on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The object that it was about, as it is afterwards. Never [`Outcome::Replay`].
    pub outcome: Outcome,
    /// Whether a kept request key answered: this is the first answer again.
    pub replayed: bool,
}

pub(crate) type Answer = Result<Committed, CommitError>;

/// An intent on its way to the committer, with where to answer.
pub(crate) struct Submission {
    pub intent: Intent,
    pub answer: oneshot::Sender<Answer>,
}

pub(crate) struct Committer {
    pub sender: mpsc::Sender<Submission>,
    pub thread: JoinHandle<()>,
}

/// Starts the thread. It ends when every sender is gone and all that waited is answered.
pub(crate) fn start(writer: Box<dyn Writer>, options: Options, moves: Moves) -> std::io::Result<Committer> {
    let (sender, receiver) = mpsc::channel(options.waiting_max);
    let run = move || run(Batches::new(writer, options, moves), receiver);
    let thread = std::thread::Builder::new().name("committer".into()).spawn(run)?;
    Ok(Committer { sender, thread })
}

fn run(mut batches: Batches, mut receiver: mpsc::Receiver<Submission>) {
    while let Some(first) = receiver.blocking_recv() {
        batches.begin();
        let mut batch = vec![first];
        while batch.len() < batches.batch_max() {
            match receiver.try_recv() {
                Ok(next) => batch.push(next),
                Err(_) => break,
            }
        }
        faults::point("intents taken");
        let mut groups = groups(batch).into_iter();
        let unable = groups.by_ref().find_map(|group| commit_group(&mut batches, group, &mut receiver));
        if let Some(Unable { error, waiting }) = unable {
            groups.flatten().chain(waiting).for_each(|submission| submission.refuse(&error));
        }
        batches.rest();
    }
    faults::point("drain");
    batches.close();
}

/// Parts a batch so that an intent which asks about the whole database has a transaction of its own.
fn groups(batch: Vec<Submission>) -> Vec<Vec<Submission>> {
    let mut groups: Vec<Vec<Submission>> = Vec::new();
    let mut last_was_alone = true;
    for submission in batch {
        let alone = submission.intent.is_alone();
        match groups.last_mut().filter(|_| !alone && !last_was_alone) {
            Some(group) => group.push(submission),
            None => groups.push(vec![submission]),
        }
        last_was_alone = alone;
    }
    groups
}

impl Submission {
    fn refuse(self, error: &CommitError) {
        let _ = self.answer.send(Err(error.clone()));
    }
}

/// The database cannot be written to now, by nobody.
struct Unable {
    error: CommitError,
    /// Who waited when that was found out: each of them would have waited for the same, one after the other.
    waiting: Vec<Submission>,
}

/// Answers a group.
fn commit_group(
    batches: &mut Batches,
    group: Vec<Submission>,
    receiver: &mut mpsc::Receiver<Submission>,
) -> Option<Unable> {
    let (intents, waiting): (Vec<Intent>, Vec<_>) = group.into_iter().map(|s| (s.intent, s.answer)).unzip();
    let mut committed = batches.commit(&intents);
    if committed.as_ref().is_err_and(|failure| failure.remedy == Remedy::Again) {
        committed = batches.commit(&intents);
    }
    let unable = committed.as_ref().err().filter(|failure| failure.remedy == Remedy::Later);
    // Before anyone is answered: who comes after that has a new chance.
    let unable = unable.map(|failure| Unable {
        error: failure.error.clone(),
        waiting: std::iter::from_fn(|| receiver.try_recv().ok()).collect(),
    });
    let answers = match committed {
        Ok(answers) => answers,
        Err(failure) if failure.remedy == Remedy::OneByOne && intents.len() > 1 => one_by_one(batches, &intents),
        Err(failure) => intents.iter().map(|_| Err(failure.error.clone())).collect(),
    };
    for (answer, waiting) in answers.into_iter().zip(waiting) {
        // Nobody may be waiting any more: what was committed is committed.
        let _ = waiting.send(answer);
    }
    unable
}

fn one_by_one(batches: &mut Batches, intents: &[Intent]) -> Vec<Answer> {
    let commit = |intent| match batches.commit(std::slice::from_ref(intent)) {
        Ok(mut answers) => {
            answers.pop().unwrap_or_else(|| Err(CommitError::Fault("an intent without an answer".into())))
        }
        Err(failure) => Err(failure.error),
    };
    intents.iter().map(commit).collect()
}
