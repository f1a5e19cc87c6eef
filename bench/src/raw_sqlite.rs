//! The raw loop: the very rows that the program wrote, written once more by a bare loop over SQLite.
//!
//! It starts from a copy of the program's database, so tables, indexes and page size are the same, and writes as durably
//! (`WAL`, `synchronous=FULL`, foreign keys checked), in transactions of the same mean size; it copies the log back only
//! while nothing is timed. What the ratio leaves is what the program adds: HTTP, tokens, scopes, deciding, hashing, copying
//! the log back, and the way from thread to thread.

use anyhow::{Context, ensure};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Transaction, params_from_iter};
use std::path::Path;
use std::time::Instant;

/// The rows of one order, by table.
struct Placed {
    order: Vec<Value>,
    subscriptions: Vec<Vec<Value>>,
    entry: Vec<Value>,
    key: Vec<Value>,
}

/// The tables that one order adds rows to, with the columns that say which rows.
const ORDERS: &str = "select * from orders where ref = ?1";
const SUBSCRIPTIONS: &str = "select * from subscriptions where order_ref = ?1";

/// How many orders a database holds.
pub fn orders(database: &Path) -> anyhow::Result<u64> {
    let count: i64 = reader(database)?.query_row("select count(*) from orders", [], |row| row.get(0))?;
    Ok(u64::try_from(count)?)
}

/// The ref of the order that has `skip` newer ones.
pub fn order_at(database: &Path, skip: u64) -> anyhow::Result<String> {
    let sql = "select lower(hex(ref)) from orders order by ref desc limit 1 offset ?1";
    let hex: String = reader(database)?.query_row(sql, [i64::try_from(skip)?], |row| row.get(0))?;
    ensure!(hex.len() == 32, "a ref of 16 bytes");
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// The durability, the checks and the cache that the program has.
const PRAGMAS: &str = "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
    pragma wal_autocheckpoint = 0; pragma cache_size = -65536; pragma temp_store = memory;";

/// A copy of the program's database, for the loop to write into.
pub struct Raw {
    connection: Connection,
}

impl Raw {
    /// Copies the database as it is now.
    pub fn copy_of(database: &Path, copy: &Path) -> anyhow::Result<Raw> {
        reader(database)?.execute("vacuum into ?1", [copy.to_str().context("a path in UTF-8")?])?;
        let connection = Connection::open(copy)?;
        connection.execute_batch(PRAGMAS)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Raw { connection })
    }

    /// Writes again what the program wrote to `database` since the last time, in groups of this mean size; answers orders a
    /// second.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn write_again(&mut self, database: &Path, group: f64) -> anyhow::Result<f64> {
        let after = self.connection.query_row("select seq from head", [], |row| row.get(0))?;
        let placed = read_placed(&reader(database)?, after)?;
        let group = group.round().max(1.0) as usize;
        let begin = Instant::now();
        for group in placed.chunks(group) {
            let transaction = self.connection.transaction()?;
            for placed in group {
                write(&transaction, placed)?;
            }
            follow(&transaction, group)?;
            transaction.commit()?;
        }
        let elapsed = begin.elapsed();
        self.connection.query_row("pragma wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(placed.len() as f64 / elapsed.as_secs_f64())
    }
}

