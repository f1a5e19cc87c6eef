//! How many orders the program wrote in one transaction, read from outside.
//!
//! SQLite's write-ahead log (its file format is documented: a header of 32 bytes, then frames of 24 bytes and one page)
//! marks the last frame of each transaction. The journal's head is in every transaction, so its number after the first
//! transaction of the log, its number after the last, and the count of marks give the mean group.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};

const HEADER: usize = 32;
const FRAME: usize = 24;

/// Fewer transactions than this tell nothing.
const TRANSACTIONS_MIN: u32 = 20;

/// The mean number of journal entries of a transaction in the log of an idle database; absent where the log is too short.
pub fn mean_group(database: &Path, scratch: &Path) -> anyhow::Result<Option<f64>> {
    let log = std::fs::read(log_of(database)).context("reading the write-ahead log")?;
    let Some(marks) = marks(&log)? else { return Ok(None) };
    if marks.count < TRANSACTIONS_MIN {
        return Ok(None);
    }
    let copy = scratch.join("group.db");
    let seq_after = |length: usize| {
        std::fs::copy(database, &copy)?;
        std::fs::write(log_of(&copy), &log[..length])?;
        let connection = rusqlite::Connection::open(&copy)?;
        let seq: u32 = connection.query_row("select seq from head", [], |row| row.get(0))?;
        anyhow::Ok(seq)
    };
    let (first, last) = (seq_after(marks.first)?, seq_after(marks.last)?);
    Ok(Some(f64::from(last - first) / f64::from(marks.count - 1)))
}

/// The transactions of a log: where the first and the last one end, and how many there are.
struct Marks {
    first: usize,
    last: usize,
    count: u32,
}

fn marks(log: &[u8]) -> anyhow::Result<Option<Marks>> {
    if log.len() < HEADER {
        return Ok(None);
    }
    let page = usize::try_from(number(log, 8)?)?;
    ensure!(page >= 512, "a page size");
    let salts = &log[16..24];
    let mut marks: Option<Marks> = None;
    let mut end = HEADER;
    for frame in log[HEADER..].chunks_exact(FRAME + page).take_while(|frame| &frame[8..16] == salts) {
        end += FRAME + page;
        if number(frame, 4)? > 0 {
            let marks = marks.get_or_insert(Marks { first: end, last: end, count: 0 });
            (marks.last, marks.count) = (end, marks.count + 1);
        }
    }
    Ok(marks)
}

fn number(bytes: &[u8], at: usize) -> anyhow::Result<u32> {
    let four = bytes.get(at..at + 4).context("four bytes")?;
    Ok(u32::from_be_bytes(four.try_into()?))
}

fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
