//! Where PostgreSQL is, and databases in it.

use crate::session::{Session, aside, aside_at_last};
use crate::template;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The advisory lock that is shared by those who copy the template, and alone for who makes it.
const TEMPLATE_LOCK: i64 = 0x0074_6573_7462_6564;

static MADE: AtomicU64 = AtomicU64::new(0);

/// A database that belongs to one test.
#[derive(Debug)]
pub struct OwnDatabase {
    name: String,
    /// The connection of [`OwnDatabase::look`].
    kept: Mutex<Option<Session>>,
}

impl OwnDatabase {
    /// Without any table.
    pub fn blank() -> OwnDatabase {
        aside(|| OwnDatabase::copy_of(&Session::open(&url()), "template0"))
    }

    /// With the tables that the program makes.
    pub fn migrated() -> OwnDatabase {
        aside(|| {
            let session = Session::open(&url());
            let template = template::name();
            loop {
                session.rows(&format!("select pg_advisory_lock_shared({TEMPLATE_LOCK})"));
                if template::exists(&session, &template) {
                    // The lock ends with the session.
                    return OwnDatabase::copy_of(&session, &template);
                }
                session.rows(&format!("select pg_advisory_unlock_shared({TEMPLATE_LOCK})"));
                session.rows(&format!("select pg_advisory_lock({TEMPLATE_LOCK})"));
                if !template::exists(&session, &template) {
                    template::make(&session, &template);
                }
                session.rows(&format!("select pg_advisory_unlock({TEMPLATE_LOCK})"));
            }
        })
    }

    fn copy_of(session: &Session, template: &str) -> OwnDatabase {
        let name = format!("orderpark_test_{}_{}", process::id(), MADE.fetch_add(1, Ordering::SeqCst));
        // Copying files is quicker than logging them, above all when they are dropped.
        session.rows(&format!("drop database if exists {name} with (force)"));
        session.rows(&format!("create database {name} template {template} strategy file_copy"));
        OwnDatabase { name, kept: Mutex::new(None) }
    }

    /// A copy of it as it is now. Whoever is still connected to it is thrown out.
    pub fn copied(&self) -> OwnDatabase {
        let end = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname";
        aside(|| {
            let session = Session::open(&url());
            session.rows(&format!("{end} = '{}'", self.name));
            OwnDatabase::copy_of(&session, &self.name)
        })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        at_database(&url(), &self.name)
    }

    /// Carries out any number of statements; answers the rows of all.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        aside(|| Session::open(&self.url()).rows(sql))
    }

    /// The rows of a query, over a connection that is kept.
    pub fn look(&self, sql: &str) -> Vec<Vec<String>> {
        aside(|| {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.get_or_insert_with(|| Session::open(&self.url())).rows(sql)
        })
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let (name, kept) = (&self.name, &self.kept);
        aside_at_last(|| {
            drop(kept.lock().unwrap_or_else(PoisonError::into_inner).take());
            Session::open(&url()).rows(&format!("drop database if exists {name} with (force)"));
        });
    }
}

/// The URL that tests were given.
#[allow(clippy::disallowed_methods, reason = "./test says in the environment where PostgreSQL is")]
pub fn url() -> String {
    let given = std::env::var("ORDERPARK_TEST_POSTGRES");
    given.expect("no PostgreSQL to test with: run ./test, or first: eval \"$(scripts/postgres start)\"")
}

/// Where one of PostgreSQL's own programs is, such as `psql`.
#[allow(clippy::disallowed_methods, reason = "./test says in the environment where PostgreSQL is")]
pub fn program(name: &str) -> PathBuf {
    let given = std::env::var("ORDERPARK_TEST_POSTGRES_BIN");
    let folder = given.expect("no PostgreSQL to test with: run ./test, or first: eval \"$(scripts/postgres start)\"");
    PathBuf::from(folder).join(name)
}

/// The address that a [`crate::Proxy`] stands in front of.
pub fn upstream() -> SocketAddr {
    address(&url())
}

/// The address in a URL.
pub fn address(url: &str) -> SocketAddr {
    let (_, host, _) = parts(url);
    host.parse().unwrap_or_else(|_| panic!("tests reach PostgreSQL at an address with a port, not at {host}"))
}

/// The same server and role, another database.
pub fn at_database(url: &str, name: &str) -> String {
    let (before, host, rest) = parts(url);
    let query = rest.find('?').map_or("", |at| &rest[at..]);
    format!("{before}{host}/{name}{query}")
}

/// The same database, another way to it.
pub fn at_address(url: &str, address: SocketAddr) -> String {
    let (before, _, rest) = parts(url);
    format!("{before}{address}{rest}")
}

/// `postgres://role@`, `127.0.0.1:5432`, `/database?query`.
fn parts(url: &str) -> (&str, &str, &str) {
    let begin = url.find("://").map_or(0, |at| at + 3);
    let end = url[begin..].find(['/', '?']).map_or(url.len(), |at| begin + at);
    let host = url[begin..end].rfind('@').map_or(begin, |at| begin + at + 1);
    (&url[..host], &url[host..end], &url[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_led_elsewhere() {
        let url = "postgres://ops:a@b@127.0.0.1:5432/postgres?sslmode=disable";
        assert_eq!(at_database(url, "other"), "postgres://ops:a@b@127.0.0.1:5432/other?sslmode=disable");
        let elsewhere = at_address(url, "127.0.0.1:9".parse().expect("an address"));
        assert_eq!(elsewhere, "postgres://ops:a@b@127.0.0.1:9/postgres?sslmode=disable");
        assert_eq!(address(url).port(), 5432);
        assert_eq!(at_database("postgres://127.0.0.1:5432", "other"), "postgres://127.0.0.1:5432/other");
    }
}
