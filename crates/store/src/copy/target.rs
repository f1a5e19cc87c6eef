//! The database that is written, batch by batch.

use super::side::{Rows, Side, number};
use super::source::{EPOCHS, HEAD, Head};
use super::{CopyError, TABLES, Table};
use crate::query::{Dialect, Texts, Value};
use crate::{Database, OpenError, faults, postgres, schema, sqlite};

/// In PostgreSQL, whoever has the head is alone.
const BEGIN: Texts = Texts { sqlite: "begin immediate", postgres: "begin isolation level read committed" };
const SEQ: Texts = Texts { sqlite: "select seq from head", postgres: "select seq from head for update" };

const CREATE_PROGRESS: Texts = Texts {
    sqlite: "create table copy_progress (seq integer not null, hash blob not null) strict",
    postgres: "create table copy_progress (seq bigint not null, hash bytea not null)",
};

pub(super) struct Target {
    side: Box<dyn Side>,
    /// The last entry of the source, once it is known.
    wanted: u64,
}

fn failed(why: impl Into<String>) -> CopyError {
    CopyError::Target(why.into())
}

impl Target {
    /// Takes hold of the database, and makes its tables if it has none. One that has older ones is left as it is.
    pub(super) fn hold(database: &Database) -> Result<Target, CopyError> {
        let is_new = matches!(database, Database::Sqlite(path) if !path.exists());
        if !is_new {
            let found = schema::look(database).map_err(CopyError::TargetOpen)?;
            if found.found != 0 && found.found != found.known {
                let advice = "name an empty database";
                return Err(CopyError::Schema { side: "target", found: found.found, known: found.known, advice });
            }
        }
        let side: Box<dyn Side> = match database {
            Database::Sqlite(path) => Box::new(sqlite::Bulk::write(path).map_err(CopyError::TargetOpen)?),
            Database::Postgres(address) => {
                let bulk = postgres::Bulk::write(address).map_err(CopyError::TargetOpen)?;
                Box::new(bulk.ok_or(CopyError::TargetBusy)?)
            }
        };
        Ok(Target { side, wanted: 0 })
    }

    /// Makes the database the copy of this source; answers whether it was already.
    pub(super) fn claim(&mut self, source: &Head) -> Result<bool, CopyError> {
        self.wanted = source.seq();
        if self.side.is_unfinished().map_err(failed)? {
            let progress = self.side.first(&self.side.query("select seq, hash from copy_progress")).map_err(failed)?;
            let progress = progress.unwrap_or_default();
            if progress[..] == source.0[..2] {
                return Ok(true);
            }
            let found = progress.first().and_then(number).unwrap_or(0);
            return Err(CopyError::OtherSource { found, wanted: source.seq() });
        }
        self.check_empty(source)?;
        self.begin()?;
        self.side.run(CREATE_PROGRESS.of(self.side.dialect())).map_err(failed)?;
        let mut insert = self.side.query("insert into copy_progress values (");
        insert.bind("?", source.0[0].clone()).bind(", ?)", source.0[1].clone());
        self.side.ask(&insert, usize::MAX).map_err(failed)?;
        self.commit()?;
        Ok(false)
    }

    fn head(&mut self) -> Result<Head, CopyError> {
        let query = self.side.query(&format!("select {HEAD} from head"));
        Ok(Head(self.side.first(&query).map_err(failed)?.unwrap_or_default()))
    }

    fn check_empty(&mut self, source: &Head) -> Result<(), CopyError> {
        let head = self.head()?;
        let entries = head.seq();
        if head == *source {
            return Err(CopyError::TargetIsCopy(entries));
        }
        if entries > 0 {
            return Err(CopyError::TargetNotEmpty(format!("its journal has {entries} entries")));
        }
        for table in &TABLES {
            let rows = self.count(table)?;
            if rows > 0 {
                return Err(CopyError::TargetNotEmpty(format!("{} has {rows} rows", table.name)));
            }
        }
        Ok(())
    }

