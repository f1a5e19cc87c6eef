//! Copies the write-ahead log back into the file, beside the writer.
//!
//! SQLite begins the log anew when all of it is copied back at the moment of a write. Under a steady load that moment
//! never comes by itself: while the log is copied, it grows. So the copying thread hurries once the log is long, and the
//! writer, between two batches, copies the little that is left and begins anew. What a commit waits for is short.

use rusqlite::Connection;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the log is copied back as long as it is short.
const EVERY: Duration = Duration::from_millis(250);

/// How often once it is long.
const IN_A_HURRY: Duration = Duration::from_millis(2);

/// Pages after which the log is long: 8 MiB.
const LONG: i64 = 2_048;

/// Pages after which it is begun anew at any price: 256 MiB.
const TOO_LONG: i64 = 65_536;

/// Pages that the writer may copy itself: 2 MiB.
const LITTLE: i64 = 512;

/// The log, in pages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    length: i64,
    copied: i64,
}

impl Log {
    /// The log as it is; copies nothing.
    pub(crate) fn of(connection: &Connection) -> rusqlite::Result<Log> {
        checkpoint(connection, "NOOP")
    }

    /// Whether the writer should begin it anew now.
    pub(crate) fn is_due(self) -> bool {
        self.length > TOO_LONG || self.length > LONG && self.length - self.copied < LITTLE
    }
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(connection: Connection) -> std::io::Result<Checkpointer> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("checkpoint".into()).spawn(move || run(&connection, &stopped))?;
        Ok(Checkpointer { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, stopped: &Receiver<()>) {
    let (mut pause, mut fails) = (EVERY, false);
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(pause) {
        let copied = checkpoint(connection, "PASSIVE");
        // A full disk is told of once, and not four times a second.
        let begins_to_fail = copied.is_err() && !fails;
        fails = copied.is_err();
        pause = match copied {
            Ok(log) if log.length > LONG => IN_A_HURRY,
            Ok(_) => EVERY,
            Err(error) => {
                if begins_to_fail {
                    tracing::warn!(%error, "the write-ahead log could not be copied back; it will be tried again");
                }
                EVERY
            }
        };
    }
}

/// Copies back what it can; `RESTART` also lets the writer begin the log anew, `TRUNCATE` empties its file.
pub(crate) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    let mut statement = connection.prepare_cached(&format!("pragma wal_checkpoint({mode})"))?;
    statement.query_row([], |row| Ok(Log { length: row.get(1)?, copied: row.get(2)? }))
}
