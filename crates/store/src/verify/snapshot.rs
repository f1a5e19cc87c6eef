//! One unchanging view of a database, while others may go on writing.

use super::Report;
use crate::postgres::Walk;
use crate::row::{Step, string, text};
use crate::sqlite::{ask_text, open_to_look};
use crate::{Database, OpenError};
use rusqlite::Connection;
use std::collections::BTreeSet;

/// A database at one moment.
pub(super) enum Snapshot {
    Sqlite(Connection),
    Postgres(Walk),
}

impl Snapshot {
    pub(super) fn of(database: &Database) -> Result<Snapshot, OpenError> {
        match database {
            Database::Sqlite(path) => {
                if !path.exists() {
                    let source = std::io::Error::from(std::io::ErrorKind::NotFound);
                    return Err(OpenError::Io { path: path.display().to_string(), source });
                }
                let connection = open_to_look(path)?;
                // The first read begins the snapshot; it ends with the connection.
                connection.execute_batch("begin").map_err(|error| OpenError::Database(error.to_string()))?;
                Ok(Snapshot::Sqlite(connection))
            }
            Database::Postgres(address) => Walk::begin(address).map(Snapshot::Postgres),
        }
    }

    /// Takes a step with every row of a query, as they come.
    pub(super) fn each(&self, sql: &str, step: Step<'_>) -> Result<(), OpenError> {
        match self {
            Snapshot::Sqlite(connection) => {
                ask_text(connection, sql, step).map_err(|error| OpenError::Database(error.to_string()))
            }
            Snapshot::Postgres(walk) => walk.each(sql, step),
        }
    }

    /// What lies under the tables: every index leads to its rows and every reference to its parent. A damaged index would
    /// hide rows from lists that are all there when they are read one by one.
    pub(super) fn check_files(&self, report: &mut Report) -> Result<(), OpenError> {
        match self {
            Snapshot::Sqlite(_) => {
                self.tell("pragma integrity_check(20)", report, |what| {
                    (what != "ok").then(|| format!("file: {what}"))
                })?;
                self.tell("pragma foreign_key_check", report, |table| {
                    Some(format!("file: a row of {table} refers to a row that does not exist (I6)"))
                })?;
                report.checked.push(("file: indexes and references".into(), 1));
            }
            Snapshot::Postgres(_) => {
                self.tell(UNCHECKED, report, |name| Some(format!("schema: {name} is switched off or not valid (I6)")))?;
                self.check_guards(report)?;
                report.checked.push(("schema: indexes and references are in force".into(), 1));
            }
        }
        Ok(())
    }

    /// Whether every constraint and index of PostgreSQL's schema is there; a later program may have added others.
    fn check_guards(&self, report: &mut Report) -> Result<(), OpenError> {
        let mut missing: BTreeSet<&str> = GUARDS.lines().collect();
        self.each(PRESENT, &mut |row| {
            missing.remove(text(row, 0)?);
            Ok(())
        })?;
        for name in missing {
            report.violation(format!("schema: {name} is missing (I6)"));
        }
        Ok(())
    }

    fn tell(&self, sql: &str, report: &mut Report, tell: impl Fn(&str) -> Option<String>) -> Result<(), OpenError> {
        self.each(sql, &mut |row| {
            if let Some(violation) = tell(&string(row, 0)?) {
                report.violation(violation);
            }
            Ok(())
        })
    }
}

/// The names of all constraints and indexes, a line each, in the order of the alphabet.
const GUARDS: &str = include_str!("guards.txt");

const PRESENT: &str = "select conname::text from pg_constraint where connamespace = current_schema()::regnamespace \
    union select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid \
    where c.relnamespace = current_schema()::regnamespace order by 1";

/// Constraints, indexes and their triggers of our schema that PostgreSQL does not hold up.
const UNCHECKED: &str = "select conname::text from pg_constraint \
    where connamespace = current_schema()::regnamespace and not convalidated \
    union all select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid \
    where c.relnamespace = current_schema()::regnamespace and not (i.indisvalid and i.indisready) \
    union all select t.tgname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid \
    where c.relnamespace = current_schema()::regnamespace and t.tgenabled not in ('O', 'A')";
