//! How a store is opened.

use crate::postgres::{Address, Limits};
use crate::{Chance, Clock, SystemChance, SystemClock};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// One file, in this process: `sqlite:PATH`.
    Sqlite(PathBuf),
    /// A PostgreSQL server that several processes may share: `postgres://USER@HOST/NAME`.
    Postgres(Box<Address>),
}

impl FromStr for Database {
    type Err = String;

    fn from_str(text: &str) -> Result<Database, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Database::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(Database::Postgres(Box::new(text.parse()?))),
            _ => Err("that is not a database: say sqlite:PATH or postgres://USER@HOST/NAME".to_owned()),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            // Without the password.
            Database::Postgres(address) => address.fmt(f),
        }
    }
}

/// How much is decided at once, in parts: items of offers, subscriptions of orders, rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// By all intents of one transaction together, unless one alone has more.
    pub batch_parts: u64,
    /// By one intent; a larger one is refused as [`orderpark_domain::Refusal::TooLargeAtOnce`].
    pub intent_parts: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { batch_parts: 128, intent_parts: 5000 }
    }
}

/// What a store is given from outside.
#[derive(Clone)]
pub struct Options {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub chance: Arc<dyn Chance>,
    /// Intents that may wait for the committer; one more is refused as [`crate::CommitError::Busy`]. Where bookkeeping shares
    /// the committer, it has a quarter as many places of its own, and waits for them.
    pub waiting_max: usize,
    /// Intents that share one transaction at most.
    pub batch_max: usize,
    /// How much is decided at once.
    pub budget: Budget,
    /// Pages of 4 KiB that a SQLite file may grow to; absent: as many as the disk holds.
    pub pages_max: Option<u32>,
    /// What a connection to PostgreSQL may take.
    pub postgres: Limits,
    /// Whether changes are taken although the clock is far behind the end of the journal; they are
    /// dated right after it.
    pub accept_clock_behind: bool,
    /// Whether the clock is set right by PostgreSQL's, as it must be where several nodes share it.
    pub follows_database_clock: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            clock: Arc::new(SystemClock::default()),
            chance: Arc::new(SystemChance::default()),
            waiting_max: 8192,
            batch_max: 512,
            budget: Budget::default(),
            pages_max: None,
            postgres: Limits::default(),
            accept_clock_behind: false,
            follows_database_clock: true,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("waiting_max", &self.waiting_max)
            .field("batch_max", &self.batch_max)
            .finish_non_exhaustive()
    }
}
