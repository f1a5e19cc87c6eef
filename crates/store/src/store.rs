//! The store: one type in front, a closed set of engines behind.

use crate::committer::{self, Committer, Submission};
use crate::sqlite::{Checkpointer, FileLock, Readers, open_reader, open_writer};
use crate::{CommitError, Committed, Database, OpenError, Options, ReadError};
use orderpark_domain::Intent;
use rusqlite::Connection;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// Connections for reads of one row.
const READERS: usize = 4;

/// Connections for lists.
const LIST_READERS: usize = 4;

/// A deployment's data. Cheap to clone; the last clone that is dropped, or [`Store::close`], ends its threads.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
}

/// Fields are dropped in this order: no more intents, no more checkpoints, no more reads, and only then the lock.
struct Engine {
    /// Absent once closed.
    sender: Mutex<Option<mpsc::Sender<Submission>>>,
    committer: Mutex<Option<JoinHandle<()>>>,
    _checkpointer: Checkpointer,
    readers: Readers,
    /// Lists have their own, so that a long one holds up nobody's token.
    lists: Readers,
    _lock: FileLock,
}

impl Store {
    /// Opens the database, makes it if it is missing, and brings its schema up to date.
    pub fn open(database: &Database, options: Options) -> Result<Store, OpenError> {
        let Database::Sqlite(path) = database;
        Store::open_file(path, options)
    }

    fn open_file(path: &Path, options: Options) -> Result<Store, OpenError> {
        let lock = FileLock::take(path)?;
        let writer = open_writer(path, &options)?;
        let readers = Readers::open(path, READERS)?;
        let lists = Readers::open(path, LIST_READERS)?;
        let thread = |source| OpenError::Io { path: path.display().to_string(), source };
        let checkpointer = Checkpointer::start(open_reader(path)?).map_err(thread)?;
        let Committer { sender, thread: committer } = committer::start(writer, options).map_err(thread)?;
        let engine = Engine {
            sender: Mutex::new(Some(sender)),
            committer: Mutex::new(Some(committer)),
            _checkpointer: checkpointer,
            readers,
            lists,
            _lock: lock,
        };
        Ok(Store { engine: Arc::new(engine) })
    }

    /// Hands an intent to the committer and waits until its outcome is on the disk. Dropping the future cancels nothing.
    pub async fn commit(&self, intent: Intent) -> Result<Committed, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.submit(Submission { intent, answer })?;
        answered.await.unwrap_or_else(|_| Err(CommitError::OutcomeUnknown("the committer stopped".into())))
    }

    /// [`Store::commit`] for a thread that may block.
    pub fn commit_blocking(&self, intent: Intent) -> Result<Committed, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.submit(Submission { intent, answer })?;
        answered.blocking_recv().unwrap_or_else(|_| Err(CommitError::OutcomeUnknown("the committer stopped".into())))
    }

    fn submit(&self, submission: Submission) -> Result<(), CommitError> {
        let sender = self.engine.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sender.as_ref() else {
            return Err(CommitError::Unavailable("the store is closed".into()));
        };
        sender.try_send(submission).map_err(|error| match error {
            TrySendError::Full(_) => CommitError::Busy,
            TrySendError::Closed(_) => CommitError::Unavailable("the committer has stopped".into()),
        })
    }

    /// Takes no more intents, finishes those that wait, and copies the write-ahead log back.
    pub async fn close(&self) {
        let engine = Arc::clone(&self.engine);
        // A panic in there would have stopped the committer's thread, which `stop` reports.
        let _ = tokio::task::spawn_blocking(move || engine.stop()).await;
    }

    /// Whether there is still somebody to commit to: not once closed, nor if the committer's thread has ended.
    pub fn takes_writes(&self) -> bool {
        let sender = self.engine.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ReadError> {
        self.engine.readers.read(read)
    }

    /// A read that may have to look at many rows: on connections of its own, and not for ever.
    pub(crate) fn read_many<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ReadError> {
        self.engine.lists.read(read)
    }
}

impl Engine {
    fn stop(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if committer.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the committer panicked");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("takes_writes", &self.takes_writes()).finish_non_exhaustive()
    }
}
