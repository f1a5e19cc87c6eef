//! The embedded engine: one file, one writer that is the committer's thread, a few read-only connections.
//!
//! Commits are on the disk before anyone is answered: write-ahead log with `synchronous=FULL`. The log is copied back into
//! the file by a thread of its own, so that no commit pays for it.

mod ask;
mod bulk;
mod checkpoint;
mod flush;
pub(crate) mod left_log;
mod open;
mod readers;
mod writer;

pub(crate) use ask::{AskError, ask, ask_text};
pub(crate) use bulk::Bulk;
pub(crate) use open::{open_reader, open_to_look};

use crate::committer::OpenWriter;
use crate::query::Query;
use crate::row::Step;
use crate::trial::{Foreseen, Trial};
use crate::{Epoch, OpenError, Options, ReadError, Schema, copy, rows};
use checkpoint::Checkpointer;
use open::{FileLock, open_writer, require};
use orderpark_domain::Instant;
use readers::Readers;
use rusqlite::{Connection, ErrorCode};
use std::path::Path;
use writer::SqliteWriter;

/// Connections for reads of one row.
const READERS: usize = 4;

/// Connections for lists.
const LIST_READERS: usize = 4;

/// Connections for trials.
const TRIAL_READERS: usize = 2;

/// An open file. Fields are dropped in this order: no more checkpoints, no more reads, and only then the lock.
#[derive(Debug)]
pub(crate) struct Sqlite {
    _checkpointer: Checkpointer,
    readers: Readers,
    /// Lists have their own, so that a long one holds up nobody's token.
    lists: Readers,
    trials: Readers,
    _lock: FileLock,
}

impl Sqlite {
    /// Opens the file, makes it if it is missing, and brings its schema up to date. With the writer
    /// comes the time of the journal's end. As one process has the file, it can have been replaced
    /// only before this: a new epoch is due.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<(Sqlite, OpenWriter), OpenError> {
        let lock = FileLock::take(path)?;
        let writer = open_writer(path, options)?;
        copy::check_finished(is_unfinished_copy(&writer)?)?;
        end_leases(&writer)?;
        let readers = Readers::open(path, READERS)?;
        let lists = Readers::open(path, LIST_READERS)?;
        let trials = Readers::open(path, TRIAL_READERS)?;
        let thread = |source| OpenError::Io { path: path.display().to_string(), source };
        let checkpointer = Checkpointer::start(open_reader(path)?).map_err(thread)?;
        let sqlite = Sqlite { _checkpointer: checkpointer, readers, lists, trials, _lock: lock };
        let end = writer.query_row("select at from head", [], |row| row.get(0));
        let end = Instant(end.map_err(|error| OpenError::Database(error.to_string()))?);
        Ok((sqlite, (Box::new(SqliteWriter::new(writer, Epoch::draw(&*options.chance))), end)))
    }

    /// Asks one of the connections for short reads.
    pub(crate) fn read(&self, query: &Query, step: Step<'_>) -> Result<(), ReadError> {
        self.readers.read(query, step)
    }

    /// Asks one of the connections for lists.
    pub(crate) fn read_many(&self, query: &Query, step: Step<'_>) -> Result<(), ReadError> {
        self.lists.read(query, step)
    }

    /// Carries out a trial on one snapshot.
    pub(crate) fn try_out(&self, mut trial: Trial) -> Result<Foreseen, ReadError> {
        self.trials.snapshot(|connection| {
            let mut head = None;
            ask(connection, &trial.head(), &mut |row| {
                head = Some(rows::head(row)?.0);
                Ok(())
            })?;
            trial.begin(head.ok_or_else(|| ReadError::Corrupt("the head of the journal is missing".into()))?);
            loop {
                let lookups = match trial.next() {
                    Ok(lookups) => lookups,
                    Err(foreseen) => return Ok(foreseen),
                };
                for mut lookup in lookups {
                    lookup.begin(trial.world());
                    let query = lookup.query.clone();
                    ask(connection, &query, &mut |row| lookup.file(trial.world(), row))?;
                    lookup.end(trial.world());
                }
            }
        })
    }
}

/// What a file and this program know of the schema. Changes nothing.
pub(crate) fn schema(path: &Path) -> Result<Schema, OpenError> {
    require(path)?;
    open::schema(&open_to_look(path)?).map_err(|error| left_log::explained(path, &error))
}

/// Brings the schema of a file that nobody else has up to date.
pub(crate) fn bring_up_to_date(path: &Path) -> Result<(), OpenError> {
    require(path)?;
    let _lock = FileLock::take(path)?;
    open_writer(path, &Options::default()).map(drop)
}

/// Nobody else has the file, so what leases there are belonged to a process that has ended.
fn end_leases(connection: &Connection) -> Result<(), OpenError> {
    let sql = "update delivery_targets set node = null, leased_until = 0, epoch = epoch + 1 where node is not null";
    connection.execute(sql, []).map(drop).map_err(|error| OpenError::Database(error.to_string()))
}

fn is_unfinished_copy(connection: &Connection) -> Result<bool, OpenError> {
    let exists = connection.table_exists(None, copy::PROGRESS);
    exists.map_err(|error| OpenError::Database(error.to_string()))
}

impl From<AskError> for ReadError {
    fn from(error: AskError) -> ReadError {
        match error {
            AskError::Database(error) => read_error(&error),
            AskError::Unreadable(error) => error.into(),
        }
    }
}

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
