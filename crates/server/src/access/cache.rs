//! Who a token stands for, remembered for at most a second.
//!
//! The digest of a bearer token leads to what the store said of it. An entry is good for [`FRESH_MICROS`], which is
//! what makes a revocation on another node effective within a second; on this node whoever changes a user calls
//! [`TokenCache::forget`], and the entry is dead at once.
//!
//! The race to avoid: a lookup reads the store, then a revocation commits and forgets, then the lookup puts its stale
//! answer in. So every forgetting takes the next number of one counter and writes it to its user's slot; a lookup reads
//! the counter *before* it reads the store and leaves that number in its entry; and an entry counts only while its
//! number is not smaller than the one in the slot. A stale answer may still be put in, but it is dead on arrival. Users
//! share slots: at worst that costs one more read of the store.
//!
//! Unknown tokens are not kept: made-up ones would push out the real ones.

use orderpark_domain::{Caller, Instant, Token, UserRef};
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long an answer of the store may be used, in microseconds.
const FRESH_MICROS: i64 = 1_000_000;

/// How many tokens are remembered.
const TOKENS_MAX: usize = 100_000;

/// How many slots users share.
const SLOTS: u64 = 4096;

/// A token that the store knows, and who it stands for.
pub(super) struct Known {
    /// Who.
    pub(super) caller: Caller,
    expires_at: Option<Instant>,
    lookup: Lookup,
}

/// When a lookup began: on the clock, and on the counter of forgettings. Taken before the store is read.
#[derive(Clone, Copy)]
pub(super) struct Lookup {
    at: Instant,
    forgettings: u64,
}

/// See the module.
pub(super) struct TokenCache {
    known: Cache<[u8; 32], Arc<Known>>,
    forgettings: AtomicU64,
    slots: Box<[AtomicU64]>,
}

impl TokenCache {
    pub(super) fn new() -> TokenCache {
        TokenCache {
            known: Cache::new(TOKENS_MAX),
            forgettings: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Who the token with this digest stands for, if that was looked up less than a second ago and still holds.
    pub(super) fn get(&self, hash: &[u8; 32], now: Instant) -> Option<Arc<Known>> {
        self.known.get(hash).filter(|known| self.holds(known, now))
    }

    /// To be called before the store is read.
    pub(super) fn begin(&self, now: Instant) -> Lookup {
        Lookup { at: now, forgettings: self.forgettings.load(Ordering::SeqCst) }
    }

    /// Remembers what the store answered to a lookup.
    pub(super) fn keep(&self, hash: [u8; 32], lookup: Lookup, token: &Token, caller: Caller) -> Arc<Known> {
        let known = Arc::new(Known { caller: caller.with(token), expires_at: token.expires_at, lookup });
        self.known.insert(hash, Arc::clone(&known));
        known
    }

    /// Drops what is remembered of this user; call it when the change is on the disk.
    pub(super) fn forget(&self, user: UserRef) {
        let number = self.forgettings.fetch_add(1, Ordering::SeqCst) + 1;
        self.slot(user).fetch_max(number, Ordering::SeqCst);
    }

    /// Drops everything.
    pub(super) fn forget_all(&self) {
        let number = self.forgettings.fetch_add(1, Ordering::SeqCst) + 1;
        for slot in &self.slots {
            slot.fetch_max(number, Ordering::SeqCst);
        }
    }

    fn holds(&self, known: &Known, now: Instant) -> bool {
        let age = now.0.saturating_sub(known.lookup.at.0);
        (0..FRESH_MICROS).contains(&age)
            && known.expires_at.is_none_or(|expires_at| now < expires_at)
            && known.lookup.forgettings >= self.slot(known.caller.user()).load(Ordering::SeqCst)
    }

    fn slot(&self, user: UserRef) -> &AtomicU64 {
        let index = usize::try_from(user.0 % SLOTS).expect("a number below 4096 fits");
        &self.slots[index]
    }
}

#[cfg(test)]
mod tests;
