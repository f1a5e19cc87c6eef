//! The thread that writes the lines of the log, and the only place that touches stderr.

use super::formatted;
use super::queue::Queue;
use rustix::io::Errno;
use std::io::{self, IsTerminal as _};
use std::time::Duration;
use tracing::Level;

/// How long to wait for a stderr that does not block and is full.
const FULL_PAUSE: Duration = Duration::from_millis(20);

/// Writes to stderr without the standard library's lock and buffer: whoever else may wait there
/// does not hold up the log.
#[expect(clippy::disallowed_methods, reason = "the one place that writes to stderr")]
pub(super) fn stderr(bytes: &[u8]) -> Result<usize, Errno> {
    rustix::io::write(io::stderr(), bytes)
}

/// Whether stderr is a terminal.
#[expect(clippy::disallowed_methods, reason = "it is only asked what it is")]
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Where lines are written to.
pub(super) struct Output<W> {
    write: W,
    /// Whether the last line was cut off in the middle.
    torn: bool,
}

/// Writes what comes, for ever.
pub(super) fn run(queue: &Queue) {
    let mut output = Output::new(stderr);
    loop {
        output.turn(queue);
    }
}

fn notice(lost: u64) -> String {
    format!("{}\n", formatted(Level::WARN, &format!("lines of the log were lost lines={lost}")))
}

impl<W: FnMut(&[u8]) -> Result<usize, Errno>> Output<W> {
    pub(super) fn new(write: W) -> Output<W> {
        Output { write, torn: false }
    }

    /// Writes the next line, and before it how many were lost. A line that cannot be written is
    /// lost as well.
    fn turn(&mut self, queue: &Queue) {
        let (line, lost) = queue.next();
        let told = if lost > 0 && self.line(notice(lost).as_bytes()).is_ok() { lost } else { 0 };
        let written = line.as_ref().map_or(Ok(()), |line| self.line(&line.text));
        let newly_lost = u64::from(written.is_err());
        if let Some(answer) = line.and_then(|line| line.written) {
            let _ = answer.send(written);
        }
        queue.done(told, newly_lost);
    }

    /// Writes a line of its own.
    pub(super) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.all(b"\n")?;
        }
        self.all(line)
    }

    /// Writes all of it, and waits for a stderr that does not block.
    fn all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len();
        while !bytes.is_empty() {
            match (self.write)(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => std::thread::sleep(FULL_PAUSE),
                Err(error) => {
                    self.torn |= bytes.len() < length;
                    return Err(error.into());
                }
            }
        }
        self.torn = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
