//! Rate-limited alerts about receivers in the operator's log: the first failure, once a day while
//! it goes on, and the recovery.
//!
//! A receiver that fails and recovers by turns is told of once an hour. What is remembered is
//! bounded: of so many receivers that fail or failed within the hour, further ones are not told of.

use crate::outside;
use crate::wire::time::Time;
use orderpark_domain::Instant;
use orderpark_store::deliveries::Target;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// From one first failure that is told to the next, at least.
const QUIET_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
/// Receivers that are remembered.
const RECEIVERS_MAX: usize = 10_000;

/// A time in which a receiver takes nothing; there may be none.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    since: Option<Instant>,
    failures: u64,
    /// How many whole days of it were told.
    days: i64,
    is_told: bool,
    told_at: Option<Instant>,
}

/// An alert about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Began,
    GoesOn { since: Instant, failures: u64 },
}

impl Outage {
    /// Since when it lasts.
    #[cfg(any(feature = "nats", feature = "mqtt", test))]
    pub(crate) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Goes on from what the database says when this node takes the receiver over: another node has
    /// told of what began there.
    pub(crate) fn adopt(&mut self, since: Option<Instant>, now: Instant) {
        match since {
            None => *self = Outage { told_at: self.told_at, ..Outage::default() },
            Some(_) if self.since.is_some() => {}
            Some(began) => {
                (self.since, self.days, self.is_told) = (since, seconds(began, now) / DAY_S, true);
            }
        }
    }

    /// Something has failed.
    pub(crate) fn failed(&mut self, now: Instant) -> Option<News> {
        let since = *self.since.get_or_insert(now);
        self.failures += 1;
        if !self.is_told {
            if self.is_recent(now) {
                return None;
            }
            (self.is_told, self.told_at) = (true, Some(now));
            return Some(News::Began);
        }
        let days = seconds(since, now) / DAY_S;
        if days <= self.days {
            return None;
        }
        self.days = days;
        Some(News::GoesOn { since, failures: self.failures })
    }

    /// Something was taken; since when nothing was, if operators were told so.
    pub(crate) fn end(&mut self) -> Option<Instant> {
        let was_told = self.is_told;
        let since = self.since;
        *self = Outage { told_at: self.told_at, ..Outage::default() };
        since.filter(|_| was_told)
    }

    fn is_recent(&self, now: Instant) -> bool {
        self.told_at.is_some_and(|at| seconds(at, now) < QUIET_S)
    }
}

fn seconds(from: Instant, to: Instant) -> i64 {
    to.0.saturating_sub(from.0) / 1_000_000
}

/// A kind of message to a receiver: one may go well while the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sent {
    Deliveries,
    Questions,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sent::Deliveries => "deliveries",
            Sent::Questions => "questions (TRY)",
        })
    }
}

/// The outages of the receivers that this node sends to.
#[derive(Debug, Default)]
pub(crate) struct Outages(Mutex<HashMap<(Target, Sent), Outage>>);

impl Outages {
    /// Takes over what the database says of a target.
    pub(crate) fn adopt(&self, target: Target, since: Option<Instant>, now: Instant) {
        self.with(target, Sent::Deliveries, since.is_some(), now, |outage| outage.adopt(since, now));
    }

    /// An attempt failed: `why`, at `url`, of which only the host is told.
    pub(crate) fn failed(&self, (target, sent): (Target, Sent), now: Instant, whose: &str, url: &str, why: &str) {
        let news = self.with(target, sent, true, now, |outage| outage.failed(now)).flatten();
        let host = outside::address::host(url);
        match news {
            Some(News::Began) => tracing::warn!(host, why, "{sent} to {whose} fail"),
            Some(News::GoesOn { since, failures }) => {
                tracing::warn!(host, why, since = %Time(since), failures, "{sent} to {whose} still fail");
            }
            None => {}
        }
    }

    /// An attempt succeeded.
    pub(crate) fn succeeded(&self, (target, sent): (Target, Sent), now: Instant, whose: impl FnOnce() -> String) {
        let since = self.with(target, sent, false, now, Outage::end).flatten();
        if let Some(since) = since {
            let (whose, seconds) = (whose(), seconds(since, now));
            tracing::info!(since = %Time(since), seconds, "{sent} to {whose} succeed again");
        }
    }

    /// Nothing is sent to it any more.
    pub(crate) fn forget(&self, target: Target) {
        let mut outages = self.lock();
        for sent in [Sent::Deliveries, Sent::Questions] {
            outages.remove(&(target, sent));
        }
    }

    /// Does something with what is known of a receiver; where nothing is, only if it is to be
    /// remembered and there is room.
    fn with<T>(
        &self,
        target: Target,
        sent: Sent,
        remembers: bool,
        now: Instant,
        act: impl FnOnce(&mut Outage) -> T,
    ) -> Option<T> {
        let mut all = self.lock();
        let key = (target, sent);
        if !remembers || all.contains_key(&key) {
            return all.get_mut(&key).map(act);
        }
        if all.len() >= RECEIVERS_MAX {
            all.retain(|_, outage| outage.since.is_some() || outage.is_recent(now));
        }
        (all.len() < RECEIVERS_MAX).then(|| act(all.entry(key).or_default()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(Target, Sent), Outage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant(seconds * 1_000_000)
    }

    #[test]
    fn the_first_failure_is_told_then_one_a_day_then_the_recovery() {
        let mut outage = Outage::default();
        let told: Vec<_> = (0..3 * DAY_S).step_by(600).filter_map(|now| outage.failed(at(now))).collect();
        let goes_on = |failures| News::GoesOn { since: at(0), failures };
        assert_eq!(told, [News::Began, goes_on(145), goes_on(289)]);
        assert_eq!(outage.end(), Some(at(0)));
        assert_eq!((outage.end(), outage.since()), (None, None), "and that once");
    }

    #[test]
    fn who_fails_by_turns_is_told_of_once_an_hour() {
        let mut outage = Outage::default();
        let told = (0..2 * QUIET_S).filter(|now| {
            let failed = outage.failed(at(*now)).is_some();
            assert_eq!(outage.end().is_some(), failed);
            failed
        });
        assert_eq!(told.collect::<Vec<_>>(), [0, QUIET_S]);
        // One that goes on is told of, only later.
        assert_eq!((outage.failed(at(2 * QUIET_S - 1)), outage.failed(at(2 * QUIET_S))), (None, Some(News::Began)));
    }

    #[test]
    fn what_another_node_told_is_not_told_again() {
        let mut outage = Outage::default();
        outage.adopt(Some(at(0)), at(DAY_S));
        assert_eq!(outage.failed(at(DAY_S + 1)), None);
        assert_eq!(outage.failed(at(2 * DAY_S)), Some(News::GoesOn { since: at(0), failures: 2 }));
        outage.adopt(None, at(2 * DAY_S));
        assert_eq!(outage.end(), None, "the other node told that, too");
        outage.adopt(Some(at(0)), at(2 * DAY_S));
        assert_eq!(outage.end(), Some(at(0)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let outages = Outages::default();
        let fails = |number: u64, now: i64| {
            let target = Target::Endpoint(orderpark_domain::EndpointRef(number));
            outages.failed((target, Sent::Deliveries), at(now), "it", "http://h.test/", "it did");
            outages.succeeded((target, Sent::Deliveries), at(now), String::new);
            outages.lock().len()
        };
        let max = RECEIVERS_MAX as u64;
        assert_eq!((0..max + 100).map(|number| fails(number, 0)).max(), Some(RECEIVERS_MAX));
        assert_eq!(fails(max + 1, QUIET_S), 1, "what is past is forgotten for what is new");
    }
}
