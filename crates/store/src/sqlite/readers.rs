//! A few read-only connections. A read is short, so a reader waits for a free connection rather than for a thread.

use super::{open_reader, read_error};
use crate::{OpenError, ReadError};
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

const CONNECTIONS: usize = 4;

#[derive(Debug)]
pub(crate) struct Readers {
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Readers {
    pub(crate) fn open(path: &Path) -> Result<Readers, OpenError> {
        let connections = (0..CONNECTIONS).map(|_| open_reader(path).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Readers { connections, next: AtomicUsize::new(0) })
    }

    /// Runs one read on a connection that nobody else uses.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ReadError> {
        read(&self.borrow()).map_err(|error| read_error(&error))
    }

    fn borrow(&self) -> MutexGuard<'_, Connection> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let in_turn = |step: usize| &self.connections[start.wrapping_add(step) % CONNECTIONS];
        for step in 0..CONNECTIONS {
            match in_turn(step).try_lock() {
                Ok(connection) => return connection,
                // A panic in a read leaves no transaction behind: the statement was reset when it was dropped.
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        in_turn(0).lock().unwrap_or_else(PoisonError::into_inner)
    }
}
