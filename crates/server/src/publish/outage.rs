//! Retries with exponential backoff and jitter while a broker fails, and what operators are told
//! meanwhile.

use super::broker::Failure;
use crate::outage::News;
use crate::wire::time::Time;
use orderpark_domain::Instant;
use std::time::Duration;

const FIRST_MS: u64 = 500;
const LAST_MS: u64 = 30_000;

/// A time in which nothing is confirmed; there may be none.
#[derive(Debug, Default)]
pub(super) struct Outage {
    failures: u32,
    alerts: crate::outage::Outage,
}

impl Outage {
    /// Since when it lasts.
    pub(super) fn since(&self) -> Option<Instant> {
        self.alerts.since()
    }

    /// Goes on from what the database says when this node gets the lease.
    pub(super) fn adopt(&mut self, since: Option<Instant>, now: Instant) {
        self.alerts.adopt(since, now);
    }

    /// Something has failed.
    pub(super) fn note(&mut self, whose: &str, failure: &Failure, now: Instant) {
        self.failures += 1;
        match self.alerts.failed(now) {
            Some(News::Began) => tracing::warn!(publisher = whose, "nothing is published for now: {failure}"),
            Some(News::GoesOn { since, failures }) => {
                tracing::warn!(publisher = whose, since = %Time(since), failures, "still nothing is published: {failure}");
            }
            None => tracing::debug!(publisher = whose, failures = self.failures, "still: {failure}"),
        }
    }

    /// Something was confirmed.
    pub(super) fn end(&mut self, whose: &str) {
        self.failures = 0;
        if let Some(since) = self.alerts.end() {
            tracing::info!(publisher = whose, since = %Time(since), "publishing again");
        }
    }

    /// How long to wait: longer each time, and never exactly as long as others who wait for the same.
    pub(super) fn wait(&self, chance: u64) -> Duration {
        let doubled = FIRST_MS << self.failures.saturating_sub(1).min(6);
        let most = doubled.min(LAST_MS);
        Duration::from_millis(most - most / 5 + chance % (most / 5 * 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_with_a_fifth_by_chance() {
        let mut outage = Outage::default();
        let failure = Failure::Unreachable("no route".to_owned());
        let mut seen = Vec::new();
        for number in 1..=9 {
            outage.note("a test", &failure, Instant(number));
            let (shortest, longest) = (outage.wait(0), outage.wait(u64::MAX / 2 * 2 - 1));
            assert!(shortest <= longest && longest.as_millis() <= shortest.as_millis() * 3 / 2);
            seen.push(shortest.as_millis());
        }
        assert_eq!(seen, [400, 800, 1600, 3200, 6400, 12_800, 24_000, 24_000, 24_000]);
        assert_eq!(outage.since(), Some(Instant(1)));
        outage.end("a test");
        assert_eq!(outage.since(), None);
    }
}
