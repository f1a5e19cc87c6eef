//! A row as either engine answers it, and how single values are read from one.

use crate::query::Value;
use orderpark_domain::Instant;
use std::fmt::Display;

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell<'r> {
    Nothing,
    Integer(i64),
    Text(&'r str),
    Blob(&'r [u8]),
}

impl Cell<'_> {
    /// The value by itself.
    pub(crate) fn to_value(self) -> Value {
        match self {
            Cell::Nothing => Value::Nothing,
            Cell::Integer(number) => Value::Integer(number),
            Cell::Text(text) => Value::Text(text.to_owned()),
            Cell::Blob(bytes) => Value::Blob(bytes.to_vec()),
        }
    }
}

/// A row holds what this program never writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {why}")]
pub(crate) struct Unreadable {
    pub column: usize,
    pub why: String,
}

impl Unreadable {
    pub(crate) fn new(column: usize, why: impl Display) -> Unreadable {
        Unreadable { column, why: format!("{why}") }
    }
}

pub(crate) type Read<T> = Result<T, Unreadable>;

/// A row of an answer. The engines' own rows are one; columns count from 0.
pub(crate) trait Row {
    fn cell(&self, column: usize) -> Read<Cell<'_>>;

    /// How large it is, in bytes; 0 where nobody asks.
    fn bytes(&self) -> usize {
        0
    }
}

/// What is done with each row of an answer.
pub(crate) type Step<'s> = &'s mut dyn FnMut(&dyn Row) -> Read<()>;

fn wrong<T>(column: usize, found: Cell<'_>, wanted: &str) -> Read<T> {
    let found = match found {
        Cell::Nothing => "nothing",
        Cell::Integer(_) => "a number",
        Cell::Text(_) => "a text",
        Cell::Blob(_) => "bytes",
    };
    Err(Unreadable::new(column, format!("{found} instead of {wanted}")))
}

pub(crate) fn integer(row: &dyn Row, column: usize) -> Read<i64> {
    match row.cell(column)? {
        Cell::Integer(number) => Ok(number),
        other => wrong(column, other, "a number"),
    }
}

pub(crate) fn optional_integer(row: &dyn Row, column: usize) -> Read<Option<i64>> {
    match row.cell(column)? {
        Cell::Nothing => Ok(None),
        Cell::Integer(number) => Ok(Some(number)),
        other => wrong(column, other, "a number"),
    }
}

pub(crate) fn text(row: &dyn Row, column: usize) -> Read<&str> {
    match row.cell(column)? {
        Cell::Text(text) => Ok(text),
        other => wrong(column, other, "a text"),
    }
}

pub(crate) fn string(row: &dyn Row, column: usize) -> Read<String> {
    text(row, column).map(str::to_owned)
}

pub(crate) fn optional_text(row: &dyn Row, column: usize) -> Read<Option<&str>> {
    match row.cell(column)? {
        Cell::Nothing => Ok(None),
        Cell::Text(text) => Ok(Some(text)),
        other => wrong(column, other, "a text"),
    }
}

pub(crate) fn optional_string(row: &dyn Row, column: usize) -> Read<Option<String>> {
    Ok(optional_text(row, column)?.map(str::to_owned))
}

pub(crate) fn blob(row: &dyn Row, column: usize) -> Read<&[u8]> {
    match row.cell(column)? {
        Cell::Blob(bytes) => Ok(bytes),
        other => wrong(column, other, "bytes"),
    }
}

pub(crate) fn bytes<const N: usize>(row: &dyn Row, column: usize) -> Read<[u8; N]> {
    blob(row, column)?.try_into().map_err(|_| Unreadable::new(column, format!("not {N} bytes")))
}

/// A count or a ref: never negative.
pub(crate) fn number(row: &dyn Row, column: usize) -> Read<u64> {
    u64::try_from(integer(row, column)?).map_err(|_| Unreadable::new(column, "a negative number"))
}

pub(crate) fn optional_number(row: &dyn Row, column: usize) -> Read<Option<u64>> {
    let number = optional_integer(row, column)?.map(u64::try_from).transpose();
    number.map_err(|_| Unreadable::new(column, "a negative number"))
}

/// A revision, a quantity or a position.
pub(crate) fn small(row: &dyn Row, column: usize) -> Read<u32> {
    u32::try_from(integer(row, column)?).map_err(|_| Unreadable::new(column, "a number that is too large"))
}

pub(crate) fn instant(row: &dyn Row, column: usize) -> Read<Instant> {
    integer(row, column).map(Instant)
}

pub(crate) fn optional_instant(row: &dyn Row, column: usize) -> Read<Option<Instant>> {
    Ok(optional_integer(row, column)?.map(Instant))
}

/// One word of a closed list.
pub(crate) fn word<T>(row: &dyn Row, column: usize, parse: fn(&str) -> Option<T>) -> Read<T> {
    let text = text(row, column)?;
    parse(text).ok_or_else(|| Unreadable::new(column, format!("no such word: {text}")))
}

/// JSON that this program wrote.
pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str, column: usize) -> Read<T> {
    serde_json::from_str(text).map_err(|error| Unreadable::new(column, error))
}
