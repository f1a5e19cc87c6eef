//! `orderpark copy`: move a deployment to another database, of either kind.

mod bar;

use super::{database, password};
use crate::{announce, folder};
use bar::Bar;
use clap::Args;
use orderpark_store::Database;
use orderpark_store::copy::{Copied, CopyError, copy};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Copy a deployment to another database, between SQLite and PostgreSQL or within one of them
///
/// Stop every server of the source first. A SQLite file that a server has is refused; from PostgreSQL
/// nobody can write while it is copied, and what is written to the source later is not in the copy.
/// The target must be empty. If the copy is interrupted, the same command goes on where it stopped; until
/// it is finished no server opens the target. In the end the target is verified as `orderpark verify` does.
///
/// The keys are not in the database: copy secret.key and signing.key to the new data folder.
///
/// Exit codes: 0 copied and verified; 1 failed on the way, say the same again to go on, or the
/// copy breaks a promise; 2 refused or not opened, and nothing was copied.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Copy {
    /// What to copy, `sqlite:PATH` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "DATABASE", value_parser = database::Parser)]
    from: Database,
    /// The empty database to copy to
    #[arg(long, value_name = "DATABASE", value_parser = database::Parser)]
    to: Database,
    /// A file with the password of the source
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,
    /// A file with the password of the target
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,
}

const FAILED: u8 = 1;
const REFUSED: u8 = 2;

impl Copy {
    pub(super) fn run(self) -> ExitCode {
        match self.sides() {
            Ok((from, to)) => run(&from, &to),
            Err(error) => {
                announce::err(&format!("orderpark: {error}"));
                ExitCode::from(REFUSED)
            }
        }
    }

    fn sides(self) -> anyhow::Result<(Database, Database)> {
        let from = password::from_file(self.from, self.from_password_file.as_deref())?;
        Ok((from, password::from_file(self.to, self.to_password_file.as_deref())?))
    }
}

fn run(from: &Database, to: &Database) -> ExitCode {
    folder::keep_to_ourselves();
    let mut bar = Bar::new();
    let copied = copy(from, to, &mut |progress| bar.tell(progress));
    bar.end();
    match copied {
        Ok(copied) => {
            tell(&copied, to);
            ExitCode::SUCCESS
        }
        Err(error) => {
            announce::err(&format!("orderpark: {error}"));
            ExitCode::from(if error.is_refusal() { REFUSED } else { go_on(&error) })
        }
    }
}

/// What failed on the way can be gone on with, unless all of it is there and wrong.
fn go_on(error: &CopyError) -> u8 {
    if !matches!(error, CopyError::Broken { .. }) {
        announce::err("What was copied up to now stays: say the same again to go on.");
    }
    FAILED
}

fn tell(copied: &Copied, to: &Database) {
    let hash = copied.hash.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    announce::out(&format!("{} rows copied to {to} and verified: no violation", copied.rows));
    announce::out(&format!("both journals end with entry {}, whose hash is {hash}", copied.seq));
    announce::out("The keys are not in the database: copy secret.key and signing.key from the old data folder to the");
    announce::out("new one before a server starts. secret.key opens the secrets of webhook endpoints and of products'");
    announce::out("notifications, which are sealed in the database; signing.key signs tokens.");
}
