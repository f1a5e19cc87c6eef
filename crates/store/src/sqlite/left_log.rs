//! Detection of a stale write-ahead log (`-wal`): one that a crash left, beside a file that was
//! restored since.
//!
//! SQLite cannot tell, and would mix the pages of both. A log that belongs to the file was written
//! to last, or has been copied into the file since. Where neither is so, the file is checked as a
//! whole before anything is written; after most crashes this reads two pages.

use super::open::{FileLock, beside, connect};
use crate::OpenError;
use rusqlite::Connection;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

/// Whether a log with anything in it lies beside the file.
pub(crate) fn lies_beside(path: &Path) -> bool {
    beside(path, "-wal").metadata().is_ok_and(|log| log.len() > 0)
}

/// Why a file cannot be used, and what a log beside it may have to do with that.
pub(crate) fn explained(path: &Path, why: &impl ToString) -> OpenError {
    let why = why.to_string();
    if lies_beside(path) {
        OpenError::LeftLog { path: path.display().to_string(), why }
    } else {
        OpenError::Database(why)
    }
}

/// Refuses a file beside which the log of another one lies.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    if !lies_beside(path) || belongs(path).unwrap_or(false) {
        return Ok(());
    }
    let checked = connect(path).and_then(|connection| is_sound(&connection));
    match checked {
        Ok(true) => {
            tracing::warn!("{}", undone(path));
            Ok(())
        }
        Ok(false) => Err(explained(path, &"the database is malformed")),
        Err(error) => Err(explained(path, &error)),
    }
}

/// Whether a log that is not the file's lies beside a file that no server has.
pub(crate) fn may_have_undone_a_restore(path: &Path) -> bool {
    lies_beside(path) && !belongs(path).unwrap_or(false) && !FileLock::is_held(path)
}

/// The warning about a foreign log that overwrote its file.
pub(crate) fn undone(path: &Path) -> String {
    let log = beside(path, "-wal");
    format!(
        "{} is older than the database file. If the file came from a backup, this log has overwritten it: move the log away \
         and restore the backup again (docs/operations.md, Restore)",
        log.display()
    )
}

fn is_sound(connection: &Connection) -> rusqlite::Result<bool> {
    let told: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    let ends = "select h.seq = coalesce(max(j.seq), 0) and (h.seq = 0 or max(j.hash) = h.hash) \
        from head h left join journal j on j.seq >= h.seq";
    if told != "ok" {
        return Ok(false);
    }
    // A first start that was killed has made no tables yet.
    Ok(!connection.table_exists(None, "head")? || connection.query_row(ends, [], |row| row.get(0))?)
}

/// Whether the log was written to last, or its last page is in the file.
fn belongs(path: &Path) -> io::Result<bool> {
    let (file, log) = (File::open(path)?, File::open(beside(path, "-wal"))?);
    let (of_file, of_log) = (file.metadata()?, log.metadata()?);
    // The log's other time changes whenever root opens it. Times are some milliseconds wide, and
    // no restore follows a write that soon.
    if (of_file.ctime(), of_file.ctime_nsec()) <= (of_log.mtime(), of_log.mtime_nsec()) {
        return Ok(true);
    }
    let Some((page, copy)) = last_page(&log)? else { return Ok(true) };
    let mut found = vec![0; copy.len()];
    file.read_exact_at(&mut found, (u64::from(page) - 1) * copy.len() as u64)?;
    Ok(found == copy)
}

/// The last committed page of a log, with its number
/// (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>); none: nothing is committed.
fn last_page(log: &File) -> io::Result<Option<(u32, Vec<u8>)>> {
    const HEADER: usize = 32;
    const FRAME_HEADER: usize = 24;
    let mut header = [0; HEADER];
    if log.metadata()?.len() < HEADER as u64 {
        return Ok(None);
    }
    log.read_exact_at(&mut header, 0)?;
    let size = u64::from(number(&header[8..]));
    let (mut at, mut last) = (HEADER as u64, None);
    let mut frame = [0; FRAME_HEADER];
    // Frames of an earlier round of the log have other salts.
    while log.read_exact_at(&mut frame, at).is_ok() && frame[8..16] == header[16..24] {
        let (page, is_commit) = (number(&frame), number(&frame[4..]) != 0);
        if is_commit && page > 0 {
            last = Some((page, at + FRAME_HEADER as u64));
        }
        at += FRAME_HEADER as u64 + size;
    }
    let Some((page, at)) = last else { return Ok(None) };
    let mut copy = vec![0; usize::try_from(size).unwrap_or(0)];
    log.read_exact_at(&mut copy, at)?;
    Ok(Some((page, copy)))
}

fn number(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}
