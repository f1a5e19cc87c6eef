//! `orderpark migrate`: bring the schema up to date, or tell how it is.

use super::{database, password};
use crate::{announce, folder};
use clap::Args;
use orderpark_store::{Database, Schema, schema};
use std::path::PathBuf;
use std::process::ExitCode;

/// Bring the schema of a database up to date, or tell how it is
///
/// A server does this by itself when it starts; this is for whoever wants to look first, or to let a role do it
/// that servers do not have. Nodes of the version before may be at work meanwhile on PostgreSQL.
///
/// Exit codes: 0 nothing is pending (any more); 1 with --status, something is pending, or this
/// program is too old; without it, migrating failed; 2 the database cannot be opened.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Migrate {
    /// The database, `sqlite:PATH` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "DATABASE", value_parser = database::Parser, default_value = "sqlite:orderpark-data/orderpark.db")]
    database: Database,
    /// A file with the password for PostgreSQL
    #[arg(long, value_name = "FILE")]
    database_password_file: Option<PathBuf>,
    /// Tell the versions and what is pending, and change nothing
    #[arg(long)]
    status: bool,
}

const DONE: u8 = 0;
const PENDING: u8 = 1;
const FAILED: u8 = 1;
const NOT_OPENED: u8 = 2;

impl Migrate {
    pub(super) fn run(self) -> ExitCode {
        let looked = password::from_file(self.database, self.database_password_file.as_deref())
            .and_then(|database| Ok((schema::look(&database)?, database)));
        let (found, database) = match looked {
            Ok(looked) => looked,
            Err(error) => {
                announce::err(&format!("orderpark: {error}"));
                return ExitCode::from(NOT_OPENED);
            }
        };
        ExitCode::from(if self.status { tell(&found) } else { migrate(&database, &found) })
    }
}

/// Tells how the schema is.
fn tell(schema: &Schema) -> u8 {
    let version = |number: u32| if number == 0 { "none, there are no tables yet".into() } else { number.to_string() };
    announce::out(&format!("schema version found:     {}", version(schema.found)));
    announce::out(&format!("this program knows up to: {}", schema.known));
    if schema.found > 0 {
        let oldest = schema.oldest.unwrap_or(schema.found);
        announce::out(&format!("usable by programs that know version {oldest} or newer"));
    }
    for migration in &schema.pending {
        announce::out(&format!("pending: {migration}"));
    }
    if let Err(refused) = schema.check() {
        announce::out(&format!("this program cannot use it: {refused}"));
        return PENDING;
    }
    if schema.pending.is_empty() {
        announce::out("nothing is pending");
        return DONE;
    }
    PENDING
}

fn migrate(database: &Database, before: &Schema) -> u8 {
    folder::keep_to_ourselves();
    if let Err(error) = schema::migrate(database) {
        announce::err(&format!("orderpark: {error}"));
        return FAILED;
    }
    for migration in &before.pending {
        announce::out(&format!("done: {migration}"));
    }
    if before.pending.is_empty() {
        announce::out("nothing was pending");
    }
    DONE
}
