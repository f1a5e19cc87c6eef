//! Limits of what parties share in this process: one family of limiters, owned by the app.
//!
//! Each is fair by [`Tenant`]: what one vendor with its subscribers does leaves others their share.
//! The answer says whose limit it is: 429 for the party's own or its vendor's, 503 for the
//! server's. [`Shared`] is the table of them.

mod shared;

mod egress;
mod questions;

pub(crate) use egress::{Egress, ReplayTurn};
pub(crate) use questions::Questions;

use crate::problem::Reason;
use crate::{Problem, Settings};
use orderpark_domain::{Caller, PartyRef, Quota};
pub(crate) use orderpark_limits::{Caps, FairLimiter, Full, PerKeyLimiter, Permit, Place, Rate, RateLimiter, Tenant};
pub(crate) use shared::Shared;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Requests that handlers work on at once. A tenant alone has half of them, which fills the batches
/// of the committer; the others find theirs free.
const REQUESTS_MAX: usize = 128;
/// How long a request may wait for its turn.
const REQUEST_WAIT_MAX: Duration = Duration::from_secs(10);
/// The same of reads of single objects, which are all work for the processors.
const OBJECT_READS_MAX: usize = 16;
/// Refused requests of one client before each further one is answered later.
const REFUSALS: Rate = Rate { per_second: 1_000.0, burst: 2_000.0 };
/// How much later.
const REFUSAL_DELAY: Duration = Duration::from_millis(250);
/// Reads of lists and of events at once.
pub(crate) const LIST_READS_MAX: usize = 4;
/// How long a list may wait for its first read.
pub(crate) const LIST_WAIT_MAX: Duration = Duration::from_secs(5);
/// Trials of commands at once; two for each connection that SQLite has for them.
const TRIALS_MAX: usize = 4;
/// Tests of webhook endpoints that may be in progress.
const TESTS: Caps = Caps { party: 4, root: 16, all: 512 };
/// Seconds after which a refused request may be sent again.
const RETRY_AFTER_S: u64 = 5;
/// How many seconds' worth of requests may come at once.
const BURST_S: f64 = 2.0;

/// A sender of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// One with a token.
    Tenant(Tenant),
    /// One without, or whose token is not valid.
    Stranger(IpAddr),
}

/// The limiters.
pub(crate) struct Limits {
    requests: FairLimiter,
    object_reads: FairLimiter,
    /// Orders whose suppliers are being asked: they wait for others, so nobody has to yield.
    asking: FairLimiter,
    refusals: RateLimiter<Client>,
    /// Reads of lists and of events.
    pub(crate) list_reads: FairLimiter,
    trials: FairLimiter,
    /// Requests a second, of parties with a quota.
    rates: RateLimiter<PartyRef>,
    streams: PerKeyLimiter,
    tests: PerKeyLimiter,
    /// Questions to suppliers.
    pub(crate) questions: Questions,
    /// Messages to each destination.
    pub(crate) egress: Egress,
}

impl Limits {
    pub(crate) fn new() -> Limits {
        let (list_reads, trials) = (FairLimiter::new(LIST_READS_MAX), FairLimiter::new(TRIALS_MAX));
        let (requests, object_reads) = (FairLimiter::yielding(REQUESTS_MAX), FairLimiter::yielding(OBJECT_READS_MAX));
        let (asking, refusals) = (FairLimiter::new(REQUESTS_MAX), RateLimiter::default());
        let (rates, streams, tests) = (RateLimiter::default(), PerKeyLimiter::default(), PerKeyLimiter::default());
        let (questions, egress) = (Questions::new(), Egress::default());
        Limits {
            requests,
            object_reads,
            asking,
            refusals,
            list_reads,
            trials,
            rates,
            streams,
            tests,
            questions,
            egress,
        }
    }

    /// A place to work on a change: what one tenant asks for at once does not fill the processors.
    pub(crate) async fn change(&self, tenant: Tenant) -> Result<Permit, Problem> {
        self.request(&self.requests, tenant).await
    }

    /// A place to read a single object. Lists have places of their own.
    pub(crate) async fn object_read(&self, tenant: Tenant) -> Result<Permit, Problem> {
        self.request(&self.object_reads, tenant).await
    }

    /// A place for an order whose suppliers are being asked. It is there already, so it waits as
    /// long as it takes.
    pub(crate) async fn asking(&self, tenant: Tenant) -> Permit {
        self.asking.wait(tenant, 1).await
    }

    async fn request(&self, places: &FairLimiter, tenant: Tenant) -> Result<Permit, Problem> {
        let permit = places.acquire(tenant, 1, REQUEST_WAIT_MAX).await;
        permit.map_err(|full| refused(full, Shared::RequestsAtOnce, 1))
    }

