//! What a run measured, in one table.

use crate::caller::is_connection;
use crate::check::{Kind, Violation};
use crate::log::{Action, Entry, Outcome};
use crate::run::Record;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

/// So many violations of a kind are shown.
const SHOWN: usize = 5;

/// Lines of a table.
#[derive(Default)]
pub struct Table(Vec<(String, String)>);

impl Table {
    /// Adds a line.
    pub fn row(&mut self, what: &str, figure: &dyn Display) {
        self.0.push((what.to_owned(), figure.to_string()));
    }

    /// Prints it.
    #[allow(clippy::print_stdout, reason = "this is what the program is run for")]
    pub fn print(&self) {
        for (what, figure) in &self.0 {
            println!("{what:<44} {figure}");
        }
    }

    /// What a run did, and how long nobody was answered.
    pub fn run(&mut self, record: &Record) {
        let entries = &record.entries;
        self.row("seed", &record.seed);
        self.row("new requests for", &seconds(record.lasted));
        self.row("attempts", &entries.len());
        let done = |action| entries.iter().filter(|entry| entry.action == action && is_done(entry)).count();
        self.row("orders acknowledged, repeats among them", &done(Action::Place));
        self.row("cancellations acknowledged", &done(Action::Cancel));
        self.row("orders read", &done(Action::Read));
        self.row("attempts that were not answered", &counts(entries, no_answer));
        self.row("answers that said: again", &counts(entries, again));
        let gap = longest(&gaps(entries, record.lasted));
        self.row("longest time without an acknowledged write", &seconds(gap));
        if !record.faults.is_empty() {
            let mut times = recoveries(entries, record);
            times.sort_unstable();
            self.row("faults", &record.faults.len());
            self.row("without an acknowledged write around one", &spread(&times));
        }
    }

    /// What the check found.
    pub fn violations(&mut self, violations: &[Violation]) {
        for kind in Kind::ALL {
            self.row(kind.text(), &count(violations, kind));
        }
    }
}

/// How many violations are of a kind.
pub fn count(violations: &[Violation], kind: Kind) -> usize {
    violations.iter().filter(|violation| violation.kind == kind).count()
}

/// Shows some violations of each kind on stderr.
#[allow(clippy::print_stderr, reason = "figures go to stdout, their reasons here")]
pub fn show(violations: &[Violation]) {
    for kind in Kind::ALL {
        for violation in violations.iter().filter(|violation| violation.kind == kind).take(SHOWN) {
            eprintln!("VIOLATION: {}: {}", kind.text(), violation.text);
        }
    }
}

/// Says on stderr what is being done now.
#[allow(clippy::print_stderr, reason = "who waits sees that it goes on")]
pub fn progress(what: &str) {
    eprintln!("soak: {what}");
}

/// Attempts that failed by more than a connection, for whoever may expect that there is none.
pub fn failures(entries: &[Entry]) -> Vec<String> {
    let failed = |entry: &&Entry| match &entry.outcome {
        Outcome::Done(_) => false,
        Outcome::Nothing(why) => !is_connection(why),
        Outcome::Again(..) | Outcome::Refused(..) => true,
    };
    entries.iter().filter(failed).map(|entry| format!("{entry:?}")).collect()
}

/// Median and worst of sorted times.
pub fn spread(sorted: &[Duration]) -> String {
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    format!("median {}, worst {}", seconds(median), seconds(longest(sorted)))
}

/// For each fault the longest time without an acknowledged write that ended behind it, and before the next one.
fn recoveries(entries: &[Entry], record: &Record) -> Vec<Duration> {
    let acknowledged = acknowledged(entries);
    let ends = record.faults.iter().skip(1).copied().chain([Duration::MAX]);
    let recovery = |(fault, end): (&Duration, Duration)| {
        let after = acknowledged.partition_point(|at| at < fault);
        let before = acknowledged.partition_point(|at| *at < end).max(after + 1).min(acknowledged.len());
        let within = &acknowledged[after.saturating_sub(1)..before];
        within.windows(2).map(|two| two[1].saturating_sub(two[0])).max().unwrap_or_default()
    };
    record.faults.iter().zip(ends).map(recovery).collect()
}

