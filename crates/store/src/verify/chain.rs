//! The journal: no gap, time never backwards, every hash right, the head at its end (I9); and its fold.

use super::{Report, law};
use crate::journal;
use orderpark_domain::{Entry, Head, Instant, World};
use rusqlite::{Connection, OptionalExtension, Result, Row};

/// Walks the journal and answers the world that it means.
pub(super) fn fold(connection: &Connection, report: &mut Report, progress: &mut dyn FnMut(u64)) -> Result<World> {
    let mut world = World::whole();
    let mut hash = [0; 32];
    let mut statement = connection.prepare("select seq, at, entry, hash from journal order by seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq = seq(row)?;
        let (at, text): (i64, String) = (row.get(1)?, row.get(2)?);
        report.check(seq == world.head.seq + 1, || format!("journal: entry {seq} follows entry {}", world.head.seq));
        report.check(at >= world.head.at.0, || format!("journal: entry {seq} was decided before the one before it"));
        let stored: journal::Hash = row.get(3)?;
        hash = journal::chain(&hash, seq, Instant(at), &text);
        report.check(hash == stored, || {
            format!("journal: the hash of entry {seq} is wrong: it or one before was changed")
        });
        // Go on from what is stored: one changed entry is one violation, not one for every entry after it.
        hash = stored;
        match journal::read(seq, Instant(at), &text) {
            Ok(entry) => apply(&mut world, &entry, report),
            Err(error) => report.violation(format!("journal: entry {seq} cannot be read: {error}")),
        }
        if seq % 1000 == 0 {
            progress(seq);
        }
    }
    report.checked.push(("journal entries".into(), world.head.seq));
    compare_head(connection, &world.head, &hash, report)?;
    Ok(world)
}

fn seq(row: &Row<'_>) -> Result<u64> {
    let seq: i64 = row.get(0)?;
    Ok(u64::try_from(seq).unwrap_or(0))
}

/// An entry that breaks the law is told and still applied, so that what follows is judged by what was recorded.
fn apply(world: &mut World, entry: &Entry, report: &mut Report) {
    for broken in law::broken_by(world, entry) {
        report.violation(format!("journal: entry {}: {broken}", entry.seq));
    }
    world.apply(entry);
}

fn compare_head(connection: &Connection, folded: &Head, hash: &journal::Hash, report: &mut Report) -> Result<()> {
    let sql = "select seq, at, next_ref, next_subscription, hash from head where id = 1";
    let stored: Option<([i64; 4], journal::Hash)> = connection
        .query_row(sql, [], |row| Ok(([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?], row.get(4)?)))
        .optional()?;
    let Some(stored) = stored else {
        report.violation("head: it is missing");
        return Ok(());
    };
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let expected = [count(folded.seq), folded.at.0, count(folded.next_ref), count(folded.next_subscription)];
    report.check(stored.0 == expected, || {
        format!(
            "head: it says {:?}, the journal means {expected:?} (entry, time, next ref, next subscription)",
            stored.0
        )
    });
    report.check(stored.1 == *hash, || "head: its hash is not that of the last entry".into());
    report.checked.push(("head of the journal".into(), 1));
    Ok(())
}
