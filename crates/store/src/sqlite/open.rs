//! Opening a file: one process only, a library that keeps its promises, a schema that this program knows.

use super::left_log;
use crate::schema::tell_migrations;
use crate::{OpenError, Options, Schema, faults, private};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// 3.51.3 is the first release without the write-ahead log's reset bug.
const SQLITE_MIN: i32 = 3_051_003;

/// How long a connection waits for another one's lock.
pub(crate) const BUSY_MAX: Duration = Duration::from_secs(5);

/// The writer's share of the page cache: room for the upper levels of every index.
const WRITER_CACHE_KIB: i32 = 65_536;

/// Holds the file against a second process as long as it lives.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Whether a process has the file.
    pub(super) fn is_held(path: &Path) -> bool {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        File::open(beside(&path, ".lock"))
            .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    pub(crate) fn take(path: &Path) -> Result<FileLock, OpenError> {
        // By its one true name, so that a link to the file is the same file.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let path = path.as_path();
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let file = beside(path, suffix);
            private::check_database(&file).map_err(|source| io(&file, source))?;
        }
        let lock_path = beside(path, ".lock");
        let io = |source| io(&lock_path, source);
        let file = open_private(&lock_path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(FileLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.display().to_string())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens the connection that writes, makes the file if it is missing, and brings the schema up to date.
pub(crate) fn open_writer(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    check_library()?;
    left_log::check(path)?;
    open_private(path).map_err(|source| io(path, source))?;
    let mut connection = connect(path).map_err(|error| database(&error))?;
    configure_writer(&connection, options).map_err(|error| database(&error))?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Refuses a file that is missing; whoever only reads must not make one.
pub(crate) fn require(path: &Path) -> Result<(), OpenError> {
    if path.exists() {
        return Ok(());
    }
    Err(io(path, ErrorKind::NotFound.into()))
}

/// Opens a connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    connect(path).and_then(reading).map_err(|error| database(&error))
}

fn reading(connection: Connection) -> rusqlite::Result<Connection> {
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -4096)?;
    Ok(connection)
}

/// Opens a file that is only looked at, also where this process may not write: SQLite wants to,
/// even to read, unless it is told that nobody else does.
pub(crate) fn open_to_look(path: &Path) -> Result<Connection, OpenError> {
    let is_readable = |connection: Connection| {
        connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    match connect(path).and_then(reading).and_then(is_readable) {
        Err(error) if may_not_write(&error) && !left_log::lies_beside(path) => {
            let path = percent_encode(path.as_os_str().as_encoded_bytes(), AS_IT_IS);
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | NO_MUTEX;
            let opened = Connection::open_with_flags(format!("file:{path}?immutable=1"), flags);
            opened.and_then(prepared).and_then(reading).and_then(is_readable).map_err(|error| database(&error))
        }
        opened => opened.map_err(|error| left_log::explained(path, &error)),
    }
}

fn may_not_write(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied))
}

/// Characters that need no escape in a URI.
const AS_IT_IS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    prepared(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | NO_MUTEX)?)
}

/// Each connection is used by one thread at a time, which `Mutex` and `&mut` see to.
const NO_MUTEX: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

fn prepared(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY_MAX)?;
    // Only the writer copies the log back when it closes: whoever only reads leaves the files as they are.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    // Plans do not depend on bound values: without this a statement is prepared anew each time that it gets new ones.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

fn configure_writer(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    if let Some(pages) = options.pages_max {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}

fn check_library() -> Result<(), OpenError> {
    if rusqlite::version_number() < SQLITE_MIN {
        return Err(OpenError::SqliteTooOld(rusqlite::version().to_owned()));
    }
    Ok(())
}

/// Opens a file for writing, and makes it for the owner alone if it is missing. SQLite gives the
/// log and the shared memory the mode of the file, so it is enough to make the file private.
fn open_private(path: &Path) -> std::io::Result<File> {
    match private::create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => OpenOptions::new().write(true).open(path),
        made => made,
    }
}

fn io(path: &Path, source: std::io::Error) -> OpenError {
    OpenError::Io { path: path.display().to_string(), source }
}

/// What the file and this program know of the schema.
pub(crate) fn schema(connection: &Connection) -> rusqlite::Result<Schema> {
    let look = |table: &str, sql: &str| -> rusqlite::Result<Option<u32>> {
        if !connection.table_exists(None, table)? {
            return Ok(None);
        }
        connection.query_row(sql, [], |row| row.get(0))
    };
    let found = look("refinery_schema_history", "select max(version) from refinery_schema_history")?;
    let oldest = look("schema_promise", "select oldest from schema_promise")?;
    Ok(Schema::new(found.unwrap_or(0), oldest, embedded::migrations::runner().get_migrations()))
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let schema = schema(connection).map_err(|error| database(&error))?;
    schema.check()?;
    if !schema.pending.is_empty() {
        faults::point("migration step");
        let runner = embedded::migrations::runner().set_grouped(true);
        let report = runner.run(connection).map_err(|error| OpenError::Database(error.to_string()))?;
        tell_migrations(report.applied_migrations());
    }
    Ok(())
}

fn database(error: &rusqlite::Error) -> OpenError {
    OpenError::Database(error.to_string())
}
