//! The log of this thread, at the default level.

use std::io;
use std::sync::{Arc, Mutex};
use tracing::subscriber::{DefaultGuard, set_default};

/// The logged lines.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Logs until the guard is dropped.
    pub fn begin() -> (Log, DefaultGuard) {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().without_time().with_ansi(false).with_target(false);
        (log, set_default(subscriber.with_writer(move || writer.clone()).finish()))
    }

    /// Lines with their level, without the time.
    pub fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().expect("nobody panics with it").clone()).expect("UTF-8");
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }
}
