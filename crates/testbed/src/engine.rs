//! The engines that there are, and a database of its own for each test.

use crate::postgres::{OwnDatabase, at_address};
use crate::proxy::Proxy;
use crate::sqlite;
use orderpark_store::Database;
use std::fmt;
use tempfile::TempDir;

/// What keeps the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// All of them; what holds for one must hold for each.
    pub const ALL: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

    /// A database with nothing in it, ready to be opened; in PostgreSQL its tables are there already.
    pub fn fresh(self) -> TestDatabase {
        TestDatabase(match self {
            Engine::Sqlite => Home::Folder(tempfile::tempdir().expect("a temporary folder")),
            Engine::Postgres => Home::Server(Box::new(OwnDatabase::migrated())),
        })
    }

    /// A database without any table.
    pub fn blank(self) -> TestDatabase {
        TestDatabase(match self {
            Engine::Sqlite => Home::Folder(tempfile::tempdir().expect("a temporary folder")),
            Engine::Postgres => Home::Server(Box::new(OwnDatabase::blank())),
        })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        })
    }
}

/// A database that belongs to one test, gone when this is dropped.
#[derive(Debug)]
pub struct TestDatabase(Home);

#[derive(Debug)]
enum Home {
    Folder(TempDir),
    Server(Box<OwnDatabase>),
}

impl TestDatabase {
    /// What keeps it.
    pub fn engine(&self) -> Engine {
        match self.0 {
            Home::Folder(_) => Engine::Sqlite,
            Home::Server(_) => Engine::Postgres,
        }
    }

    /// How it is named on a command line.
    pub fn url(&self) -> String {
        match &self.0 {
            Home::Folder(folder) => format!("sqlite:{}", folder.path().join("orderpark.db").display()),
            Home::Server(database) => database.url(),
        }
    }

    /// What a store opens.
    pub fn database(&self) -> Database {
        parsed(&self.url())
    }

    /// How it is named on a command line by one who comes through a proxy.
    pub fn url_through(&self, proxy: &Proxy) -> String {
        assert_eq!(self.engine(), Engine::Postgres, "no network leads to a file");
        at_address(&self.url(), proxy.address())
    }

    /// What a store opens that comes through a proxy.
    pub fn through(&self, proxy: &Proxy) -> Database {
        parsed(&self.url_through(proxy))
    }

    /// A copy of it as it is now, as from a backup. Whoever is connected to a database in
    /// PostgreSQL is thrown out.
    #[must_use]
    pub fn copied(&self) -> TestDatabase {
        TestDatabase(match &self.0 {
            Home::Folder(_) => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                self.execute(&format!("vacuum into '{}'", folder.path().join("orderpark.db").display()));
                Home::Folder(folder)
            }
            Home::Server(database) => Home::Server(Box::new(database.copied())),
        })
    }

    /// Carries out any number of statements behind the program's back.
    pub fn execute(&self, sql: &str) {
        self.rows(sql);
    }

    /// The rows of a query, each value as text: `null` for none, and bytes as in `\x0aff`.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match &self.0 {
            Home::Folder(folder) => sqlite::rows(&folder.path().join("orderpark.db"), sql),
            Home::Server(database) => database.rows(sql),
        }
    }

    /// As [`TestDatabase::rows`], for queries that come by the thousand: a connection is kept for them.
    pub fn look(&self, sql: &str) -> Vec<Vec<String>> {
        match &self.0 {
            Home::Folder(_) => self.rows(sql),
            Home::Server(database) => database.look(sql),
        }
    }

    /// The first column of [`TestDatabase::rows`].
    pub fn texts(&self, sql: &str) -> Vec<String> {
        self.rows(sql).into_iter().filter_map(|row| row.into_iter().next()).collect()
    }
}

fn parsed(url: &str) -> Database {
    url.parse().unwrap_or_else(|error| panic!("{error}"))
}
