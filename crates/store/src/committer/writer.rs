//! What the committer asks of an engine: one transaction at a time, on a connection of its own.

use crate::deliveries::books::{Books, Kept};
use crate::journal::{Hash, Line};
use crate::{CommitError, ReadError};
use orderpark_domain::{Entry, Event, Head, Instant, Need, World};
use std::collections::BTreeSet;

/// A writer, and when the last entry of its journal was decided.
pub(crate) type OpenWriter = (Box<dyn Writer>, Instant);

/// The engine's side of the committer. A failed call leaves a transaction that [`Writer::roll_back`] ends.
pub(crate) trait Writer: Send {
    /// Begins a transaction that nobody else writes beside, and answers where the journal ends. `known` is where it ended
    /// as far as we know.
    fn begin(&mut self, known: Option<(&Head, &Hash)>) -> Result<Begun, Failure>;

    /// Loads each need, or that it does not exist.
    fn load(&mut self, world: &mut World, needs: BTreeSet<Need>) -> Result<(), Failure>;

    /// The journal's entry `seq`.
    fn entry_at(&mut self, seq: u64) -> Result<Option<Entry>, Failure>;

    /// Writes bookkeeping as a part of the transaction. `Ok(Err(_))`: none of these statements was carried out, and the
    /// transaction is as it was before.
    fn keep(&mut self, _: &Books) -> Result<Result<Kept, ReadError>, Failure> {
        Err(Failure::of_program("bookkeeping has connections of its own here"))
    }

    /// Writes what the batch changed, and commits. After `Ok` it is on the disk, after `Err` it is not, except where the
    /// error says that nobody knows.
    fn commit(&mut self, batch: &Written<'_>) -> Result<(), Failure>;

    /// Writes as a batch does, so that it fails where a batch would, and leaves nothing behind. No
    /// transaction is open before.
    fn probe(&mut self) -> Result<(), Failure>;

    /// Whether a transaction is open.
    fn is_open(&self) -> bool;

    /// Ends an open transaction without a trace.
    fn roll_back(&mut self);

    /// Gives everything up after a fault in the program: what was sent and not committed must not become part of what comes.
    fn abandon(&mut self) {}

    /// What is to be done between two batches.
    fn rest(&mut self) {}

    /// What is to be done when no more batches will come.
    fn close(&mut self) {}
}

/// How a transaction begins.
pub(crate) struct Begun {
    pub head: Head,
    /// The hash of the last entry.
    pub hash: Hash,
    /// What others have written after the end that we knew; `None` where that is too much to tell, or cannot be told.
    pub others: Option<Vec<Event>>,
}

/// What a batch came to.
pub(crate) struct Written<'b> {
    /// Whose changed rows are to be written.
    pub world: &'b World,
    pub entries: &'b [Entry],
    /// The same entries as lines of the journal; none: there is nothing to write.
    pub lines: &'b [Line],
    /// The hash of the last line.
    pub hash: &'b Hash,
    /// Whether somebody is told of a success, be it one of before: what it rests on must be as safe as if it were written now.
    pub tells: bool,
}

/// Why a whole batch came to nothing.
#[derive(Debug)]
pub(crate) struct Failure {
    pub error: CommitError,
    pub remedy: Remedy,
}

/// What may help a batch that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing.
    Nothing,
    /// Deciding each of its intents alone: one of them may be at fault.
    OneByOne,
    /// Deciding it once more: a connection was lost, and nothing was done.
    Again,
    /// Nothing, nor for whoever else waits now: the database cannot be reached, or lets nobody write.
    Later,
    /// As [`Remedy::Later`]: another node holds the journal's head for too long.
    Queue,
}

impl Failure {
    pub(crate) fn of_program(why: &str) -> Failure {
        Failure { error: CommitError::Fault(why.to_owned()), remedy: Remedy::OneByOne }
    }
}
