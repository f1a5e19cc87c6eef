//! Plain SQL at PostgreSQL, from tests that are async and tests that are not.

use std::panic::resume_unwind;
use std::thread;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// One connection that is used from a thread of its own; see [`aside`].
#[derive(Debug)]
pub struct Session {
    runtime: Runtime,
    client: Client,
}

impl Session {
    /// Connects.
    pub fn open(url: &str) -> Session {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (client, connection) = runtime
            .block_on(tokio_postgres::connect(url, NoTls))
            .unwrap_or_else(|error| panic!("no connection to PostgreSQL: {error:?}"));
        runtime.spawn(connection);
        Session { runtime, client }
    }

    /// Carries out any number of statements; answers the rows of all, as text, `null` for none.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let answer = self.runtime.block_on(self.client.simple_query(sql));
        let messages = answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        messages.iter().filter_map(row).collect()
    }

    /// The first column of [`Session::rows`].
    pub fn texts(&self, sql: &str) -> Vec<String> {
        self.rows(sql).into_iter().filter_map(|row| row.into_iter().next()).collect()
    }
}

fn row(message: &SimpleQueryMessage) -> Option<Vec<String>> {
    match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|index| row.get(index).unwrap_or("null").to_owned()).collect())
        }
        _ => None,
    }
}

/// Does something on a thread beside, because a test that is async must not wait in its own.
pub fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

/// The same, for the end of a test: there is no failing any more.
pub fn aside_at_last(work: impl FnOnce() + Send) {
    // What goes wrong tells itself on the way; a panic while another one unwinds would hide both.
    let _ = thread::scope(|scope| scope.spawn(work).join());
}
