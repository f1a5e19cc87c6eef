//! What the clients asked and were answered: the only witness there is beside the program itself.

use crate::wish::Wishes;
use anyhow::Context;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// `POST /orders`, under the wish's key.
    Place,
    /// `DELETE /orders/{ref}`, under a key of its own.
    Cancel,
    /// `GET /orders/{ref}`.
    Read,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Success, with this body.
    Done(String),
    /// An answer that says: again, under the same key. Status and reason.
    Again(u16, String),
    /// An answer that says: never. Status and reason.
    Refused(u16, String),
    /// No answer, and why.
    Nothing(String),
}

/// One attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it was sent, since the run began.
    pub from: Duration,
    /// When it had its outcome.
    pub until: Duration,
    /// The number of the wish.
    pub number: u64,
    /// Which node was asked.
    pub node: usize,
    /// What was asked.
    pub action: Action,
    /// What came of it.
    pub outcome: Outcome,
}

impl Action {
    const NAMES: [(Action, &str); 3] = [(Action::Place, "place"), (Action::Cancel, "cancel"), (Action::Read, "read")];

    /// As a log names it.
    pub fn name(self) -> &'static str {
        Action::NAMES.iter().find(|(action, _)| *action == self).map_or("", |(_, name)| name)
    }

    fn parse(text: &str) -> Option<Action> {
        Action::NAMES.iter().find(|(_, name)| *name == text).map(|(action, _)| *action)
    }
}

impl Entry {
    /// Whether it acknowledges a change.
    pub fn acknowledges(&self) -> bool {
        self.action != Action::Read && matches!(self.outcome, Outcome::Done(_))
    }

    fn json(&self) -> Value {
        let (outcome, status, text) = match &self.outcome {
            Outcome::Done(body) => ("done", 200, body),
            Outcome::Again(status, reason) => ("again", *status, reason),
            Outcome::Refused(status, reason) => ("refused", *status, reason),
            Outcome::Nothing(why) => ("nothing", 0, why),
        };
        json!({"from": micros(self.from), "until": micros(self.until), "order": self.number, "node": self.node,
               "action": self.action.name(), "outcome": outcome, "status": status, "text": text})
    }

    fn parse(line: &Value) -> Option<Entry> {
        let number = |name: &str| line[name].as_u64();
        let status = u16::try_from(number("status")?).ok()?;
        let text = line["text"].as_str()?.to_owned();
        let outcome = match line["outcome"].as_str()? {
            "done" => Outcome::Done(text),
            "again" => Outcome::Again(status, text),
            "refused" => Outcome::Refused(status, text),
            _ => Outcome::Nothing(text),
        };
        Some(Entry {
            from: Duration::from_micros(number("from")?),
            until: Duration::from_micros(number("until")?),
            number: number("order")?,
            node: usize::try_from(number("node")?).ok()?,
            action: Action::parse(line["action"].as_str()?)?,
            outcome,
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// All attempts of a run, in the order in which they had their outcomes.
pub struct Log {
    /// When the run began.
    pub begin: Instant,
    acknowledged: AtomicU64,
    kept: Mutex<Kept>,
}

struct Kept {
    entries: Vec<Entry>,
    file: Option<BufWriter<File>>,
}

impl Log {
    /// An empty log, which is written to a file too if there shall be one.
    pub fn new(wishes: &Wishes, file: Option<&Path>) -> anyhow::Result<Log> {
        let mut file = file.map(File::create).transpose().context("the log")?.map(BufWriter::new);
        if let Some(file) = &mut file {
            writeln!(file, "{}", wishes.json())?;
        }
        let kept = Mutex::new(Kept { entries: Vec::new(), file });
        Ok(Log { begin: Instant::now(), acknowledged: AtomicU64::new(0), kept })
    }

    /// Keeps an attempt.
    pub fn keep(&self, entry: Entry) -> anyhow::Result<()> {
        let acknowledges = entry.acknowledges();
        {
            let mut kept = self.kept.lock().map_err(|_| anyhow::anyhow!("a writer panicked"))?;
            if let Some(file) = &mut kept.file {
                writeln!(file, "{}", entry.json()).context("writing the log")?;
            }
            kept.entries.push(entry);
        }
        self.acknowledged.fetch_add(u64::from(acknowledges), Ordering::Relaxed);
        Ok(())
    }

    /// How many changes were acknowledged up to now.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// All of it.
    pub fn take(&self) -> anyhow::Result<Vec<Entry>> {
        let mut kept = self.kept.lock().map_err(|_| anyhow::anyhow!("a writer panicked"))?;
        if let Some(file) = &mut kept.file {
            file.flush().context("writing the log")?;
        }
        Ok(std::mem::take(&mut kept.entries))
    }
}

/// Reads a log that a run wrote.
pub fn read(path: &Path) -> anyhow::Result<(Wishes, Vec<Entry>)> {
    let mut lines = BufReader::new(File::open(path).context("the log")?).lines();
    let first = lines.next().context("an empty log")??;
    let wishes = Wishes::parse(&first.parse()?).context("the first line is not that of a log")?;
    let entries = lines.map(|line| Entry::parse(&line?.parse()?).context("a line that is no attempt"));
    Ok((wishes, entries.collect::<anyhow::Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::{Action, Entry, Log, Outcome, read};
    use crate::wish::Wishes;
    use std::time::Duration;

    #[test]
    fn a_log_reads_back_what_was_kept() {
        let wishes = Wishes { run: "r".to_owned(), offer: "o".to_owned(), subscribers: vec!["a".to_owned()] };
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = Log::new(&wishes, Some(file.path())).unwrap();
        let outcomes = [
            Outcome::Done(r#"{"ref":"1"}"#.to_owned()),
            Outcome::Again(503, "unavailable".to_owned()),
            Outcome::Refused(404, "not_found".to_owned()),
            Outcome::Nothing("timeout".to_owned()),
        ];
        for (number, outcome) in (0..).zip(outcomes) {
            for action in [Action::Place, Action::Cancel, Action::Read] {
                let (from, until) = (Duration::from_micros(number), Duration::from_micros(number + 7));
                log.keep(Entry { from, until, number, node: 1, action, outcome: outcome.clone() }).unwrap();
            }
        }
        assert_eq!(log.acknowledged(), 2, "a read acknowledges nothing");
        let kept = log.take().unwrap();
        assert_eq!(read(file.path()).unwrap(), (wishes, kept));
    }
}
