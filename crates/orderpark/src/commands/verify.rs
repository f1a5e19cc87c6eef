//! `orderpark verify`: fold the journal from the start and compare it with the tables.

use crate::announce;
use clap::Args;
use orderpark_store::{Database, verify};
use std::process::ExitCode;

/// Check that a database keeps its promises
///
/// Reads the whole journal, checks its hash chain, folds it from the start, and compares the result
/// with every table. Prints what it checked, and each violation. The database may be in use.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Verify {
    /// The database, sqlite:PATH
    #[arg(long, value_name = "DATABASE", default_value = "sqlite:orderpark-data/orderpark.db")]
    database: Database,
}

/// The database holds something that it must not: told from one that cannot be opened, which is 2.
const VIOLATED: u8 = 1;
const NOT_OPENED: u8 = 2;

/// How often to say how far it is, in entries of the journal.
const PROGRESS_EVERY: u64 = 1_000_000;

impl Verify {
    pub(super) fn run(self) -> ExitCode {
        let mut said = 0;
        let mut progress = |entries: u64| {
            if entries / PROGRESS_EVERY > said {
                said = entries / PROGRESS_EVERY;
                announce::err(&format!("{entries} entries of the journal read"));
            }
        };
        match verify::verify(&self.database, &mut progress) {
            Ok(report) => ExitCode::from(tell(&report)),
            Err(error) => {
                announce::err(&format!("orderpark: {error}"));
                ExitCode::from(NOT_OPENED)
            }
        }
    }
}

fn tell(report: &verify::Report) -> u8 {
    for (label, count) in &report.checked {
        announce::out(&format!("{count:>12}  {label}"));
    }
    for violation in &report.violations {
        announce::out(&format!("VIOLATION: {violation}"));
    }
    if report.violations.is_empty() {
        announce::out("no violation");
        return 0;
    }
    announce::out(&format!("violations: {}", report.violations.len()));
    VIOLATED
}
