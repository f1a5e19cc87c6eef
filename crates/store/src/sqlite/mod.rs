//! The embedded engine: one file, one writer that is the committer's thread, a few read-only connections.
//!
//! Commits are on the disk before anyone is answered: write-ahead log with `synchronous=FULL`. The log is copied back into
//! the file by a thread of its own, so that no commit pays for it.

mod checkpoint;
mod flush;
mod load;
mod open;
mod query;
mod readers;
pub(crate) mod rows;

pub(crate) use checkpoint::{Checkpointer, Log, checkpoint};
pub(crate) use flush::{append, flush};
pub(crate) use load::{entry_at, head, load};
pub(crate) use open::{BUSY_MAX, FileLock, open_reader, open_writer};
#[cfg(test)]
pub(crate) use query::heard;
pub(crate) use query::{Query, sql_number};
pub(crate) use readers::Readers;

use crate::ReadError;
use rusqlite::ErrorCode;

/// Tells what can be tried again from what cannot.
pub(crate) fn read_error(error: &rusqlite::Error) -> ReadError {
    let why = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => ReadError::Corrupt(why),
            _ => ReadError::Unavailable(why),
        },
        _ => ReadError::Corrupt(why),
    }
}
