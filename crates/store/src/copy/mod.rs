//! A whole deployment moved from one database to another, of either engine.
//!
//! The source stands still meanwhile: a file is locked against every other process, and in PostgreSQL nobody gets the
//! journal's head, so no node writes. Table by table, parents before children, rows are read in the order of their keys
//! and written in batches, each in one transaction. **The rows themselves are the progress:** whoever goes on after a
//! crash asks the target for its last key, and continues behind it. Which source it was is kept beside, in the table
//! `copy_progress`, for as long as the copy is not finished; a database with that table is not served.
//!
//! The bookkeeping of deliveries is none of the business, and goes on where the source is PostgreSQL. It is copied as it was
//! when the copy began; whoever goes on with a copy begins anew with it.
//!
//! The journal's head comes last, and then the proof: the target is verified as any other database, and only if it keeps
//! every promise does `copy_progress` go. As the chain of hashes covers each byte of the journal, the head's hash says
//! that all of it has arrived.

mod error;
mod side;
mod source;
mod target;

pub use error::CopyError;
pub(crate) use side::{Rows, Side, size};
pub(crate) use target::check_finished;

use crate::query::Value;
use crate::verify::verify;
use crate::{Database, faults};
use source::Source;
use target::Target;

/// A table, and the key in whose order its rows are copied.
struct Table {
    name: &'static str,
    key: &'static [&'static str],
    /// Its rows change while the journal's head stands still: a copy of it that was not finished is begun anew.
    moves: bool,
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key, moves: false }
}

const fn bookkeeping(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key, moves: true }
}

/// Every table that grows, in an order in which each reference holds when it is written.
const TABLES: [Table; 18] = [
    table("parties", &["ref"]),
    table("users", &["ref"]),
    table("user_scopes", &["user_ref", "position"]),
    table("products", &["ref"]),
    table("offers", &["ref"]),
    table("offer_items", &["offer_ref", "position"]),
    table("strategies", &["ref"]),
    table("orders", &["ref"]),
    table("subscriptions", &["order_ref", "position"]),
    table("balances", &["subscriber_ref", "product_ref"]),
    table("request_keys", &["client_ref", "key"]),
    table("tokens", &["user_ref"]),
    table("webhook_endpoints", &["ref"]),
    table("journal", &["seq"]),
    bookkeeping("delivery_targets", &["kind", "ref"]),
    bookkeeping("delivery_retries", &["kind", "ref", "seq", "number"]),
    bookkeeping("delivery_replays", &["kind", "ref", "id"]),
    bookkeeping("delivery_attempts", &["kind", "ref", "id"]),
];

/// The table that a copy has until it is finished.
pub(crate) const PROGRESS: &str = "copy_progress";

/// How many rows share a transaction.
const BATCH_ROWS: usize = 5_000;

/// How many bytes they may have; the last row may go beyond.
const BATCH_BYTES: usize = 8 << 20;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many servers are connected to the source. They cannot write now; what they write later is not in the copy.
    Watched(u64),
    /// An unfinished copy of the same source was found, and is gone on with.
    Resumed,
    /// Rows of a table are in the target.
    Rows {
        /// The table.
        table: &'static str,
        /// How many are there.
        done: u64,
        /// How many the source has.
        total: u64,
    },
    /// Everything is there, and so many entries of the journal have been verified.
    Verified(u64),
}

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The last entry of the journal.
    pub seq: u64,
    /// Its hash, which is the same in both databases.
    pub hash: [u8; 32],
    /// Rows in all tables.
    pub rows: u64,
}

/// Copies a deployment into an empty database, or goes on with a copy of it that was not finished.
pub fn copy(from: &Database, to: &Database, tell: &mut dyn FnMut(Progress)) -> Result<Copied, CopyError> {
    if from == to {
        return Err(CopyError::SameDatabase);
    }
    let mut source = Source::hold(from)?;
    let head = source.head()?;
    let servers = source.servers()?;
    if servers > 0 {
        tell(Progress::Watched(servers));
    }
    let mut target = Target::hold(to)?;
    if target.claim(&head)? {
        tell(Progress::Resumed);
        TABLES.iter().rev().filter(|table| table.moves).try_for_each(|table| target.clear(table))?;
    }
    let mut rows = 0;
    for table in &TABLES {
        rows += copy_table(table, &mut source, &mut target, tell)?;
    }
    target.move_head(&head, &source.keys_fingerprint()?, &source.epochs()?)?;
    faults::point("head copied");
    tell(Progress::Verified(0));
    let report = verify(to, &mut |entries| tell(Progress::Verified(entries))).map_err(CopyError::TargetOpen)?;
    if let Some(violation) = report.violations.first() {
        return Err(CopyError::Broken { violations: report.violations.len(), first: violation.clone() });
    }
    let (seq, hash) = target.finish(&head)?;
    Ok(Copied { seq, hash, rows })
}

/// Copies what the target has not yet; answers how many rows it has then.
fn copy_table(
    table: &Table,
    source: &mut Source,
    target: &mut Target,
    tell: &mut dyn FnMut(Progress),
) -> Result<u64, CopyError> {
    let (total, mut done) = (source.count(table)?, target.count(table)?);
    let columns = source.columns(table)?;
    let mut last = target.last_key(table)?;
    loop {
        tell(Progress::Rows { table: table.name, done, total });
        let rows = source.rows_after(table, &columns, last.as_deref())?;
        let Some(row) = rows.last() else { break };
        last = Some(key_of(table, &columns, row));
        target.append(table, &columns, &rows)?;
        done += rows.len() as u64;
    }
    if done == total { Ok(done) } else { Err(CopyError::Rows { table: table.name, found: done, wanted: total }) }
}

/// The values of a row's key.
fn key_of(table: &Table, columns: &[String], row: &[Value]) -> Vec<Value> {
    let of = |name: &&str| columns.iter().position(|column| column == name).map(|at| row[at].clone());
    table.key.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests;
