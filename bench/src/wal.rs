//! How many entries the program wrote in one transaction, read from outside.
//!
//! SQLite's write-ahead log (its file format is documented: a header of 32 bytes, then frames of 24 bytes and one page)
//! marks the last frame of each transaction. The journal's head is a table of one row, so it has one page, and that is in
//! every transaction: its number in the first and in the last one, and the count of marks, give the mean group. When the
//! log is begun anew in place its salts change; what follows the last frame with the header's salts is an older log.
//!
//! The database file itself is not looked at: pages of the log are copied into it all the time.

use anyhow::{Context, ensure};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

const HEADER: usize = 32;
const FRAME: usize = 24;

/// Fewer transactions than this tell nothing.
const TRANSACTIONS_MIN: u32 = 20;

/// A page of a table with rows on it.
const LEAF: u8 = 13;

/// The mean number of journal entries of a transaction in the log of an idle database; absent where the log is too short.
pub fn mean_group(database: &Path) -> anyhow::Result<Option<f64>> {
    let head = head_page(database)?;
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let log = std::fs::read(log).context("reading the write-ahead log")?;
    let Some(span) = span(&log, head)?.filter(|span| span.count >= TRANSACTIONS_MIN) else { return Ok(None) };
    Ok(Some(f64::from(span.last - span.first) / f64::from(span.count - 1)))
}

/// The number of the page with the journal's head.
fn head_page(database: &Path) -> anyhow::Result<u32> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(connection.query_row("select rootpage from sqlite_schema where name = 'head'", [], |row| row.get(0))?)
}

/// The transactions of a log: the entry that the journal ends with after the first and after the last one, and how many
/// there are.
struct Span {
    first: u32,
    last: u32,
    count: u32,
}

fn span(log: &[u8], head: u32) -> anyhow::Result<Option<Span>> {
    if log.len() < HEADER {
        return Ok(None);
    }
    let page = usize::try_from(number(log, 8)?)?;
    ensure!(page >= 512, "a page size");
    let salts = &log[16..24];
    let (mut seq, mut span) = (None, None::<Span>);
    for frame in log[HEADER..].chunks_exact(FRAME + page).take_while(|frame| &frame[8..16] == salts) {
        if number(frame, 0)? == head {
            seq = Some(seq_on(&frame[FRAME..])?);
        }
        // A migration does not move the head, and is no group.
        if number(frame, 4)? > 0
            && let Some(last) = seq.take()
        {
            let count = span.as_ref().map_or(0, |span| span.count);
            span = Some(Span { first: span.map_or(last, |span| span.first), last, count: count + 1 });
        }
    }
    Ok(span)
}

/// The second column of the one row of this page; the first one is the row's own number, which takes no bytes.
fn seq_on(page: &[u8]) -> anyhow::Result<u32> {
    ensure!(page[0] == LEAF && page[3..5] == [0, 1], "the journal's head is not a page with one row");
    let row = page.get(usize::from(u16::from_be_bytes([page[8], page[9]]))..).context("a row on its page")?;
    // The length of the row, its number, the length of its header, and the kinds of its columns: each less than 128.
    let [_, _, header, 0, kind, ..] = *row else { anyhow::bail!("a row of the journal's head") };
    let length = match kind {
        1..=4 => usize::from(kind),
        8 | 9 => return Ok(u32::from(kind - 8)),
        _ => anyhow::bail!("the number of an entry is of the kind {kind}"),
    };
    let at = 2 + usize::from(header);
    let bytes = row.get(at..at + length).context("the number of an entry")?;
    Ok(bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

fn number(bytes: &[u8], at: usize) -> anyhow::Result<u32> {
    let four = bytes.get(at..at + 4).context("four bytes")?;
    Ok(u32::from_be_bytes(four.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::mean_group;
    use rusqlite::Connection;

    fn write(connection: &Connection, transactions: u32, group: u32) {
        for _ in 0..transactions {
            connection.execute("update head set seq = seq + ?1", [group]).unwrap();
        }
    }

    #[test]
    fn groups_are_counted_in_the_log_as_it_was_begun_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("group.db");
        let connection = Connection::open(&path).unwrap();
        let head = "pragma journal_mode = wal; pragma wal_autocheckpoint = 0; \
                    create table head (id integer primary key, seq integer, hash blob); \
                    insert into head values (1, 0, zeroblob(32));";
        connection.execute_batch(head).unwrap();
        connection.query_row("pragma wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
        write(&connection, 10, 3);
        assert_eq!(mean_group(&path).unwrap(), None);
        write(&connection, 300, 7);
        connection.query_row("pragma wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
        write(&connection, 100, 5);
        assert_eq!(mean_group(&path).unwrap(), Some(5.0));
        // All of it is copied back, so the next transaction begins the log anew; the numbers get longer.
        connection.query_row("pragma wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        write(&connection, 100, 50_000);
        assert_eq!(mean_group(&path).unwrap(), Some(50_000.0));
    }
}
