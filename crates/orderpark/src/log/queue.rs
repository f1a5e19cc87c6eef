//! The bounded queue between those who log and the thread that writes. It never makes anyone wait:
//! a line that finds no room is dropped and counted.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of lines that may wait.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// Lines that may wait.
pub(super) const LINES_MAX: usize = 8192;

/// How often to try to say how many lines were lost, while there are no others to write.
const SAY_LOST_EVERY: Duration = Duration::from_secs(1);

/// Lines that wait to be written.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    written: Condvar,
}

struct Waiting {
    lines: VecDeque<Line>,
    bytes: usize,
    lost: u64,
    /// Whether the writer holds a line.
    writing: bool,
}

/// One line, its end included.
pub(super) struct Line {
    pub text: Box<[u8]>,
    /// Where to say how writing it went.
    pub written: Option<SyncSender<io::Result<()>>>,
}

impl Line {
    pub(super) fn new<T: Into<Vec<u8>>>(text: T) -> Line {
        Line { text: text.into().into_boxed_slice(), written: None }
    }
}

impl Queue {
    pub(super) const fn new() -> Queue {
        let waiting = Waiting { lines: VecDeque::new(), bytes: 0, lost: 0, writing: false };
        Queue { waiting: Mutex::new(waiting), filled: Condvar::new(), written: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a line over, or drops and counts it.
    pub(super) fn push(&self, line: Line) {
        let mut waiting = self.lock();
        let bytes = waiting.bytes + line.text.len();
        if bytes > BYTES_MAX || waiting.lines.len() >= LINES_MAX {
            waiting.lost += 1;
            return;
        }
        waiting.bytes = bytes;
        waiting.lines.push_back(line);
        drop(waiting);
        self.filled.notify_one();
    }

    /// Waits for a line, and answers it with the number of those that were lost; without one where
    /// it is time to say that number. What was taken counts as being written until [`Queue::done`].
    pub(super) fn next(&self) -> (Option<Line>, u64) {
        let mut waiting = self.lock();
        while waiting.lines.is_empty() {
            if waiting.lost == 0 {
                waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let rest = self.filled.wait_timeout(waiting, SAY_LOST_EVERY);
            let (woken, rest) = rest.unwrap_or_else(PoisonError::into_inner);
            waiting = woken;
            if rest.timed_out() {
                break;
            }
        }
        let line = waiting.lines.pop_front();
        waiting.bytes -= line.as_ref().map_or(0, |line| line.text.len());
        waiting.writing = true;
        (line, waiting.lost)
    }

    /// Ends the writing of the taken line: `told` lost lines were reported, `lost` more were lost.
    pub(super) fn done(&self, told: u64, lost: u64) {
        let mut waiting = self.lock();
        waiting.lost = waiting.lost - told + lost;
        waiting.writing = false;
        if waiting.lines.is_empty() {
            self.written.notify_all();
        }
    }

    /// Waits until everything is written, but no longer than `max`.
    pub(super) fn flush(&self, max: Duration) {
        let busy = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        let _ = self.written.wait_timeout_while(self.lock(), max, busy);
    }
}
