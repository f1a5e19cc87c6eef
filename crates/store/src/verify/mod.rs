//! The proof: reads the journal from its first entry, checks its chain and its law, folds it, and compares every table
//! with what the journal means (reliability.md, I2, I3, I5, I6, I9, I10). Of deliveries, which the journal does not mean, it
//! checks that nothing can be lost without a trace (I4).
//!
//! It shares no query with the server and writes nothing. It may run beside a live server: it sees one snapshot.

mod chain;
mod deliveries;
mod law;
mod snapshot;
mod tables;

use crate::sqlite::left_log;
use crate::{Database, OpenError, schema};
use snapshot::Snapshot;

/// What was checked, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was looked at, and how many.
    pub checked: Vec<(String, u64)>,
    /// Every violation, as a sentence; empty where all is well. After [`VIOLATIONS_MAX`] it stops looking.
    pub violations: Vec<String>,
    /// A possible cause of the violations, or an oddity without any.
    pub note: Option<String>,
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
    let verified = verify_all(database, progress);
    let Database::Sqlite(path) = database else { return verified };
    match verified {
        Ok(mut report) if !report.violations.is_empty() && left_log::lies_beside(path) => {
            report.note = Some(left_log::explained(path, &"it breaks its promises").to_string());
            Ok(report)
        }
        Ok(mut report) if report.violations.is_empty() && left_log::may_have_undone_a_restore(path) => {
            report.note = Some(left_log::undone(path));
            Ok(report)
        }
        Err(OpenError::Database(why)) => Err(left_log::explained(path, &why)),
        verified => verified,
    }
}

fn verify_all(database: &Database, progress: &mut dyn FnMut(u64)) -> Result<Report, OpenError> {
    // What a program does not know it cannot vouch for.
    let schema = schema::look(database)?;
    schema.check()?;
    if schema.found == 0 {
        return Err(OpenError::Database("it is empty: no server has been started on it".into()));
    }
    if schema.found < schema.known {
        return Err(OpenError::SchemaTooOld { found: schema.found, known: schema.known });
    }
    let snapshot = Snapshot::of(database)?;
    let mut report = Report::default();
    let world = chain::fold(&snapshot, &mut report, progress)?;
    law::check_balances(&world, &mut report);
    tables::compare(&snapshot, &world, &mut report)?;
    deliveries::check(&snapshot, &world, &mut report)?;
    snapshot.check_files(&mut report)?;
    Ok(report)
}
