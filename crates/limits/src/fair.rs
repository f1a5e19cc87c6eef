//! Bulkhead per tenant: places that are waited for in fair order, with a share for each tenant.
//!
//! A tenant within its share gets a place as soon as one is free. Beyond its share it gets one only
//! while more than half of all places stay free, so that places are not idle when nobody else wants
//! them and others find some when they come. Where places are work for the processors
//! ([`FairLimiter::yielding`]), it gets none beyond its share while another root asks for some,
//! too: what is in progress slows down what comes. Those who wait are served by a [`FairQueue`].
//! Too many of one tenant that wait, and those that wait too long, are refused (load shedding).

use crate::{Caps, FairQueue, Full, lock};
use orderpark_domain::{PartyRef, Tenant};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// How many of one tenant may wait for each place of its share.
const WAITING_PER_PLACE: usize = 64;

/// For how long a root that has asked for a place counts as one that wants places.
const WANTS_FOR: Duration = Duration::from_secs(1);

/// Places that are shared.
#[derive(Clone, Debug)]
pub struct FairLimiter(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    shares: Caps,
    /// Whether nobody has more than its share while others want places.
    yields: bool,
    /// The last two roots that asked for a place, and when.
    asked: [Option<(PartyRef, Instant)>; 2],
    used: usize,
    parties: HashMap<Tenant, usize>,
    /// The places of each root, counting no party beyond its share.
    roots: HashMap<PartyRef, usize>,
    waiting: FairQueue<oneshot::Sender<Permit>>,
}

/// A place; given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    /// Absent once the place was given back.
    limiter: Option<FairLimiter>,
    tenant: Tenant,
}

impl FairLimiter {
    /// So many places.
    pub fn new(max: usize) -> FairLimiter {
        FairLimiter::with(max, false)
    }

    /// So many places, of which nobody has more than its share while others want some.
    pub fn yielding(max: usize) -> FairLimiter {
        FairLimiter::with(max, true)
    }

    fn with(max: usize, yields: bool) -> FairLimiter {
        let (parties, roots, waiting) = (HashMap::new(), HashMap::new(), FairQueue::default());
        let (shares, asked) = (Caps::shares_of(max.max(1)), [None; 2]);
        FairLimiter(Arc::new(Mutex::new(State { shares, yields, asked, used: 0, parties, roots, waiting })))
    }

    /// Waits for a place, at most for `patience`. `parts`: how long it will be used, in any unit: a
    /// tenant that takes long has its next turn later.
    pub async fn acquire(&self, tenant: Tenant, parts: u64, patience: Duration) -> Result<Permit, Full> {
        let granted = match self.begin(tenant, parts)? {
            Begun::Granted(permit) => return Ok(permit),
            Begun::Waiting(granted) => granted,
        };
        match timeout(patience, granted).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(lock(&self.0).why_full(tenant)),
        }
    }

    /// As [`FairLimiter::acquire`], for work that has begun and is not to be refused: waits as long
    /// as it takes.
    pub async fn wait(&self, tenant: Tenant, parts: u64) -> Permit {
        loop {
            let granted = {
                let mut state = lock(&self.0);
                if state.enter_at_once(tenant, parts) {
                    return Permit { limiter: Some(self.clone()), tenant };
                }
                state.queue(tenant, parts)
            };
            if let Ok(permit) = granted.await {
                return permit;
            }
        }
    }

    /// Places that are in use.
    pub fn used(&self) -> usize {
        lock(&self.0).used
    }

    fn begin(&self, tenant: Tenant, parts: u64) -> Result<Begun, Full> {
        let mut state = lock(&self.0);
        if state.enter_at_once(tenant, parts) {
            return Ok(Begun::Granted(Permit { limiter: Some(self.clone()), tenant }));
        }
        if state.too_many_wait(tenant).is_some() {
            state.waiting.retain_of(tenant.root, |waiting| !waiting.is_closed());
        }
        match state.too_many_wait(tenant) {
            Some(full) => Err(full),
            None => Ok(Begun::Waiting(state.queue(tenant, parts))),
        }
    }

    /// Hands free places out, one after the other: those who have gone meanwhile are passed over
    /// here, for a permit that is dropped comes here again.
    fn hand_out(&self) {
        loop {
            let mut state = lock(&self.0);
            let Some((tenant, grant)) = state.next() else { return };
            state.enter(tenant);
            drop(state);
            if let Err(mut unused) = grant.send(Permit { limiter: Some(self.clone()), tenant }) {
                unused.limiter = None;
                lock(&self.0).leave(tenant);
            }
        }
    }
}

