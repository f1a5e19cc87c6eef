//! What can go wrong in the store. Sentences here are for the operator's log, never for a client.

use crate::row::Unreadable;
use orderpark_domain::{Instant, Refusal};

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the file.
    #[error("{0} is in use by another process")]
    InUse(String),
    /// The SQLite library is older than the oldest one known to keep its promises.
    #[error("SQLite {0} is too old; 3.51.3 or newer is needed")]
    SqliteTooOld(String),
    /// The database was written by a newer program.
    #[error("the database has schema version {found}, this program knows {known}: use a newer program")]
    SchemaTooNew {
        /// The version of the database.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The database was written by an older program.
    #[error("the database has schema version {found}, this program knows {known}: run `orderpark migrate` first")]
    SchemaTooOld {
        /// The version of the database.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The file is broken, and a write-ahead log that may be another one's lies beside it.
    #[error(
        "{path}: {why}. {path}-wal may be left over from before a restore. Move {path}-wal and {path}-shm away, restore \
         the backup again, and run orderpark verify (docs/operations.md, Restore)"
    )]
    LeftLog {
        /// The file.
        path: String,
        /// How it is broken.
        why: String,
    },
    /// A copy into it has begun and not ended: what is there is a part of a deployment.
    #[error("the database is an unfinished copy: say the same `orderpark copy` again, and it goes on where it stopped")]
    CopyUnfinished,
    /// The file or its folder cannot be used.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error("the database cannot be opened: {0}")]
    Database(String),
}

/// Why a read has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The database does not answer now; trying again may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database holds what this program never writes.
    #[error("the database is corrupt: {0}")]
    Corrupt(String),
}

/// Why an intent has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// It was understood and will not be done.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// Too many intents wait; nothing was done.
    #[error("too many requests are waiting")]
    Busy,
    /// As many intents of its party, or of its vendor, wait as may; nothing was done.
    #[error("too many requests of this party are waiting")]
    TenantBusy(orderpark_limits::Full),
    /// The database does not take writes now; nothing was done.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The clock is far behind the end of the journal; nothing was done.
    #[error("the clock is far behind the end of the journal")]
    ClockBehind {
        /// When the journal's last entry was decided.
        journal: Instant,
        /// The clock's reading.
        now: Instant,
    },
    /// The connection to the database was lost while committing: it was done, or not. The same key tells.
    #[error("the outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// The database holds what this program never writes; nothing was done.
    #[error("the database is corrupt: {0}")]
    Corrupt(String),
    /// Deciding panicked; nothing was done.
    #[error("a fault in the program: {0}")]
    Fault(String),
}

impl From<Unreadable> for ReadError {
    fn from(error: Unreadable) -> ReadError {
        ReadError::Corrupt(error.to_string())
    }
}

impl From<ReadError> for CommitError {
    fn from(error: ReadError) -> CommitError {
        match error {
            ReadError::Unavailable(why) => CommitError::Unavailable(why),
            ReadError::Corrupt(what) => CommitError::Corrupt(what),
        }
    }
}
