//! Asks a query of a connection.

use crate::query::{Dialect, Query, Value};
use crate::row::{Cell, Read, Row, Step, Unreadable};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};

/// Why a query was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Takes a step with every row of the answer.
pub(crate) fn ask(connection: &Connection, query: &Query, step: Step<'_>) -> Result<(), AskError> {
    let mut statement = connection.prepare_cached(query.sql())?;
    let mut rows = statement.query(params_from_iter(query.values()))?;
    while let Some(row) = rows.next()? {
        step(row)?;
    }
    Ok(())
}

impl Row for rusqlite::Row<'_> {
    fn cell(&self, column: usize) -> Read<Cell<'_>> {
        Ok(match self.get_ref(column).map_err(|error| Unreadable::new(column, error))? {
            ValueRef::Null => Cell::Nothing,
            ValueRef::Integer(number) => Cell::Integer(number),
            ValueRef::Text(text) => Cell::Text(str::from_utf8(text).map_err(|error| Unreadable::new(column, error))?),
            ValueRef::Blob(bytes) => Cell::Blob(bytes),
            ValueRef::Real(_) => return Err(Unreadable::new(column, "a fraction")),
        })
    }

    fn bytes(&self) -> usize {
        let columns = 0..self.as_ref().column_count();
        columns
            .filter_map(|column| self.get_ref(column).ok())
            .map(|value| value.as_bytes().map_or(8, <[u8]>::len))
            .sum()
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Nothing => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Integer(number) => ToSqlOutput::from(*number),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Integers(numbers) => {
                let list = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                ToSqlOutput::from(format!("[{list}]"))
            }
            Value::Texts(_) | Value::Blobs(_) => unreachable!("SQLite is asked for one key at a time"),
        })
    }
}

/// [`ask`] for a text without values, in the words of SQLite.
pub(crate) fn ask_text(connection: &Connection, sql: &str, step: Step<'_>) -> Result<(), AskError> {
    ask(connection, &Query::new(Dialect::Sqlite, sql), step)
}
