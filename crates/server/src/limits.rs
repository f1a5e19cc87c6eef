//! Limits of what parties share in this process: one family of limiters, owned by the app.
//!
//! Each is fair by [`Tenant`]: what one vendor with its subscribers does leaves others their share.
//! The answer says whose limit it is: 429 for the party's own or its vendor's, 503 for the server's.

use crate::problem::Reason;
use crate::{Problem, Settings};
pub(crate) use orderpark_limits::{Caps, FairLimiter, Full, PerKeyLimiter, Permit, Place, Tenant};
use std::time::Duration;

/// Reads of lists and of events at once.
pub(crate) const LIST_READS_MAX: usize = 4;
/// How long a list may wait for its first read.
pub(crate) const LIST_WAIT_MAX: Duration = Duration::from_secs(5);
/// Tests of webhook endpoints that may be in progress.
const TESTS: Caps = Caps { party: 4, root: 16, all: 512 };
/// Seconds after which a refused request may be sent again.
const RETRY_AFTER_S: u64 = 5;

/// The limiters.
pub(crate) struct Limits {
    /// Reads of lists and of events.
    pub(crate) list_reads: FairLimiter,
    streams: PerKeyLimiter,
    tests: PerKeyLimiter,
}

impl Limits {
    pub(crate) fn new() -> Limits {
        let list_reads = FairLimiter::new(LIST_READS_MAX);
        Limits { list_reads, streams: PerKeyLimiter::default(), tests: PerKeyLimiter::default() }
    }

    /// A place to begin reading a list.
    pub(crate) async fn list_read(&self, tenant: Tenant) -> Result<Permit, Problem> {
        let permit = self.list_reads.acquire(tenant, 1, LIST_WAIT_MAX).await;
        permit.map_err(|full| refused(full, "lists and event pages being read", 1))
    }

    /// A place to read on in a list that has begun.
    pub(crate) async fn list_read_on(&self, tenant: Tenant) -> Permit {
        self.list_reads.wait(tenant, 1).await
    }

    /// A place for a stream of events.
    pub(crate) fn stream(&self, tenant: Tenant, settings: &Settings) -> Result<Place, Problem> {
        let caps = Caps {
            party: settings.streams_of_party_max,
            root: settings.streams_of_vendor_max,
            all: settings.streams_max,
        };
        let place = self.streams.take(tenant, 1, caps);
        place.map_err(|full| refused(full, "event streams open", RETRY_AFTER_S))
    }

    /// A place for a test of a webhook endpoint.
    pub(crate) fn test(&self, tenant: Tenant) -> Result<Place, Problem> {
        let place = self.tests.take(tenant, 1, TESTS);
        place.map_err(|full| refused(full, "tests of webhook endpoints in progress", RETRY_AFTER_S))
    }
}

/// The refusal, which says whose limit was reached. `what`: in the plural, with what they do.
pub(crate) fn refused(full: Full, what: &str, retry_after_s: u64) -> Problem {
    let (reason, whose) = match full {
        Full::Party => (Reason::TooManyRequests, "your party has"),
        Full::Root => (Reason::TooManyRequests, "your vendor and its subscribers together have"),
        Full::All => (Reason::Overloaded, "this server has"),
    };
    let message = format!("{whose} as many {what} as allowed; try again after Retry-After seconds");
    Problem::new(reason, message).retry_after(retry_after_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_whose_limit_it_is() {
        for (full, reason, whose) in [
            (Full::Party, Reason::TooManyRequests, "your party has as many lists"),
            (Full::Root, Reason::TooManyRequests, "your vendor and its subscribers together have as many lists"),
            (Full::All, Reason::Overloaded, "this server has as many lists"),
        ] {
            let problem = refused(full, "lists", 1);
            assert_eq!(problem.reason(), reason);
            assert!(problem.message().starts_with(whose), "{}", problem.message());
        }
    }
}