fn reader(database: &Path) -> anyhow::Result<Connection> {
    Ok(Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

fn read_placed(database: &Connection, after: i64) -> anyhow::Result<Vec<Placed>> {
    let mut placed = Vec::new();
    for key in rows(database, "select * from request_keys where seq > ?1 order by seq", &Value::Integer(after))? {
        let seq = key.last().context("a key has an entry")?.clone();
        let entry = rows(database, "select * from journal where seq = ?1", &seq)?.pop().context("an entry")?;
        let at = entry.get(1).context("an entry has its time")?;
        let order = Value::Blob(order_created(database, at)?);
        placed.push(Placed {
            order: rows(database, ORDERS, &order)?.pop().context("an order")?,
            subscriptions: rows(database, SUBSCRIPTIONS, &order)?,
            entry,
            key,
        });
    }
    ensure!(!placed.is_empty(), "no order was placed after entry {after}");
    Ok(placed)
}

/// The order that was placed at this instant: its ref begins with the milliseconds.
fn order_created(database: &Connection, at: &Value) -> anyhow::Result<Vec<u8>> {
    let Value::Integer(micros) = at else { anyhow::bail!("a time is an integer") };
    let first = u64::try_from(micros / 1000)?.to_be_bytes()[2..].to_vec();
    let past = (u64::try_from(micros / 1000)? + 1).to_be_bytes()[2..].to_vec();
    let sql = "select ref from orders where ref between ?1 and ?2 and created_at = ?3";
    Ok(database.prepare_cached(sql)?.query_row((first, past, *micros), |row| row.get(0))?)
}

fn rows(database: &Connection, sql: &str, key: &Value) -> anyhow::Result<Vec<Vec<Value>>> {
    let mut statement = database.prepare_cached(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([key], |row| (0..columns).map(|column| row.get(column)).collect())?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn write(transaction: &Transaction<'_>, placed: &Placed) -> anyhow::Result<()> {
    insert(transaction, "journal", &placed.entry)?;
    insert(transaction, "orders", &placed.order)?;
    for subscription in &placed.subscriptions {
        insert(transaction, "subscriptions", subscription)?;
    }
    insert(transaction, "request_keys", &placed.key)
}

fn insert(transaction: &Transaction<'_>, table: &str, row: &[Value]) -> anyhow::Result<()> {
    let marks = vec!["?"; row.len()].join(", ");
    let sql = format!("insert into {table} values ({marks})");
    transaction.prepare_cached(&sql)?.execute(params_from_iter(row))?;
    Ok(())
}

/// What follows from a group: the head, the offer's count, and a balance for each subscriber.
fn follow(transaction: &Transaction<'_>, group: &[Placed]) -> anyhow::Result<()> {
    let last = &group.last().context("a group is not empty")?.entry;
    let head = "update head set seq = ?1, at = ?2, hash = ?3, next_subscription = next_subscription + ?4";
    let made: usize = group.iter().map(|placed| placed.subscriptions.len()).sum();
    let hash = last.last().context("an entry has its hash")?;
    transaction.prepare_cached(head)?.execute((&last[0], &last[1], hash, i64::try_from(made)?))?;
    let offer = &group[0].order[1];
    let count = "update offers set open_orders = open_orders + ?2 where ref = ?1";
    transaction.prepare_cached(count)?.execute((offer, i64::try_from(group.len())?))?;
    let mut subscribers: Vec<i64> = group.iter().filter_map(|placed| integer(&placed.order[3])).collect();
    subscribers.sort_unstable();
    subscribers.dedup();
    for subscriber in subscribers {
        balance(transaction, subscriber, group)?;
    }
    Ok(())
}

fn balance(transaction: &Transaction<'_>, subscriber: i64, group: &[Placed]) -> anyhow::Result<()> {
    let sql = "insert into balances (subscriber_ref, product_ref, granted, used, subscriptions) values (?1, ?2, ?3, 0, ?4) on conflict do update \
               set granted = granted + excluded.granted, subscriptions = subscriptions + excluded.subscriptions";
    let own = group.iter().filter(|placed| integer(&placed.order[3]) == Some(subscriber));
    let subscriptions: Vec<_> = own.flat_map(|placed| &placed.subscriptions).collect();
    let granted: i64 = subscriptions.iter().filter_map(|row| integer(&row[6])).sum();
    let product = &subscriptions.first().context("an order has a subscription")?[3];
    transaction.prepare_cached(sql)?.execute((subscriber, product, granted, i64::try_from(subscriptions.len())?))?;
    Ok(())
}

fn integer(value: &Value) -> Option<i64> {
    if let Value::Integer(number) = value { Some(*number) } else { None }
}
