//! The version of the schema, and whether this program may use it.

use crate::{Database, OpenError, postgres, sqlite};

/// What a database and this program know of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The version of the database; 0 where there are no tables yet.
    pub found: u32,
    /// The newest version that this program knows.
    pub known: u32,
    /// The oldest version whose programs may use this schema; absent where the database promises nothing.
    pub oldest: Option<u32>,
    /// The migrations that are still to be done, in their order: `V2 rolling_upgrades`.
    pub pending: Vec<String>,
}

/// Looks at the schema of a database and changes nothing. A file that is missing is an error.
pub fn look(database: &Database) -> Result<Schema, OpenError> {
    match database {
        Database::Sqlite(path) => sqlite::schema(path),
        Database::Postgres(address) => postgres::schema(address),
    }
}

/// Brings the schema of a database up to date. A file that is missing is an error.
pub fn migrate(database: &Database) -> Result<(), OpenError> {
    match database {
        Database::Sqlite(path) => sqlite::bring_up_to_date(path),
        Database::Postgres(address) => postgres::bring_up_to_date(address),
    }
}

/// One line of the log for each migration that was carried out.
pub(crate) fn tell_migrations(done: &[refinery::Migration]) {
    for migration in done {
        tracing::info!(
            version = migration.version(),
            name = migration.name(),
            "a migration of the schema was carried out"
        );
    }
}

impl Schema {
    pub(crate) fn new(found: u32, oldest: Option<u32>, migrations: &[refinery::Migration]) -> Schema {
        let version = |migration: &refinery::Migration| u32::try_from(migration.version()).unwrap_or(0);
        let known = migrations.iter().map(version).max().unwrap_or(0);
        let mut pending: Vec<_> = migrations.iter().filter(|migration| version(migration) > found).collect();
        pending.sort_by_key(|migration| version(migration));
        let pending = pending.into_iter().map(|migration| format!("V{} {}", migration.version(), migration.name()));
        Schema { found, known, oldest, pending: pending.collect() }
    }

    /// A newer schema is usable while it promises so: versions N and N + 1 of the program run side by side.
    pub fn check(&self) -> Result<(), OpenError> {
        let (found, known) = (self.found, self.known);
        let promised = self.oldest.is_some_and(|oldest| oldest <= known);
        if found > known && !promised { Err(OpenError::SchemaTooNew { found, known }) } else { Ok(()) }
    }
}
