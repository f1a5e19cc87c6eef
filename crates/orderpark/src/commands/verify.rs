//! `orderpark verify`: fold the journal from the start and compare it with the tables.

use super::{database, password};
use crate::announce;
use clap::Args;
use orderpark_store::{Database, verify};
use std::path::PathBuf;
use std::process::ExitCode;

/// Check that a database keeps its promises
///
/// Reads the whole journal, checks its hash chain, folds it from the start, and compares the result
/// with every table. Prints what it checked, and each violation. The database may be in use.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Verify {
    /// The database, `sqlite:PATH` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "DATABASE", value_parser = database::Parser, default_value = "sqlite:orderpark-data/orderpark.db")]
    database: Database,
    /// A file with the password for PostgreSQL
    #[arg(long, value_name = "FILE")]
    database_password_file: Option<PathBuf>,
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
        let verified = password::from_file(self.database, self.database_password_file.as_deref())
            .and_then(|database| Ok(verify::verify(&database, &mut progress)?));
        match verified {
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
    if let Some(note) = &report.note {
        announce::out(note);
    }
    if report.violations.is_empty() {
        announce::out("no violation");
        return 0;
    }
    announce::out(&format!("violations: {}", report.violations.len()));
    VIOLATED
}
