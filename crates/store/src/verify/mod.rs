//! The proof: reads the journal from its first entry, checks its chain and its law, folds it, and compares every table
//! with what the journal means (reliability.md, I2, I3, I5, I6, I9, I10).
//!
//! It shares no query with the server and writes nothing. It may run beside a live server: it sees one snapshot.

mod chain;
mod law;
mod tables;

use crate::sqlite::open_reader;
use crate::{Database, OpenError};
use rusqlite::Connection;

/// What was checked, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was looked at, and how many.
    pub checked: Vec<(String, u64)>,
    /// Every violation, as a sentence; empty where all is well. After [`VIOLATIONS_MAX`] it stops looking.
    pub violations: Vec<String>,
}

/// How many violations are told.
pub const VIOLATIONS_MAX: usize = 100;

impl Report {
    fn violation(&mut self, what: impl Into<String>) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(what.into());
        }
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violation(what());
        }
    }
}

/// Verifies a database. `progress` is told the number of every thousandth entry.
pub fn verify(database: &Database, progress: &mut dyn FnMut(u64)) -> Result<Report, OpenError> {
    let Database::Sqlite(path) = database;
    if !path.exists() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(OpenError::Io { path: path.display().to_string(), source });
    }
    let connection = open_reader(path)?;
    snapshot(&connection, progress).map_err(|error| OpenError::Database(error.to_string()))
}

/// The file itself: every index leads to its rows and every reference to its parent. A damaged index would hide rows
/// from lists that are all there when they are read one by one.
fn check_file(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("pragma integrity_check(20)")?;
    let found: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for what in found.iter().filter(|what| *what != "ok") {
        report.violation(format!("file: {what}"));
    }
    let mut statement = connection.prepare("pragma foreign_key_check")?;
    let orphans: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for table in orphans {
        report.violation(format!("file: a row of {table} refers to a row that does not exist (I6)"));
    }
    report.checked.push(("file: indexes and references".into(), 1));
    Ok(())
}

fn snapshot(connection: &Connection, progress: &mut dyn FnMut(u64)) -> rusqlite::Result<Report> {
    let snapshot = connection.unchecked_transaction()?;
    let mut report = Report::default();
    let world = chain::fold(&snapshot, &mut report, progress)?;
    law::check_balances(&world, &mut report);
    tables::compare(&snapshot, &world, &mut report)?;
    check_file(&snapshot, &mut report)?;
    Ok(report)
}