    /// Begins a transaction, in which nobody has come between.
    fn begin(&mut self) -> Result<(), CopyError> {
        let dialect = self.side.dialect();
        self.side.run(BEGIN.of(dialect)).map_err(failed)?;
        let seq = self.side.number(SEQ.of(dialect)).map_err(failed)?.unwrap_or(0);
        if seq == 0 || seq == self.wanted {
            return Ok(());
        }
        Err(CopyError::TargetNotEmpty(format!("another program wrote entry {seq} of its journal meanwhile")))
    }

    fn commit(&mut self) -> Result<(), CopyError> {
        self.side.run("commit").map_err(failed)
    }

    pub(super) fn count(&mut self, table: &Table) -> Result<u64, CopyError> {
        let count = self.side.number(&format!("select count(*) from {}", table.name));
        Ok(count.map_err(failed)?.unwrap_or(0))
    }

    /// Forgets what was copied of a table.
    pub(super) fn clear(&mut self, table: &Table) -> Result<(), CopyError> {
        self.begin()?;
        self.side.run(&format!("delete from {}", table.name)).map_err(failed)?;
        self.commit()
    }

    /// Where to go on.
    pub(super) fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, CopyError> {
        let order: Vec<String> = table.key.iter().map(|column| format!("{column} desc")).collect();
        let (key, name, order) = (table.key.join(", "), table.name, order.join(", "));
        let query = self.side.query(&format!("select {key} from {name} order by {order} limit 1"));
        self.side.first(&query).map_err(failed)
    }

    /// Writes a batch, wholly or not at all.
    pub(super) fn append(&mut self, table: &Table, columns: &[String], rows: &[Vec<Value>]) -> Result<(), CopyError> {
        self.begin()?;
        self.side.append(table.name, columns, rows).map_err(|why| failed(format!("{}: {why}", table.name)))?;
        faults::point("batch copied");
        self.commit()
    }

    /// Everything else is there: from now on the journal has a head.
    /// The source may give out more ids after this, so whoever serves the copy must begin a new
    /// epoch: no server lives at the origin that it says.
    pub(super) fn move_head(&mut self, head: &Head, keys_fingerprint: &Value, epochs: &Rows) -> Result<(), CopyError> {
        self.begin()?;
        let mut update = self.side.query("update head set");
        for (n, (column, value)) in HEAD.split(", ").zip(&head.0).enumerate() {
            update.bind(&format!("{} {column} = ?", if n == 0 { "" } else { "," }), value.clone());
        }
        self.side.ask(&update, usize::MAX).map_err(failed)?;
        let mut update = self.side.query("update deployment set");
        update.bind(" keys_fingerprint = ?", keys_fingerprint.clone());
        self.side.ask(&update, usize::MAX).map_err(failed)?;
        self.side.run("delete from feed_epochs").map_err(failed)?;
        let columns: Vec<String> = EPOCHS.split(", ").map(str::to_owned).collect();
        self.side.append("feed_epochs", &columns, epochs).map_err(failed)?;
        self.side.run("update feed_epochs set origin = 'copied'").map_err(failed)?;
        self.commit()
    }

    /// Makes a database like any other of it; answers its last entry and that one's hash.
    pub(super) fn finish(mut self, source: &Head) -> Result<(u64, [u8; 32]), CopyError> {
        let head = self.head()?;
        if head != *source {
            return Err(failed("the heads of the two journals differ"));
        }
        let hash = match head.0.get(1) {
            Some(Value::Blob(bytes)) => <[u8; 32]>::try_from(bytes.as_slice()).ok(),
            _ => None,
        };
        self.begin()?;
        self.side.run("drop table copy_progress").map_err(failed)?;
        self.commit()?;
        if let Err(why) = self.side.run(&tidy(self.side.dialect())) {
            tracing::warn!(why, "the new database was not tidied up; it is whole all the same");
        }
        Ok((head.seq(), hash.ok_or_else(|| failed("the head of the journal has no hash"))?))
    }
}

/// What makes the first questions to the new database quick.
fn tidy(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => "pragma wal_checkpoint(truncate)".into(),
        Dialect::Postgres => format!("analyze head, {}", TABLES.map(|table| table.name).join(", ")),
    }
}

/// Refuses to open a database that is not yet what its source was.
pub(crate) fn check_finished(unfinished: bool) -> Result<(), OpenError> {
    if unfinished { Err(OpenError::CopyUnfinished) } else { Ok(()) }
}