    /// Slows a client down that sends many requests which are refused: it would ask again at once.
    pub(crate) async fn slow_down(&self, client: Client) {
        if self.refusals.take(client, 1.0, REFUSALS, Instant::now()).is_err() {
            sleep(REFUSAL_DELAY).await;
        }
    }

    /// Counts a request for the quota of the caller's party, and for that of its vendor. Without a
    /// quota, no lock is taken.
    pub(crate) fn count_request(&self, caller: &Caller, settings: &Settings) -> Result<(), Problem> {
        let (tenant, membership) = (caller.tenant(), caller.membership());
        let of_party = membership.in_force(&settings.quotas).get(Quota::RequestsPerSecond);
        self.take_request(tenant.party, of_party, Full::Party)?;
        if tenant.root == tenant.party {
            return Ok(());
        }
        let of_root = membership.in_force_of_root(&settings.quotas).get(Quota::RequestsPerSecond);
        self.take_request(tenant.root, of_root, Full::Root)
    }

    fn take_request(&self, party: PartyRef, quota: Option<u32>, whose: Full) -> Result<(), Problem> {
        let Some(quota) = quota else { return Ok(()) };
        let rate = Rate { per_second: f64::from(quota), burst: BURST_S * f64::from(quota) };
        self.rates.take(party, 1.0, rate, Instant::now()).map_err(|wait| {
            let message = format!(
                "{} more requests than the quota requestsPerSecond allows ({quota} a second); try again after Retry-After \
                 seconds, or ask the operator for a larger quota",
                subject(whose)
            );
            Problem::new(Reason::TooManyRequests, message).retry_after(whole_seconds(wait))
        })
    }

    /// A place to begin reading a list.
    pub(crate) async fn list_read(&self, tenant: Tenant) -> Result<Permit, Problem> {
        let permit = self.list_reads.acquire(tenant, 1, LIST_WAIT_MAX).await;
        permit.map_err(|full| refused(full, Shared::Lists, 1))
    }

    /// A place to read on in a list that has begun.
    pub(crate) async fn list_read_on(&self, tenant: Tenant) -> Permit {
        self.list_reads.wait(tenant, 1).await
    }

    /// The places for trials of commands.
    pub(crate) fn trials(&self) -> &FairLimiter {
        &self.trials
    }

    /// A place for a stream of events.
    pub(crate) fn stream(&self, caller: &Caller, settings: &Settings) -> Result<Place, Problem> {
        let membership = caller.membership();
        let of = |quotas: orderpark_domain::Quotas| {
            quotas.get(Quota::Streams).map_or(settings.streams_max, |streams| streams as usize)
        };
        let caps = Caps {
            party: of(membership.in_force(&settings.quotas)),
            root: of(membership.in_force_of_root(&settings.quotas)),
            all: settings.streams_max,
        };
        let place = self.streams.take(caller.tenant(), 1, caps);
        place.map_err(|full| refused(full, Shared::Streams, RETRY_AFTER_S))
    }

    /// Streams of events that are open here for a party, of a vendor with all its subscribers.
    pub(crate) fn streams_of(&self, tenant: Tenant) -> usize {
        if tenant.party == tenant.root { self.streams.taken_by_root(tenant) } else { self.streams.taken_by(tenant) }
    }

    /// A place for a test of a webhook endpoint.
    pub(crate) fn test(&self, tenant: Tenant) -> Result<Place, Problem> {
        let place = self.tests.take(tenant, 1, TESTS);
        place.map_err(|full| refused(full, Shared::EndpointTests, RETRY_AFTER_S))
    }
}

/// A time to wait in whole seconds, rounded up.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn subject(whose: Full) -> &'static str {
    match whose {
        Full::Party => "your party has",
        Full::Root => "your vendor and its subscribers together have",
        Full::All => "this server has",
    }
}

/// The refusal of a shared resource, which says whose limit was reached.
pub(crate) fn refused(full: Full, shared: Shared, retry_after_s: u64) -> Problem {
    refused_so(full, shared, "", retry_after_s)
}

/// The same with what follows from it.
pub(crate) fn refused_so(full: Full, shared: Shared, so: &str, retry_after_s: u64) -> Problem {
    let reason = match full {
        Full::Party | Full::Root => Reason::TooManyRequests,
        Full::All => Reason::Overloaded,
    };
    let (subject, what) = (subject(full), shared.what());
    let message = format!("{subject} as many {what} as allowed{so}; try again after Retry-After seconds");
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
            let problem = refused(full, Shared::Lists, 1);
            assert_eq!(problem.reason(), reason);
            assert!(problem.message().starts_with(whose), "{}", problem.message());
        }
    }

    #[test]
    fn seconds_to_wait_are_rounded_up() {
        let waits = [(1, 1), (999, 1), (1000, 1), (1001, 2)];
        for (millis, seconds) in waits {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
