//! Concurrency limit per tenant: places that are had at once or refused, never waited for.
//!
//! Parts are counted: an open stream, a test in progress or an intent that waits is one.

use crate::{Full, lock};
use orderpark_domain::{PartyRef, Tenant};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The most parts that may be taken, at each level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// By one party.
    pub party: usize,
    /// By one root: a vendor with all its subscribers.
    pub root: usize,
    /// By all.
    pub all: usize,
}

impl Caps {
    /// The shares of so many parts in all: an eighth for a root, and a quarter of that for a
    /// subscriber, but one at least.
    pub fn shares_of(all: usize) -> Caps {
        let root = (all / crate::ROOTS_SHARE).max(1);
        Caps { party: (root / crate::PARTYS_SHARE).max(1), root, all }
    }

    /// The cap of a party that is its own root is that of the root.
    pub fn of_party(self, tenant: Tenant) -> usize {
        if tenant.party == tenant.root { self.root } else { self.party }
    }
}

/// Counts what is taken.
#[derive(Clone, Debug, Default)]
pub struct PerKeyLimiter(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    roots: HashMap<PartyRef, usize>,
    parties: HashMap<Tenant, usize>,
}

/// Parts that were taken; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    limiter: PerKeyLimiter,
    tenant: Tenant,
    parts: usize,
}

impl PerKeyLimiter {
    /// Takes parts. A tenant that has none may take more than its cap in one piece, so that
    /// nothing is too large for ever.
    pub fn take(&self, tenant: Tenant, parts: usize, caps: Caps) -> Result<Place, Full> {
        let mut taken = lock(&self.0);
        let fits = |has: usize, cap: usize| has == 0 || has + parts <= cap;
        if !fits(taken.of_party(tenant), caps.of_party(tenant)) {
            return Err(Full::Party);
        }
        if !fits(taken.of_root(tenant), caps.root) {
            return Err(Full::Root);
        }
        if taken.all + parts > caps.all.max(parts) {
            return Err(Full::All);
        }
        taken.add(tenant, parts);
        drop(taken);
        Ok(Place { limiter: self.clone(), tenant, parts })
    }

    /// Parts that are taken in all.
    pub fn taken(&self) -> usize {
        lock(&self.0).all
    }

    /// Parts that a party has taken.
    pub fn taken_by(&self, tenant: Tenant) -> usize {
        lock(&self.0).of_party(tenant)
    }

    /// Parts that the root of a party has taken.
    pub fn taken_by_root(&self, tenant: Tenant) -> usize {
        lock(&self.0).of_root(tenant)
    }
}

impl Taken {
    fn of_party(&self, tenant: Tenant) -> usize {
        self.parties.get(&tenant).copied().unwrap_or_default()
    }

    fn of_root(&self, tenant: Tenant) -> usize {
        self.roots.get(&tenant.root).copied().unwrap_or_default()
    }

    fn add(&mut self, tenant: Tenant, parts: usize) {
        self.all += parts;
        *self.roots.entry(tenant.root).or_default() += parts;
        *self.parties.entry(tenant).or_default() += parts;
    }

    fn give_back(&mut self, tenant: Tenant, parts: usize) {
        self.all -= parts;
        subtract(&mut self.roots, tenant.root, parts);
        subtract(&mut self.parties, tenant, parts);
    }
}

/// A key without parts is forgotten.
fn subtract<K: Copy + Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: K, parts: usize) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= parts;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.limiter.0).give_back(self.tenant, self.parts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(root: u64, party: u64) -> Tenant {
        Tenant { root: PartyRef(root), party: PartyRef(party) }
    }

    #[test]
    fn parts_are_counted_for_party_root_and_all_and_given_back() {
        let limiter = PerKeyLimiter::default();
        let caps = Caps { party: 2, root: 3, all: 5 };
        let take = |root, party, parts| limiter.take(tenant(root, party), parts, caps);
        let mut held = vec![take(1, 11, 2).unwrap()];
        assert_eq!(take(1, 11, 1).unwrap_err(), Full::Party);
        held.push(take(1, 12, 1).unwrap());
        assert_eq!(take(1, 13, 1).unwrap_err(), Full::Root);
        held.push(take(2, 2, 2).unwrap());
        assert_eq!(take(3, 3, 1).unwrap_err(), Full::All);
        held.remove(0);
        held.push(take(1, 11, 2).unwrap());
        drop(held);
        let taken = lock(&limiter.0);
        assert_eq!((taken.all, taken.roots.len(), taken.parties.len()), (0, 0, 0));
    }

    #[test]
    fn one_that_has_nothing_may_take_a_piece_of_any_size_and_a_party_alone_is_its_root() {
        let limiter = PerKeyLimiter::default();
        let caps = Caps::shares_of(64);
        assert_eq!(caps, Caps { party: 2, root: 8, all: 64 });
        let large = limiter.take(tenant(1, 11), 60, caps).unwrap();
        assert_eq!(limiter.take(tenant(1, 11), 1, caps).unwrap_err(), Full::Party);
        assert_eq!(limiter.take(tenant(2, 2), 5, caps).unwrap_err(), Full::All);
        drop(large);
        let _eight = limiter.take(tenant(2, 2), 8, caps).unwrap();
        assert_eq!(limiter.take(tenant(2, 2), 1, caps).unwrap_err(), Full::Party);
    }
}
