//! Limiters per tenant: one family for everything that several parties share.
//!
//! | | what it is | where |
//! |---|---|---|
//! | [`FairQueue`] | weighted fair queue over two levels (vendors, then their parties) | the committer, deliveries |
//! | [`FairLimiter`] | bulkhead: places that are waited for, with a share for each tenant | requests, lists, questions, deliveries |
//! | [`PerKeyLimiter`] | concurrency limit: places that are had or refused | streams, tests, the committer's queue |
//! | [`RateLimiter`] | rate limit: token bucket for each key | requests, destinations |
//!
//! All are in memory and of one process: each node counts for itself. A [`Tenant`] has two levels,
//! and so has every limit: a vendor with all its subscribers has at most an eighth of what is
//! shared while others want it, a subscriber at most a quarter of its vendor's.

mod fair;
mod per_key;
mod queue;
mod rate;

pub use fair::{FairLimiter, Permit};
pub use orderpark_domain::Tenant;
pub use per_key::{Caps, PerKeyLimiter, Place};
pub use queue::FairQueue;
pub use rate::{Rate, RateLimiter};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The part of everything that one root (a vendor with its subscribers) may have: one in this many.
const ROOTS_SHARE: usize = 8;

/// The part of its vendor's share that one subscriber may have: one in this many.
const PARTYS_SHARE: usize = 4;

/// The level at which a limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// That of the party (answered 429).
    Party,
    /// That of its vendor with all its subscribers (answered 429).
    Root,
    /// That of everybody together (answered 503).
    All,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
