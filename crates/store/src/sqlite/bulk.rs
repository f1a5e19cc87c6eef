//! A file as `copy` reads or writes it: wholly, and alone.

use super::ask::{AskError, ask_text};
use super::open::{FileLock, open_reader, open_writer, require};
use crate::copy::{Rows, Side, size};
use crate::query::{Dialect, Query, Value};
use crate::row::{Read, Row as _};
use crate::{OpenError, Options};
use rusqlite::{Connection, params_from_iter};
use std::path::Path;

/// Pages that the write-ahead log may have before it is copied back: there is no thread here that does it.
const LOG_PAGES: i32 = 16_384;

/// A connection, and the lock that keeps servers away. Dropped in this order.
pub(crate) struct Bulk {
    connection: Connection,
    _lock: FileLock,
}

impl Bulk {
    /// Holds a file that is there, to read from it.
    pub(crate) fn read(path: &Path) -> Result<Bulk, OpenError> {
        require(path)?;
        let lock = FileLock::take(path)?;
        Ok(Bulk { connection: open_reader(path)?, _lock: lock })
    }

    /// Holds a file to write to; makes it, and its tables, if they are missing.
    pub(crate) fn write(path: &Path) -> Result<Bulk, OpenError> {
        let lock = FileLock::take(path)?;
        let connection = open_writer(path, &Options::default())?;
        let set = connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES);
        set.map_err(|error| OpenError::Database(error.to_string()))?;
        Ok(Bulk { connection, _lock: lock })
    }

    fn rows(&self, query: &Query, bytes_max: usize) -> Result<Rows, AskError> {
        let mut statement = self.connection.prepare_cached(query.sql())?;
        let width = statement.column_count();
        let mut rows = statement.query(params_from_iter(query.values()))?;
        let (mut all, mut bytes) = (Rows::new(), 0);
        while let Some(row) = rows.next()? {
            let row = (0..width).map(|column| Ok(row.cell(column)?.to_value())).collect::<Read<Vec<Value>>>()?;
            bytes += size(&row);
            all.push(row);
            if bytes > bytes_max {
                break;
            }
        }
        Ok(all)
    }

    fn insert(&self, sql: &str, rows: &[Vec<Value>]) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        for row in rows {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }
}

impl Side for Bulk {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn run(&mut self, sql: &str) -> Result<(), String> {
        ask_text(&self.connection, sql, &mut |_| Ok(())).map_err(|error| error.to_string())
    }

    fn ask(&mut self, query: &Query, bytes_max: usize) -> Result<Rows, String> {
        self.rows(query, bytes_max).map_err(|error| error.to_string())
    }

    fn columns(&mut self, table: &str) -> Result<Vec<String>, String> {
        let statement =
            self.connection.prepare(&format!("select * from {table}")).map_err(|error| error.to_string())?;
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    fn append(&mut self, table: &str, columns: &[String], rows: &[Vec<Value>]) -> Result<(), String> {
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("insert into {table} ({}) values ({places})", columns.join(", "));
        self.insert(&sql, rows).map_err(|error| error.to_string())
    }
}
