//! What a batch changed, as one statement a table: parents before children, then the journal, then its head.
//!
//! Every row travels as one element of each of a statement's arrays, so a statement is prepared once and sent once, however
//! many rows there are. What the batch's own entries created is inserted, and what was there before is updated: the
//! journal knows which is which, and an `on conflict` for rows that are known to be new would cost a record of its own
//! for each in the server's log.

/// An update of rows that must be there, one for each element of `$1`: if one is missing, it fails, and the batch with it.
macro_rules! every {
    ($update:literal) => {
        concat!(
            "with done as (",
            $update,
            " returning 1) select 1 / (count(*) = cardinality($1))::int::bigint from done"
        )
    };
}

mod catalog;
mod endpoints;
mod trade;

use crate::committer::Written;
use crate::faults;
use crate::told::Told;
use tokio_postgres::types::ToSql;

/// A value of a statement, borrowed from the working set where it is long.
type Value<'w> = Box<dyn ToSql + Sync + Send + 'w>;

/// One statement that is ready to be sent.
pub(super) struct Write<'w> {
    pub sql: &'static str,
    pub values: Vec<Value<'w>>,
}

/// Everything that a batch writes, in the order in which each reference holds when it is written.
pub(super) fn statements<'w>(batch: &Written<'w>) -> Vec<Write<'w>> {
    let (world, told) = (batch.world, Told::by(batch.entries));
    let mut writes = Writes(Vec::with_capacity(16));
    writes.parties(&rows(world.parties.changed()));
    writes.users(&rows(world.users.changed()));
    writes.products(&rows(world.products.changed()));
    writes.strategies(&rows(world.strategies.changed()));
    writes.offers(&rows(world.offers.changed()), &told);
    writes.endpoints(&rows(world.endpoints.changed()));
    writes.targets(&told.targets(world));
    writes.orders(&rows(world.orders.changed()), &told);
    writes.balances(&rows(world.balances.changed()));
    faults::point("balances written");
    writes.request_keys(world);
    writes.tokens(world);
    writes.journal(batch.lines);
    faults::point("journal appended");
    writes.head(&world.head, batch.hash);
    faults::point("head moved");
    writes.0
}

fn rows<'w, K: 'w, V>(changed: impl Iterator<Item = (&'w K, Option<&'w V>)>) -> Vec<&'w V> {
    changed.filter_map(|(_, row)| row).collect()
}

/// One column of many rows, as an array.
fn column<'w, R, T>(rows: &[R], value: impl FnMut(&R) -> T) -> Value<'w>
where
    T: Sync + Send + 'w,
    Vec<T>: ToSql,
{
    Box::new(rows.iter().map(value).collect::<Vec<T>>())
}

struct Writes<'w>(Vec<Write<'w>>);

impl<'w> Writes<'w> {
    /// A statement for so many rows; none where there are none.
    fn add(&mut self, sql: &'static str, rows: usize, values: impl FnOnce() -> Vec<Value<'w>>) {
        if rows > 0 {
            self.0.push(Write { sql, values: values() });
        }
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts and numbers can always be written as JSON")
}

#[cfg(test)]
mod tests;
