//! What copying needs of a connection, to either engine.

use crate::query::{Dialect, Query, Texts, Value};

/// Rows by themselves.
pub(crate) type Rows = Vec<Vec<Value>>;

/// A connection that has its database to itself, as far as writing goes. Errors are sentences: nobody acts upon them.
pub(crate) trait Side {
    fn dialect(&self) -> Dialect;

    /// Carries out statements that have no answer.
    fn run(&mut self, sql: &str) -> Result<(), String>;

    /// The first rows of an answer; after `bytes_max` bytes there are no more.
    fn ask(&mut self, query: &Query, bytes_max: usize) -> Result<Rows, String>;

    /// The columns of a table.
    fn columns(&mut self, table: &str) -> Result<Vec<String>, String>;

    /// Writes rows in the quickest way there is.
    fn append(&mut self, table: &str, columns: &[String], rows: &[Vec<Value>]) -> Result<(), String>;
}

/// How many bytes a row takes, roughly.
pub(crate) fn size(row: &[Value]) -> usize {
    let size = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        _ => 8,
    };
    row.iter().map(size).sum()
}

impl dyn Side {
    /// A query that has the same words in both engines.
    pub(super) fn query(&self, sql: &str) -> Query {
        Query::new(self.dialect(), sql)
    }

    /// The only row of a short answer.
    pub(super) fn first(&mut self, query: &Query) -> Result<Option<Vec<Value>>, String> {
        Ok(self.ask(query, usize::MAX)?.into_iter().next())
    }

    /// The only number of an answer; absent where there is none.
    pub(super) fn number(&mut self, sql: &str) -> Result<Option<u64>, String> {
        let row = self.first(&self.query(sql))?;
        Ok(row.and_then(|row| row.first().and_then(number)))
    }

    /// Whether this is a copy that was not finished.
    pub(super) fn is_unfinished(&mut self) -> Result<bool, String> {
        Ok(self.number(UNFINISHED.of(self.dialect()))?.is_some())
    }
}

/// A count in an answer.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// Answers a row if the database is a copy that was not finished.
const UNFINISHED: Texts = Texts {
    sqlite: "select 1 from sqlite_schema where type = 'table' and name = 'copy_progress'",
    postgres: "select 1::bigint where to_regclass('copy_progress') is not null",
};