enum Begun {
    Granted(Permit),
    Waiting(oneshot::Receiver<Permit>),
}

impl State {
    fn next(&mut self) -> Option<(Tenant, oneshot::Sender<Permit>)> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let next = std::iter::from_fn(|| waiting.pop_where(|tenant, _| self.is_eligible(tenant)))
            .find(|(_, _, grant)| !grant.is_closed());
        self.waiting = waiting;
        next.map(|(tenant, _, grant)| (tenant, grant))
    }

    /// Takes a place if one is free and nobody of this tenant waits for one.
    fn enter_at_once(&mut self, tenant: Tenant, parts: u64) -> bool {
        self.note_asking(tenant.root);
        let is_eligible = self.is_eligible(tenant);
        if is_eligible && self.waiting.len_of(tenant).1 > 0 {
            // Those who have given up are in nobody's way.
            self.waiting.retain_of(tenant.root, |waiting| !waiting.is_closed());
        }
        let enters = is_eligible && self.waiting.len_of(tenant).1 == 0;
        if enters {
            self.enter(tenant);
            self.waiting.charge(tenant, parts);
        }
        enters
    }

    fn queue(&mut self, tenant: Tenant, parts: u64) -> oneshot::Receiver<Permit> {
        let (grant, granted) = oneshot::channel();
        self.waiting.push(tenant, parts, grant);
        granted
    }

    fn too_many_wait(&self, tenant: Tenant) -> Option<Full> {
        let (of_root, of_party) = self.waiting.len_of(tenant);
        if of_party >= WAITING_PER_PLACE * self.shares.of_party(tenant) {
            Some(Full::Party)
        } else {
            (of_root >= WAITING_PER_PLACE * self.shares.root).then_some(Full::Root)
        }
    }

    fn is_eligible(&self, tenant: Tenant) -> bool {
        let within = self.of_party(tenant) < self.shares.of_party(tenant) && self.of_root(tenant) < self.shares.root;
        self.used < self.shares.all
            && (within || 2 * (self.used + 1) <= self.shares.all && !self.is_wanted_by_others(tenant.root))
    }

    fn note_asking(&mut self, root: PartyRef) {
        if self.yields {
            if self.asked[0].is_some_and(|(last, _)| last != root) {
                self.asked[1] = self.asked[0];
            }
            self.asked[0] = Some((root, Instant::now()));
        }
    }

    fn is_wanted_by_others(&self, root: PartyRef) -> bool {
        self.asked.iter().flatten().any(|(other, at)| *other != root && at.elapsed() < WANTS_FOR)
    }

    /// Which level keeps a tenant from a place.
    fn why_full(&self, tenant: Tenant) -> Full {
        if self.of_party(tenant) >= self.shares.of_party(tenant) {
            Full::Party
        } else if self.of_root(tenant) >= self.shares.root {
            Full::Root
        } else {
            Full::All
        }
    }

    fn of_party(&self, tenant: Tenant) -> usize {
        self.parties.get(&tenant).copied().unwrap_or_default()
    }

    fn of_root(&self, tenant: Tenant) -> usize {
        self.roots.get(&tenant.root).copied().unwrap_or_default()
    }

    fn enter(&mut self, tenant: Tenant) {
        self.used += 1;
        let of_party = self.of_party(tenant);
        if of_party < self.shares.of_party(tenant) {
            *self.roots.entry(tenant.root).or_default() += 1;
        }
        self.parties.insert(tenant, of_party + 1);
    }

    fn leave(&mut self, tenant: Tenant) {
        self.used -= 1;
        let left = self.of_party(tenant).saturating_sub(1);
        if left < self.shares.of_party(tenant) {
            let of_root = self.of_root(tenant).saturating_sub(1);
            if of_root == 0 {
                self.roots.remove(&tenant.root)
            } else {
                self.roots.insert(tenant.root, of_root)
            };
        }
        if left == 0 {
            self.parties.remove(&tenant)
        } else {
            self.parties.insert(tenant, left)
        };
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(limiter) = self.limiter.take() {
            lock(&limiter.0).leave(self.tenant);
            limiter.hand_out();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    fn tenant(root: u64, party: u64) -> Tenant {
        Tenant { root: PartyRef(root), party: PartyRef(party) }
    }

    /// A tenant may use half of the places; another finds its share, whatever the first one does.
    #[tokio::test(start_paused = true)]
    async fn a_tenant_takes_no_place_of_the_share_of_another() {
        let limiter = FairLimiter::new(32);
        let mut held = Vec::new();
        while let Ok(permit) = limiter.acquire(tenant(1, 11), 1, SOON).await {
            held.push(permit);
        }
        assert_eq!(held.len(), 16, "half of all");
        assert_eq!(limiter.acquire(tenant(1, 11), 1, SOON).await.unwrap_err(), Full::Party);
        let of_the_same_vendor = limiter.acquire(tenant(1, 12), 1, SOON).await.expect("its own quarter");
        let mut others = Vec::new();
        for _ in 0..4 {
            others.push(limiter.acquire(tenant(2, 2), 1, SOON).await.expect("its eighth"));
        }
        assert_eq!(limiter.acquire(tenant(2, 2), 1, SOON).await.unwrap_err(), Full::Party);
        drop((of_the_same_vendor, others, held));
        let state = lock(&limiter.0);
        assert_eq!((state.used, state.parties.len(), state.roots.len()), (0, 0, 0));
    }

    /// A tenant beside another one has fewer places than alone.
    #[tokio::test(start_paused = true)]
    async fn where_places_are_yielded_a_tenant_has_its_share_while_another_wants_some() {
        let limiter = FairLimiter::yielding(32);
        let mut held = Vec::new();
        while let Ok(permit) = limiter.acquire(tenant(1, 1), 1, SOON).await {
            held.push(permit);
        }
        assert_eq!(held.len(), 16, "half of all, alone");
        drop(limiter.acquire(tenant(2, 2), 1, SOON).await.expect("its eighth"));
        held.truncate(3);
        held.push(limiter.acquire(tenant(1, 1), 1, SOON).await.expect("within its share"));
        assert_eq!(limiter.acquire(tenant(1, 1), 1, SOON).await.unwrap_err(), Full::Party, "another wants some");
        tokio::time::advance(WANTS_FOR).await;
        assert!(limiter.acquire(tenant(1, 1), 1, SOON).await.is_ok(), "nobody does any more");
    }

    /// With four places for everybody, as for lists, one slow tenant has two and others the rest.
    #[tokio::test(start_paused = true)]
    async fn few_places_are_shared_too_and_taken_in_turns() {
        let limiter = FairLimiter::new(4);
        let slow = [limiter.acquire(tenant(1, 1), 1, SOON).await, limiter.acquire(tenant(1, 1), 1, SOON).await];
        assert!(slow.iter().all(Result::is_ok));
        let of = |root| limiter.acquire(tenant(root, root), 1, Duration::from_secs(5));
        let (second, third) = (of(2).await.unwrap(), of(3).await.unwrap());
        let (fourth, again) = (of(4), of(1));
        let (fourth, again, ()) = tokio::join!(fourth, again, async {
            tokio::task::yield_now().await;
            drop((second, third));
        });
        assert!(fourth.is_ok(), "a place that is free goes to the one within its share");
        assert_eq!(again.unwrap_err(), Full::Party);
    }

    /// Those who wait are counted, and those who have gone are not.
    #[tokio::test(start_paused = true)]
    async fn a_tenant_cannot_wait_without_end_and_going_leaves_nothing_behind() {
        let limiter = FairLimiter::new(1);
        let held = limiter.acquire(tenant(9, 9), 1, SOON).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..WAITING_PER_PLACE {
            let Ok(Begun::Waiting(granted)) = limiter.begin(tenant(1, 1), 1) else { panic!("a place is free") };
            waiting.push(granted);
        }
        assert_eq!(limiter.begin(tenant(1, 1), 1).err(), Some(Full::Party));
        waiting.truncate(1);
        assert!(limiter.begin(tenant(1, 1), 1).is_ok());
        assert_eq!(limiter.acquire(tenant(2, 2), 1, SOON).await.unwrap_err(), Full::All);
        for _ in 0..100_000 {
            drop(lock(&limiter.0).queue(tenant(3, 3), 1));
        }
        drop(held);
        assert!(waiting.pop().expect("one").await.is_ok());
        assert!(limiter.acquire(tenant(2, 2), 1, SOON).await.is_ok());
    }
}
