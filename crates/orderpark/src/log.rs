//! The log: lines are formatted where they arise, handed to a bounded queue that drops what does
//! not fit, and written to stderr by a thread of its own.
//!
//! Once the log has started, nothing else in this process writes to stderr. A stderr that is
//! closed, full, slow, or read by nobody costs lines and nothing else: no thread waits for it, and
//! none panics because of it. Lines that are lost are counted, and the count is written as soon as
//! stderr takes lines again.

mod level;
mod queue;
mod writer;

pub use level::Levels;
pub use writer::is_terminal;

use queue::{Line, Queue};
use std::io;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use tracing::Level;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use writer::Output;

/// How long the end of the process waits for stderr.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// How long a text that must be seen waits for stderr.
const SHOW_MAX: Duration = Duration::from_secs(5);

static QUEUE: Queue = Queue::new();
static STARTED: AtomicBool = AtomicBool::new(false);

/// Starts the log. `default` is the level where `levels` names none.
pub fn start(levels: Levels, default: Level) -> io::Result<()> {
    std::thread::Builder::new().name("log".into()).spawn(|| writer::run(&QUEUE))?;
    STARTED.store(true, Ordering::Release);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| Lines)
        .with_ansi(is_terminal())
        // The layer's own complaints would go to stderr, past the queue.
        .log_internal_errors(false);
    // A second log in one process can only be a test's; the first one stays.
    let _ = tracing_subscriber::registry().with(lines).with(levels.targets(default)).try_init();
    Ok(())
}

/// Has panics written as lines of the log, and not by the standard library.
pub fn take_panics() {
    std::panic::set_hook(Box::new(|panic| tell(&panic_line(panic))));
}

/// Writes a line to stderr, past the levels. A line that cannot be written is lost.
pub fn tell(line: &str) {
    if STARTED.load(Ordering::Acquire) {
        QUEUE.push(Line::new(format!("{line}\n")));
    } else {
        let _ = Output::new(writer::stderr).line(format!("{line}\n").as_bytes());
    }
}

/// Writes a text to stderr that somebody must see: `Err` where stderr has not taken all of it in
/// time.
pub fn show(text: &str) -> io::Result<()> {
    if !STARTED.load(Ordering::Acquire) {
        return Output::new(writer::stderr).line(text.as_bytes());
    }
    let (written, answer) = sync_channel(1);
    QUEUE.push(Line { written: Some(written), ..Line::new(text.to_owned()) });
    // A line that found no room has dropped its sender.
    answer
        .recv_timeout(SHOW_MAX)
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "stderr did not take it in time")))
}

/// Gives stderr a bounded time to take what waits.
pub fn flush() {
    if STARTED.load(Ordering::Acquire) {
        QUEUE.flush(FLUSH_MAX);
    }
}

/// The writer of the formatting layer, which gives it one line at a time.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        QUEUE.push(Line::new(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line in the format of all others, for what cannot go through the layer.
fn formatted(level: Level, text: &str) -> String {
    let mut line = String::new();
    // Only the time can fail, and the line is good without it.
    let _ = SystemTime.format_time(&mut Writer::new(&mut line));
    format!("{line} {level:>5} orderpark::log: {text}")
}

/// Debug formatting keeps a message of several lines in one.
fn panic_line(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or_default();
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or_default();
    formatted(Level::ERROR, &format!("a thread panicked thread={thread:?} place={place} message={message:?}"))
}
