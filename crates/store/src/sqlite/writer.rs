//! The writer's connection, as the committer uses it.

use super::ask::{AskError, ask};
use super::checkpoint::{Log, checkpoint};
use super::flush::{append, flush};
use super::open::BUSY_MAX;
use super::read_error;
use crate::committer::{Begun, Failure, Remedy, Writer, Written};
use crate::deliveries::books::{Books, Kept, KeptRow};
use crate::journal::Hash;
use crate::load::lookups;
use crate::query::{Dialect, Query, sql_number};
use crate::row::{Read, Row};
use crate::told::Told;
use crate::{CommitError, Epoch, ReadError, epochs, faults, rows};
use orderpark_domain::{Entry, Head, Need, World};
use rusqlite::{Connection, ErrorCode, params_from_iter};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often the writer begins the write-ahead log anew at most: a reader may hold it.
const TRIMMED_EVERY: Duration = Duration::from_millis(50);

/// A write of 64 pages, more than most batches need, and its removal; the first also removes what a
/// crash between them has left.
const PROBES: [&str; 2] = [
    "drop table if exists write_probe; create table write_probe as select zeroblob(262144) as room",
    "drop table write_probe",
];

/// The one connection that writes.
pub(crate) struct SqliteWriter {
    connection: Connection,
    trimmed_at: Instant,
    /// Whether that failed the last time.
    trim_fails: bool,
    /// The epoch that begins with the next entry; none: it has begun.
    next_epoch: Option<Epoch>,
}

impl SqliteWriter {
    pub(crate) fn new(connection: Connection, next_epoch: Epoch) -> SqliteWriter {
        SqliteWriter { connection, trimmed_at: Instant::now(), trim_fails: false, next_epoch: Some(next_epoch) }
    }