/// The times between acknowledged writes, from the beginning to the end of the run.
fn gaps(entries: &[Entry], lasted: Duration) -> Vec<Duration> {
    let mut times = vec![Duration::ZERO];
    times.extend(acknowledged(entries));
    times.push(lasted);
    times.windows(2).map(|two| two[1].saturating_sub(two[0])).collect()
}

fn acknowledged(entries: &[Entry]) -> Vec<Duration> {
    let mut times: Vec<Duration> =
        entries.iter().filter(|entry| entry.acknowledges()).map(|entry| entry.until).collect();
    times.sort_unstable();
    times
}

fn is_done(entry: &Entry) -> bool {
    matches!(entry.outcome, Outcome::Done(_))
}

fn no_answer(outcome: &Outcome) -> Option<String> {
    if let Outcome::Nothing(why) = outcome { Some(why.clone()) } else { None }
}

fn again(outcome: &Outcome) -> Option<String> {
    if let Outcome::Again(status, reason) = outcome { Some(format!("{status} {reason}")) } else { None }
}

fn counts(entries: &[Entry], name: fn(&Outcome) -> Option<String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in entries.iter().filter_map(|entry| name(&entry.outcome)) {
        *counts.entry(name).or_default() += 1;
    }
    let texts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    if texts.is_empty() { "0".to_owned() } else { texts.join(", ") }
}

fn longest(times: &[Duration]) -> Duration {
    times.iter().max().copied().unwrap_or_default()
}

/// A time in seconds.
pub fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{failures, gaps, longest, recoveries};
    use crate::log::{Action, Entry, Outcome};
    use crate::run::Record;
    use crate::wish::Wishes;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(second: u32, action: Action, outcome: Outcome) -> Entry {
        Entry { from: Duration::ZERO, until: SECOND * second, number: 0, node: 0, action, outcome }
    }

    fn done(second: u32) -> Entry {
        at(second, Action::Place, Outcome::Done(String::new()))
    }

    fn record(entries: Vec<Entry>, faults: &[u32]) -> Record {
        let wishes = Wishes { run: String::new(), offer: String::new(), subscribers: Vec::new() };
        let faults = faults.iter().map(|second| SECOND * *second).collect();
        Record { wishes, entries, faults, lasted: SECOND * 30, seed: 0 }
    }

    #[test]
    fn the_time_without_a_write_counts_only_acknowledged_ones_and_both_ends() {
        let read = at(25, Action::Read, Outcome::Done(String::new()));
        let entries = [done(2), done(1), at(5, Action::Place, Outcome::Nothing(String::new())), done(11), read];
        assert_eq!(gaps(&entries, SECOND * 12), [SECOND, SECOND, SECOND * 9, SECOND]);
        assert_eq!(longest(&gaps(&entries, SECOND * 30)), SECOND * 19);
    }

    #[test]
    fn each_fault_has_the_longest_time_that_ended_behind_it() {
        let record = record(vec![done(1), done(4), done(5), done(9), done(10), done(13)], &[2, 6, 20]);
        assert_eq!(recoveries(&record.entries, &record), [SECOND * 3, SECOND * 4, Duration::ZERO]);
    }

    #[test]
    fn a_broken_connection_is_no_failure_and_every_other_trouble_is() {
        let nothing = |why: &str| at(1, Action::Read, Outcome::Nothing(why.to_owned()));
        let again = at(1, Action::Place, Outcome::Again(503, "unavailable".to_owned()));
        let entries = [done(1), nothing("refused"), nothing("closed"), nothing("timeout"), again];
        assert_eq!(failures(&entries).len(), 2);
    }
}
