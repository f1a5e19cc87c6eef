//! How a store is opened.

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
}

impl FromStr for Database {
    type Err = String;

    fn from_str(text: &str) -> Result<Database, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Database::Sqlite(PathBuf::from(path))),
            _ => Err(format!("'{text}' is not a database: say sqlite:PATH")),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

/// What a store is given from outside.
#[derive(Clone)]
pub struct Options {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub chance: Arc<dyn Chance>,
    /// Intents that may wait for the committer; one more is refused as [`crate::CommitError::Busy`].
    pub waiting_max: usize,
    /// Intents that share one transaction at most.
    pub batch_max: usize,
    /// Pages of 4 KiB that a SQLite file may grow to; absent: as many as the disk holds.
    pub pages_max: Option<u32>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance::default()),
            waiting_max: 8192,
            batch_max: 512,
            pages_max: None,
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
