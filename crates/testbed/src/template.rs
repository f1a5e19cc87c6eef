//! The database that tests' databases are copies of: migrated once, not once a test.
//!
//! Its name tells from which migrations it was made. So one that an earlier run left in a server that lives on is used
//! again if it still fits; if not, a new one is made and the old one dropped.

use crate::postgres::{at_database, url};
use crate::session::Session;
use orderpark_store::{Database, Options, Store};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use tokio::runtime::Builder;

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../store/migrations/postgres");

/// What the template for these migrations is called.
pub fn name() -> String {
    let entries = fs::read_dir(Path::new(MIGRATIONS)).expect("a folder of migrations");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a migration").path()).collect();
    paths.sort();
    let mut hasher = DefaultHasher::new();
    for path in paths {
        path.file_name().hash(&mut hasher);
        fs::read(&path).expect("a migration that can be read").hash(&mut hasher);
    }
    format!("orderpark_template_{:016x}", hasher.finish())
}

/// Whether there is such a database.
pub fn exists(session: &Session, name: &str) -> bool {
    !session.texts(&format!("select datname from pg_database where datname = '{name}'")).is_empty()
}

/// Makes the template, and drops those that it takes the place of. Whoever calls this is alone.
pub fn make(session: &Session, name: &str) {
    for old in session.texts("select datname from pg_database where datname like 'orderpark\\_template\\_%'") {
        session.rows(&format!("drop database {old} with (force)"));
    }
    // It gets its name last, because under its name it is taken to be whole.
    let unfinished = "orderpark_template_unfinished";
    session.rows(&format!("create database {unfinished} template template0"));
    migrate(&at_database(&url(), unfinished));
    session.rows(&format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{unfinished}'"));
    session.rows(&format!("alter database {unfinished} allow_connections false"));
    session.rows(&format!("alter database {unfinished} rename to {name}"));
}

fn migrate(url: &str) {
    let database: Database = url.parse().expect("a database");
    let store = Store::open(&database, Options::default()).expect("an empty database is migrated");
    Builder::new_current_thread().build().expect("a runtime").block_on(store.close());
}
