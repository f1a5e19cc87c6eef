//! Failure throttling: whoever keeps sending wrong secrets is told to wait.
//!
//! Failures are counted per (client id, address). After the fifth in a row each further one starts a pause of 1, 3, 5,
//! then 10 seconds, in which another wrong secret is answered 429 instead of 401. A right secret is let in at any time
//! and clears the count, so nobody can shut a client out by failing in its name. Memory is bounded: the coldest counts
//! are dropped first. Each node counts for itself. Secrets have 256 random bits, so this is not what makes guessing hopeless; it keeps the noise
//! down and tells a misconfigured program to slow down. It is no rate limit of the family in [`crate::limits`]: it counts
//! failures in a row, in steps, and forgets them at the first right secret.

use super::secret::sha256;
use orderpark_domain::Instant;
use quick_cache::sync::Cache;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Failures in a row that are answered without a pause.
const FREE_FAILURES: u32 = 5;

/// The pauses after the fifth failure, the sixth, and so on, in seconds; the last one repeats.
const STEPS: [i64; 4] = [1, 3, 5, 10];

/// How many (client id, address) pairs are remembered.
const REMEMBERED_MAX: usize = 20_000;

/// Counts failures per (client id, address).
pub(super) struct Throttle {
    counts: Cache<Pair, Arc<Mutex<Count>>>,
}

type Pair = ([u8; 32], IpAddr);

#[derive(Clone, Copy, Default)]
struct Count {
    failures: u32,
    pause_until: Instant,
}

/// Too many failures: a wrong secret is not looked at again before this many seconds have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Seconds to wait; at least 1.
    pub seconds: u32,
}

impl Throttle {
    pub(super) fn new() -> Throttle {
        Throttle::remembering(REMEMBERED_MAX)
    }

    fn remembering(pairs: usize) -> Throttle {
        Throttle { counts: Cache::new(pairs) }
    }

    /// Records a wrong secret. `Err` within a pause, which this failure does not lengthen.
    pub(super) fn fail(&self, client_id: &str, address: IpAddr, now: Instant) -> Result<(), Wait> {
        let count = self.count(&pair(client_id, address));
        let mut count = lock(&count);
        if let Some(wait) = count.wait(now) {
            return Err(wait);
        }
        count.failures = count.failures.saturating_add(1);
        if let Some(beyond) = count.failures.checked_sub(FREE_FAILURES) {
            let step = usize::try_from(beyond).unwrap_or(usize::MAX).min(STEPS.len() - 1);
            count.pause_until = now.plus_seconds(STEPS[step]);
        }
        Ok(())
    }

    /// Records a right secret: the count starts anew.
    pub(super) fn succeed(&self, client_id: &str, address: IpAddr) {
        self.counts.remove(&pair(client_id, address));
    }

    fn count(&self, pair: &Pair) -> Arc<Mutex<Count>> {
        let Ok(count) = self.counts.get_or_insert_with(pair, || Ok::<_, std::convert::Infallible>(Arc::default()));
        count
    }
}

impl Count {
    /// How long the pause still lasts. One longer than the longest step comes from a clock that was set back: it is
    /// over.
    fn wait(&self, now: Instant) -> Option<Wait> {
        let left = self.pause_until.0.saturating_sub(now.0);
        let longest = STEPS[STEPS.len() - 1] * 1_000_000;
        let pausing = (1..=longest).contains(&left);
        pausing.then(|| Wait { seconds: u32::try_from((left + 999_999) / 1_000_000).unwrap_or(1) })
    }
}

fn lock(count: &Mutex<Count>) -> MutexGuard<'_, Count> {
    count.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One subscriber line has a whole /64 of IPv6, so that is one address here.
fn pair(client_id: &str, address: IpAddr) -> Pair {
    let address = match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 64)).into()),
        v4 @ IpAddr::V4(_) => v4,
    };
    (sha256(client_id.as_bytes()), address)
}

#[cfg(test)]
mod tests;
