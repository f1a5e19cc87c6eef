//! The database that is read, and stands still meanwhile.

use super::side::{Rows, Side, number};
use super::{BATCH_BYTES, BATCH_ROWS, CopyError, Table};
use crate::query::{Texts, Value};
use crate::{Database, postgres, schema, sqlite};

/// The columns of the head, the number of the last entry first and its hash second.
pub(super) const HEAD: &str = "seq, hash, at, next_ref, next_subscription";

/// The columns of an epoch.
pub(super) const EPOCHS: &str = "first_seq, epoch, origin";

/// Each server has one connection that writes. What roles of others do is not to be seen.
const SERVERS: Texts = Texts {
    sqlite: "select 0",
    postgres: "select count(*) from pg_stat_activity \
        where datname = current_database() and application_name = 'orderpark writer'",
};

/// The head of a journal, as [`HEAD`] reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head(pub Vec<Value>);

impl Head {
    /// The number of the last entry.
    pub(super) fn seq(&self) -> u64 {
        self.0.first().and_then(number).unwrap_or(0)
    }
}

pub(super) struct Source {
    side: Box<dyn Side>,
}

impl Source {
    /// Takes hold of the database: from here on nobody writes to it.
    pub(super) fn hold(database: &Database) -> Result<Source, CopyError> {
        let found = schema::look(database).map_err(CopyError::SourceOpen)?;
        if found.found != found.known {
            let older = found.found < found.known;
            let advice = if older { "bring it up to date with `orderpark migrate`" } else { "use a newer program" };
            return Err(CopyError::Schema { side: "source", found: found.found, known: found.known, advice });
        }
        let side: Box<dyn Side> = match database {
            Database::Sqlite(path) => Box::new(sqlite::Bulk::read(path).map_err(CopyError::SourceOpen)?),
            Database::Postgres(address) => Box::new(postgres::Bulk::read(address).map_err(CopyError::SourceOpen)?),
        };
        let mut source = Source { side };
        if source.side.is_unfinished().map_err(CopyError::Source)? {
            return Err(CopyError::SourceUnfinished);
        }
        Ok(source)
    }

    pub(super) fn head(&mut self) -> Result<Head, CopyError> {
        let query = self.side.query(&format!("select {HEAD} from head"));
        let row = self.side.first(&query).map_err(CopyError::Source)?;
        let head = Head(row.ok_or_else(|| CopyError::Source("the head of the journal is missing".into()))?);
        if head.seq() == 0 { Err(CopyError::SourceEmpty) } else { Ok(head) }
    }

    /// How many servers are connected. A file that has one is not held in the first place.
    pub(super) fn servers(&mut self) -> Result<u64, CopyError> {
        let servers = self.side.number(SERVERS.of(self.side.dialect()));
        Ok(servers.map_err(CopyError::Source)?.unwrap_or(0))
    }

    /// What the deployment's keys are known by; nothing where no keys were ever used.
    pub(super) fn keys_fingerprint(&mut self) -> Result<Value, CopyError> {
        let query = self.side.query("select keys_fingerprint from deployment");
        let row = self.side.first(&query).map_err(CopyError::Source)?;
        Ok(row.and_then(|row| row.into_iter().next()).unwrap_or(Value::Nothing))
    }

    /// The epochs of the feed, as [`EPOCHS`] reads them.
    pub(super) fn epochs(&mut self) -> Result<Rows, CopyError> {
        let query = self.side.query(&format!("select {EPOCHS} from feed_epochs order by first_seq"));
        self.side.ask(&query, usize::MAX).map_err(CopyError::Source)
    }

    pub(super) fn count(&mut self, table: &Table) -> Result<u64, CopyError> {
        let count = self.side.number(&format!("select count(*) from {}", table.name));
        Ok(count.map_err(CopyError::Source)?.unwrap_or(0))
    }

    pub(super) fn columns(&mut self, table: &Table) -> Result<Vec<String>, CopyError> {
        self.side.columns(table.name).map_err(CopyError::Source)
    }

    /// The next rows behind a key.
    pub(super) fn rows_after(
        &mut self,
        table: &Table,
        columns: &[String],
        last: Option<&[Value]>,
    ) -> Result<Rows, CopyError> {
        let mut query = self.side.query(&format!("select {} from {}", columns.join(", "), table.name));
        let key = table.key.join(", ");
        if let Some(last) = last {
            query.text(&format!(" where ({key}) > ("));
            for (n, value) in last.iter().enumerate() {
                query.bind(if n == 0 { "?" } else { ", ?" }, value.clone());
            }
            query.text(")");
        }
        query.text(&format!(" order by {key} limit {BATCH_ROWS}"));
        self.side.ask(&query, BATCH_BYTES).map_err(CopyError::Source)
    }
}
