//! The journal, read from the file beside the server: what was written, told by nobody in between.

use orderpark_store::Database;
use orderpark_store::verify::verify;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A window on the journal of a live deployment.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
}

impl Journal {
    /// Opens the database in this folder, to read only.
    pub fn open(folder: &Path) -> Journal {
        let path = folder.join("orderpark.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).expect("a database that can be read");
        Journal { connection, path }
    }

    /// How many entries there are.
    pub fn length(&self) -> i64 {
        let read = self.connection.prepare_cached("select coalesce(max(seq), 0) from journal");
        read.and_then(|mut read| read.query_row([], |row| row.get(0))).expect("a journal")
    }

    /// The entries after this one, as they are written: `{"by": …, "event": {"orderPlaced": {…}}}`.
    pub fn since(&self, seq: i64) -> Vec<Value> {
        let mut read =
            self.connection.prepare_cached("select entry from journal where seq > ? order by seq").expect("a journal");
        let rows = read.query_map([seq], |row| row.get::<_, String>(0)).expect("entries");
        rows.map(|row| serde_json::from_str(&row.expect("an entry")).expect("an entry of JSON")).collect()
    }

    /// Checks that the tables are what the journal means, and all else that `orderpark verify` proves.
    #[track_caller]
    pub fn verify(&self) {
        let report = verify(&Database::Sqlite(self.path.clone()), &mut |_| {}).expect("a database that can be read");
        assert_eq!(report.violations, Vec::<String>::new());
    }
}
