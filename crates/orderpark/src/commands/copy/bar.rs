//! How far a copy is: a bar on a terminal, and plain lines everywhere else.

use crate::{announce, log};
use indicatif::{ProgressBar, ProgressStyle};
use orderpark_store::copy::Progress;
use std::time::{Duration, Instant};

/// How often a plain line says how far a long table is.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Bar {
    /// Absent where stderr is no terminal.
    bar: Option<ProgressBar>,
    told_at: Instant,
}

impl Bar {
    pub(super) fn new() -> Bar {
        let bar = log::is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg:14} {bar:40} {pos:>10} of {len:10} {eta}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Bar { bar, told_at: Instant::now() }
    }

    pub(super) fn tell(&mut self, progress: Progress) {
        match progress {
            Progress::Watched(servers) => self.line(&format!(
                "{servers} server(s) are connected to the source: they cannot write until the copy is finished, and \
                 what they write afterwards is not in it. Stop them"
            )),
            Progress::Resumed => self.line("going on with a copy that was not finished"),
            Progress::Rows { table, done, total } => self.rows(table, done, total),
            Progress::Verified(entries) => self.verified(entries),
        }
    }

    fn rows(&mut self, table: &'static str, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            if bar.message() != table {
                bar.reset();
                bar.set_message(table);
            }
            bar.set_length(total);
            bar.set_position(done);
        } else if done == total {
            self.line(&format!("{table}: {total} rows"));
        } else {
            self.line_now_and_then(&format!("{table}: {done} of {total} rows"));
        }
    }

    fn verified(&mut self, entries: u64) {
        match &self.bar {
            Some(bar) => {
                bar.set_message("verifying");
                bar.set_position(entries);
            }
            None if entries == 0 => self.line("verifying the copy"),
            None => self.line_now_and_then(&format!("verifying the copy: {entries} entries of the journal")),
        }
    }

    fn line(&mut self, text: &str) {
        self.told_at = Instant::now();
        match &self.bar {
            Some(bar) => bar.println(text),
            None => announce::err(text),
        }
    }

    fn line_now_and_then(&mut self, text: &str) {
        if self.told_at.elapsed() > LINE_EVERY {
            self.line(text);
        }
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
