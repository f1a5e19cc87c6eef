//! The journal, read from the database beside the server: what was written, told by nobody in between.

use orderpark_store::verify::verify;
use orderpark_testbed::TestDatabase;
use serde_json::Value;
use std::sync::Arc;
use std::thread;

/// A window on the journal of a live deployment.
pub struct Journal {
    database: Arc<TestDatabase>,
}

impl Journal {
    /// A window on this database's journal.
    pub fn of(database: &Arc<TestDatabase>) -> Journal {
        Journal { database: Arc::clone(database) }
    }

    /// How many entries there are.
    pub fn length(&self) -> i64 {
        let length = self.database.look("select coalesce(max(seq), 0) from journal");
        length[0][0].parse().expect("a number")
    }

    /// The entries after this one, as they are written: `{"by": …, "event": {"orderPlaced": {…}}}`.
    pub fn since(&self, seq: i64) -> Vec<Value> {
        let entries = self.database.look(&format!("select entry from journal where seq > {seq} order by seq"));
        entries.iter().map(|row| serde_json::from_str(&row[0]).expect("an entry of JSON")).collect()
    }

    /// Everything that the journal holds, its hashes too.
    pub fn lines(&self) -> Vec<Vec<String>> {
        self.database.rows("select * from journal order by seq")
    }

    /// Checks that the tables are what the journal means, and all else that `orderpark verify` proves.
    #[track_caller]
    pub fn verify(&self) {
        // It waits for PostgreSQL, which a task must not; a thread beside may.
        let verified = thread::scope(|scope| scope.spawn(|| verify(&self.database.database(), &mut |_| {})).join());
        let report = verified.expect("no panic").expect("a database that can be read");
        assert_eq!(report.violations, Vec::<String>::new());
    }
}
