//! The judge: what the clients know against what the nodes say, and nothing else.
//!
//! First the log is folded to what is known of each wish; that alone shows a key with two orders, a read that went back, a
//! refusal that nothing explains. Then every order that a node lists is held against it.

#[cfg(test)]
mod tests;

use crate::log::{Action, Entry, Outcome};
use crate::wish::Wishes;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How a promise can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Acknowledged, and not there.
    Lost,
    /// There more than once.
    Doubled,
    /// There, but not as it was acknowledged.
    Changed,
    /// There, and nobody asked for it.
    Unknown,
    /// Successes of one key that are not the same.
    TwoAnswers,
    /// A read that shows less than was known before.
    WentBack,
    /// A refusal or a fault that nothing explains.
    Refused,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 7] =
        [Kind::Lost, Kind::Doubled, Kind::Changed, Kind::Unknown, Kind::TwoAnswers, Kind::WentBack, Kind::Refused];

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Kind::Lost => "acknowledged and lost",
            Kind::Doubled => "there twice",
            Kind::Changed => "not as acknowledged",
            Kind::Unknown => "asked for by nobody",
            Kind::TwoAnswers => "keys with two answers",
            Kind::WentBack => "reads that went back",
            Kind::Refused => "refused without reason",
        }
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// How.
    pub kind: Kind,
    /// Where.
    pub text: String,
}

/// What the clients know of one wish.
#[derive(Debug, Default)]
struct Known<'a> {
    placed: Option<&'a str>,
    cancelled: Option<&'a str>,
    asked_to_cancel: bool,
    seen_cancelled: bool,
}

/// Holds orders against the log of a run.
pub struct Judge<'a> {
    wishes: &'a Wishes,
    known: BTreeMap<u64, Known<'a>>,
    listed: BTreeSet<u64>,
    violations: Vec<Violation>,
}

/// What never changes of an order.
const STEADY: [&str; 8] =
    ["ref", "offerRef", "offerId", "vendorId", "subscriberRef", "subscriberId", "quantity", "creationDate"];

impl<'a> Judge<'a> {
    /// Folds the log.
    pub fn new(wishes: &'a Wishes, entries: &'a [Entry]) -> Judge<'a> {
        let mut judge = Judge { wishes, known: BTreeMap::new(), listed: BTreeSet::new(), violations: Vec::new() };
        for entry in entries {
            judge.hear(entry);
        }
        judge
    }

    /// Wishes that were placed without ever an answer.
    pub fn unanswered(&self) -> usize {
        self.known.values().filter(|known| known.placed.is_none()).count()
    }

    /// Holds an order that a node lists against the log.
    pub fn order(&mut self, node: usize, order: &Value) {
        let known = self.wishes.number(order).filter(|number| self.known.contains_key(number));
        let Some(number) = known else {
            return self.violated(Kind::Unknown, format!("node {node} lists {order}"));
        };
        if !self.listed.insert(number) {
            return self.violated(Kind::Doubled, format!("node {node} lists order {number} again: {order}"));
        }
        if let Err(why) = self.is_as_known(number, order) {
            self.violated(Kind::Changed, format!("node {node}, order {number}: {why}: {order}"));
        }
    }

    /// All that a node lists was shown.
    pub fn listed(&mut self, node: usize) {
        let listed = std::mem::take(&mut self.listed);
        let is_lost =
            |(number, known): (&u64, &Known)| known.placed.filter(|_| !listed.contains(number)).map(|_| *number);
        let lost: Vec<u64> = self.known.iter().filter_map(is_lost).collect();
        for number in lost {
            let placed = self.known[&number].placed.unwrap_or_default();
            self.violated(Kind::Lost, format!("node {node} does not list order {number}, acknowledged as {placed}"));
        }
    }

    /// What was found.
    pub fn violations(self) -> Vec<Violation> {
        self.violations
    }

    fn violated(&mut self, kind: Kind, text: String) {
        self.violations.push(Violation { kind, text });
    }

    fn hear(&mut self, entry: &'a Entry) {
        let known = self.known.entry(entry.number).or_default();
        known.asked_to_cancel |= entry.action == Action::Cancel;
        let wrong = match (&entry.outcome, entry.action) {
            (Outcome::Done(body), Action::Place) => known.placed(body),
            (Outcome::Done(body), Action::Cancel) => known.cancelled(body),
            (Outcome::Done(body), Action::Read) => known.read(body),
            (Outcome::Refused(404, _), Action::Read) => Some(Kind::WentBack),
            (Outcome::Refused(..), _) => Some(Kind::Refused),
            (Outcome::Again(status, _), _) if *status >= 500 && *status != 503 => Some(Kind::Refused),
            (Outcome::Again(..) | Outcome::Nothing(_), _) => None,
        };
        if let Some(kind) = wrong {
            self.violated(kind, format!("{entry:?}"));
        }
    }

    fn is_as_known(&self, number: u64, order: &Value) -> Result<(), String> {
        let known = &self.known[&number];
        let wish = self.wishes.wish(number);
        if order["externalId"].as_str() != wish.external_id.as_deref() || order["offerId"] != self.wishes.offer.as_str()
        {
            return Err("not what was asked for".to_owned());
        }
        let is_cancelled = order["state"] == "CANCELLED";
        if is_cancelled && !known.asked_to_cancel {
            return Err("cancelled by nobody".to_owned());
        }
        if !is_cancelled && (known.cancelled.is_some() || known.seen_cancelled) {
            return Err("no longer cancelled".to_owned());
        }
        let Some(placed) = known.placed.map(parse) else { return Ok(()) };
        if let Some(name) = STEADY.into_iter().find(|name| order[*name] != placed[*name]) {
            return Err(format!("another {name} than {placed}"));
        }
        let last = if is_cancelled { known.cancelled.map(parse) } else { Some(placed) };
        match last {
            Some(last) if last != *order => Err(format!("acknowledged as {last}")),
            _ => Ok(()),
        }
    }
}

impl<'a> Known<'a> {
    fn placed(&mut self, body: &'a str) -> Option<Kind> {
        let first = *self.placed.get_or_insert(body);
        (first != body && parse(first) != parse(body)).then_some(Kind::TwoAnswers)
    }

    fn cancelled(&mut self, body: &'a str) -> Option<Kind> {
        let first = *self.cancelled.get_or_insert(body);
        let is_wrong = parse(body)["state"] != "CANCELLED" || (first != body && parse(first) != parse(body));
        is_wrong.then_some(Kind::TwoAnswers)
    }

    /// A read of one order, held against what its only writer knew before.
    fn read(&mut self, body: &'a str) -> Option<Kind> {
        let order = parse(body);
        if let Some(placed) = self.placed.map(parse)
            && STEADY.into_iter().any(|name| order[name] != placed[name])
        {
            return Some(Kind::Changed);
        }
        let is_cancelled = order["state"] == "CANCELLED";
        if is_cancelled && !self.asked_to_cancel {
            return Some(Kind::Changed);
        }
        let went_back = !is_cancelled && (self.cancelled.is_some() || self.seen_cancelled);
        self.seen_cancelled |= is_cancelled;
        went_back.then_some(Kind::WentBack)
    }
}

/// A body as JSON; one that is none is like no order.
fn parse(body: &str) -> Value {
    body.parse().unwrap_or_default()
}
