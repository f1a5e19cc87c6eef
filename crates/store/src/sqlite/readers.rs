//! A few read-only connections. A read takes one that nobody else uses; none may look at rows for ever.

use super::{ask, open_reader, read_error};
use crate::query::Query;
use crate::row::Step;
use crate::{OpenError, ReadError};
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long one statement may take: a list that finds next to nothing in millions of rows ends here.
const READ_MAX: Duration = Duration::from_secs(5);

/// Steps of the database's machine between two looks at the clock; a few milliseconds.
const STEPS: i32 = 100_000;

#[derive(Debug)]
pub(crate) struct Readers {
    readers: Vec<Mutex<Reader>>,
    next: AtomicUsize,
}

#[derive(Debug)]
struct Reader {
    connection: Connection,
    opened_at: Instant,
    /// Milliseconds after `opened_at`.
    ends_at: Arc<AtomicU64>,
}

impl Readers {
    pub(crate) fn open(path: &Path, count: usize) -> Result<Readers, OpenError> {
        let readers = (0..count).map(|_| Reader::open(path).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Readers { readers, next: AtomicUsize::new(0) })
    }

    /// Runs one read on a connection that nobody else uses.
    pub(crate) fn read(&self, query: &Query, step: Step<'_>) -> Result<(), ReadError> {
        let reader = self.borrow();
        reader.begin();
        Ok(ask(&reader.connection, query, step)?)
    }

    /// Runs several reads on one snapshot.
    pub(crate) fn snapshot<T>(&self, reads: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let reader = self.borrow();
        reader.begin();
        // It ends without a trace when it is dropped.
        let transaction = reader.connection.unchecked_transaction().map_err(|error| read_error(&error))?;
        reads(&transaction)
    }

    fn borrow(&self) -> MutexGuard<'_, Reader> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let in_turn = |step: usize| &self.readers[start.wrapping_add(step) % self.readers.len()];
        for step in 0..self.readers.len() {
            match in_turn(step).try_lock() {
                Ok(reader) => return reader,
                // A panic in a read leaves no transaction behind: the statement was reset when it was dropped.
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        in_turn(0).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    fn open(path: &Path) -> Result<Reader, OpenError> {
        let mut connection = open_reader(path)?;
        let (opened_at, ends_at) = (Instant::now(), Arc::new(AtomicU64::new(u64::MAX)));
        let end = Arc::clone(&ends_at);
        let too_late = move || millis(opened_at) > end.load(Ordering::Relaxed);
        connection.progress_handler(STEPS, Some(too_late)).map_err(|error| OpenError::Database(error.to_string()))?;
        Ok(Reader { connection, opened_at, ends_at })
    }

    fn begin(&self) {
        let read_max = u64::try_from(READ_MAX.as_millis()).unwrap_or(u64::MAX);
        self.ends_at.store(millis(self.opened_at) + read_max, Ordering::Relaxed);
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