    fn one<T>(&self, query: &Query, read: fn(&dyn Row) -> Read<T>) -> Result<Option<T>, Failure> {
        let mut found = None;
        ask(&self.connection, query, &mut |row| {
            found = Some(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

impl Writer for SqliteWriter {
    /// Nobody else writes to the file: if the journal has moved, nothing of what we knew is trusted.
    fn begin(&mut self, _: Option<(&Head, &Hash)>) -> Result<Begun, Failure> {
        self.connection.prepare_cached("begin immediate")?.execute([])?;
        let mut query = Query::new(Dialect::Sqlite, "select ");
        query.either(rows::HEAD).text(" from head");
        let missing = || CommitError::Corrupt("the head of the journal is missing".into());
        let found = self.one(&query, rows::head)?;
        let (head, hash) = found.ok_or_else(|| Failure { error: missing(), remedy: Remedy::Nothing })?;
        Ok(Begun { head, hash, others: None })
    }

    fn load(&mut self, world: &mut World, needs: BTreeSet<Need>) -> Result<(), Failure> {
        for mut lookup in lookups(Dialect::Sqlite, needs) {
            lookup.begin(world);
            let query = lookup.query.clone();
            ask(&self.connection, &query, &mut |row| lookup.file(world, row))?;
            lookup.end(world);
        }
        Ok(())
    }

    fn entry_at(&mut self, seq: u64) -> Result<Option<Entry>, Failure> {
        let mut query = Query::new(Dialect::Sqlite, "select seq, at, entry from journal where");
        query.bind(" seq = ?", sql_number(seq));
        self.one(&query, rows::entry)
    }

    fn keep(&mut self, books: &Books) -> Result<Result<Kept, ReadError>, Failure> {
        self.run("savepoint books")?;
        let kept = books.0.iter().map(|query| answered(&self.connection, query)).collect::<Result<Kept, AskError>>();
        // An error that ended the whole transaction has taken the savepoint with it.
        if kept.is_err() && self.is_open() {
            self.run("rollback to books")?;
        }
        match kept {
            Err(error) if !self.is_open() => Err(error.into()),
            kept => {
                self.run("release books")?;
                Ok(kept.map_err(ReadError::from))
            }
        }
    }

    fn commit(&mut self, batch: &Written<'_>) -> Result<(), Failure> {
        if let Some(first) = batch.lines.first() {
            if let Some(epoch) = self.next_epoch {
                let begun = (sql_number(first.seq), epoch.as_str());
                self.connection.execute(epochs::BEGIN.sqlite, begun)?;
            }
            flush(&self.connection, batch.world, &Told::by(batch.entries))?;
            append(&self.connection, batch.lines, &batch.world.head, batch.hash)?;
        }
        faults::point("before commit");
        self.connection.prepare_cached("commit")?.execute([]).map_err(|error| commit_failure(&error))?;
        if !batch.lines.is_empty() {
            self.next_epoch = None;
        }
        Ok(())
    }

    /// Two transactions, because only what is committed is written, and what a transaction makes
    /// and drops again is not.
    fn probe(&mut self) -> Result<(), Failure> {
        for sql in PROBES {
            self.connection.execute_batch("begin immediate")?;
            self.connection.execute_batch(sql)?;
            self.connection.execute_batch("commit").map_err(|error| commit_failure(&error))?;
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn roll_back(&mut self) {
        if let Err(error) = self.connection.execute_batch("rollback") {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
    }

    /// Begins the write-ahead log anew when it has grown too long for the thread that copies it back. A reader that holds
    /// an old snapshot, as a running `verify` does, is not waited for: it is tried again a little later.
    fn rest(&mut self) {
        let due = Log::of(&self.connection).is_ok_and(Log::is_due);
        if due && self.trimmed_at.elapsed() > TRIMMED_EVERY {
            self.trimmed_at = Instant::now();
            let trimmed = restart_log(&self.connection);
            if let Some(error) = trimmed.as_ref().err().filter(|_| !self.trim_fails) {
                tracing::warn!(%error, "the write-ahead log could not be begun anew; it will be tried again");
            }
            self.trim_fails = trimmed.is_err();
        }
    }

    /// What was committed is in the log already; this only makes the next start short.
    fn close(&mut self) {
        if let Err(error) = checkpoint(&self.connection, "TRUNCATE") {
            tracing::warn!(%error, "the write-ahead log stays; the next start copies it back");
        }
    }
}

/// Every row that a statement answers; it is carried out to its end.
fn answered(connection: &Connection, query: &Query) -> Result<Vec<KeptRow>, AskError> {
    let mut statement = connection.prepare_cached(query.sql())?;
    let width = statement.column_count();
    let mut rows = statement.query(params_from_iter(query.values()))?;
    let mut answer = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..width).map(|column| Ok(row.cell(column)?.to_value())).collect::<Read<Vec<_>>>()?;
        answer.push(KeptRow(values));
    }
    Ok(answer)
}

/// Writes wait for nobody here, so the busy handler is away meanwhile.
fn restart_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let restarted = checkpoint(connection, "RESTART").map(|_| ());
    connection.busy_timeout(BUSY_MAX)?;
    restarted
}

/// After an I/O error the commit may yet turn out to be on the disk; any other error leaves nothing.
fn commit_failure(error: &rusqlite::Error) -> Failure {
    let error = match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => CommitError::OutcomeUnknown(error.to_string()),
        _ => CommitError::Unavailable(error.to_string()),
    };
    Failure { error, remedy: Remedy::Nothing }
}

impl From<AskError> for Failure {
    /// A row that cannot be read was asked for by one intent; a constraint was violated by one.
    fn from(error: AskError) -> Failure {
        match error {
            AskError::Database(error) => error.into(),
            AskError::Unreadable(error) => {
                Failure { error: CommitError::Corrupt(error.to_string()), remedy: Remedy::OneByOne }
            }
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(raised: rusqlite::Error) -> Failure {
        let violated = raised.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
        let error = match read_error(&raised) {
            ReadError::Unavailable(why) if violated => CommitError::Corrupt(why),
            other => other.into(),
        };
        Failure { error, remedy: if violated { Remedy::OneByOne } else { Remedy::Nothing } }
    }
}
