//! How bookkeeping is written: statements that are carried out together, or not at all.
//!
//! With SQLite they travel to the committer like intents do, and share its transactions: a second writer would have to wait
//! for the first, and would pay for an fsync of its own. With PostgreSQL they have connections of their own.
//!
//! Rows travel as one JSON text, so that there is one statement for any number of them, which stays prepared.

use crate::query::{Dialect, Query, Texts, Value};
use crate::row::{Cell, Read, Row, Unreadable};
use crate::{ReadError, Store};
use orderpark_domain::Instant;
use serde::Serialize;

/// Statements that are carried out in their order, all or none.
#[derive(Debug, Default)]
pub(crate) struct Books(pub Vec<Query>);

/// The rows that each of the statements answered.
pub(crate) type Kept = Vec<Vec<KeptRow>>;

/// A row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptRow(pub Vec<Value>);

impl Row for KeptRow {
    fn cell(&self, column: usize) -> Read<Cell<'_>> {
        let value = self.0.get(column).ok_or_else(|| Unreadable::new(column, "there is no such column"))?;
        Ok(match value {
            Value::Nothing => Cell::Nothing,
            Value::Integer(number) => Cell::Integer(*number),
            Value::Text(text) => Cell::Text(text),
            Value::Blob(bytes) => Cell::Blob(bytes),
            Value::Integers(_) | Value::Texts(_) | Value::Blobs(_) => {
                return Err(Unreadable::new(column, "several values"));
            }
        })
    }
}

/// The rows of one statement, read.
pub(super) fn read_all<T>(rows: &[KeptRow], read: impl Fn(&dyn Row) -> Read<T>) -> Result<Vec<T>, ReadError> {
    Ok(rows.iter().map(|row| read(row)).collect::<Read<Vec<T>>>()?)
}

impl Store {
    /// Carries out one statement, and reads what it answers.
    pub(super) async fn keep_one<T>(
        &self,
        query: Query,
        read: impl Fn(&dyn Row) -> Read<T>,
    ) -> Result<Vec<T>, ReadError> {
        let kept = self.keep(Books(vec![query])).await?;
        kept.first().map_or(Ok(Vec::new()), |rows| read_all(rows, read))
    }

    /// Adds the instant by which leases are counted, with `more` behind it: PostgreSQL's own clock, so that all nodes have
    /// one, or the store's.
    pub(super) fn bind_lease_time<'q>(&self, query: &'q mut Query, more_micros: i64) -> &'q mut Query {
        match self.dialect() {
            Dialect::Sqlite => query.bind("?", self.clock().now().0.saturating_add(more_micros)),
            Dialect::Postgres => query.text(NOW).bind(" + ?", more_micros),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock().now()
    }
}

/// Microseconds since 1970, by PostgreSQL's clock.
const NOW: &str = "(extract(epoch from clock_timestamp()) * 1000000)::bigint";

/// A JSON text of rows.
pub(super) fn rows_json<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Value {
    let rows: Vec<T> = rows.into_iter().collect();
    Value::Text(serde_json::to_string(&rows).expect("texts and numbers can always be written as JSON"))
}

/// Adds a table `n` whose rows are those of one JSON text, in each engine's words.
pub(super) fn from_json(query: &mut Query, words: JsonRows, rows: Value) -> &mut Query {
    let dialect = query.dialect();
    match dialect {
        Dialect::Sqlite => query.text("(select ").text(words.0.of(dialect)).bind(" from json_each(?)) n", rows),
        Dialect::Postgres => query.bind("json_to_recordset(?::text::json) n ", rows).text(words.0.of(dialect)),
    }
}

/// The columns of rows that come as JSON: for SQLite as it selects them, for PostgreSQL as it declares them.
#[derive(Clone, Copy)]
pub(super) struct JsonRows(pub Texts);

/// Text that PostgreSQL can hold: what a receiver answers may have NUL in it.
pub(super) fn storable(text: &str, bytes_max: usize) -> String {
    let end = text.floor_char_boundary(bytes_max.min(text.len()));
    text[..end].replace('\0', "\u{FFFD}")
}
