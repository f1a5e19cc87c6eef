//! Plain SQL at a SQLite file, beside the program that has it open.

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, Error, Row};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// Carries out any number of statements; answers the rows of all, as text, written as PostgreSQL would.
pub fn rows(path: &Path, sql: &str) -> Vec<Vec<String>> {
    ask(path, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn ask(path: &Path, sql: &str) -> Result<Vec<Vec<String>>, Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    let mut answered = Vec::new();
    let mut batch = Batch::new(&connection, sql);
    while let Some(mut statement) = batch.next()? {
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            answered.push((0..columns).map(|column| text(row, column)).collect::<Result<_, _>>()?);
        }
    }
    Ok(answered)
}

fn text(row: &Row<'_>, column: usize) -> Result<String, Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().fold("\\x".to_owned(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        }),
    })
}
