//! Weighted fair queue over two levels (start-time fair queueing): vendors take turns, and the
//! parties of a vendor take turns within its turns, each by what its work costs.
//!
//! A pure data structure. Every tenant has a virtual time, which grows by the cost of what it was
//! given; the one that is furthest behind comes next. A tenant that had nothing waiting starts at
//! the time of the one that is served now: being idle saves nothing up. What something costs is
//! often known only afterwards, so [`FairQueue::charge`] adds to the time of a tenant that was
//! served already.

use orderpark_domain::{PartyRef, Tenant};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Items that wait, by tenant.
#[derive(Debug)]
pub struct FairQueue<T> {
    roots: Level<Level<VecDeque<(u64, T)>>>,
}

/// Branches that take turns.
#[derive(Debug)]
struct Level<B> {
    /// The virtual time of the branch that was served last.
    now: u64,
    branches: BTreeMap<PartyRef, Branch<B>>,
    /// The branches with something waiting, by their virtual time.
    ready: BTreeSet<(u64, PartyRef)>,
    len: usize,
}

#[derive(Debug)]
struct Branch<B> {
    /// The virtual time up to which it was served.
    time: u64,
    waiting: B,
}

/// The virtual time at the beginning: not 0, so that a branch can be moved back before all that
/// come later.
const BEGINNING: u64 = 1 << 40;
/// How many branches are remembered in any case.
const REMEMBERED: usize = 64;

impl<B> Default for Level<B> {
    fn default() -> Level<B> {
        Level { now: BEGINNING, branches: BTreeMap::new(), ready: BTreeSet::new(), len: 0 }
    }
}

impl<B: Default> Level<B> {
    /// The branch of a party, to which something is added.
    fn enter(&mut self, party: PartyRef) -> &mut B {
        let now = self.now;
        let branch = self.branches.entry(party).or_insert_with(|| Branch { time: now, waiting: B::default() });
        // Who waits already is in `ready` under this very time.
        if !self.ready.contains(&(branch.time, party)) {
            branch.time = branch.time.max(now);
            self.ready.insert((branch.time, party));
        }
        self.len += 1;
        &mut branch.waiting
    }

    /// Moves the time of a branch on. One that has nothing waiting is remembered while it is ahead.
    fn charge(&mut self, party: PartyRef, cost: u64) {
        let now = self.now;
        let branch = self.branches.entry(party).or_insert_with(|| Branch { time: now, waiting: B::default() });
        let was_ready = self.ready.remove(&(branch.time, party));
        branch.time = branch.time.max(now).saturating_add(cost);
        if was_ready {
            self.ready.insert((branch.time, party));
        }
    }

    /// The branch to which something is given back that was taken, with the time that this cost.
    fn enter_back(&mut self, party: PartyRef, cost: u64) -> &mut B {
        let now = self.now;
        let branch = self.branches.entry(party).or_insert_with(|| Branch { time: now, waiting: B::default() });
        self.ready.remove(&(branch.time, party));
        branch.time = branch.time.saturating_sub(cost);
        self.ready.insert((branch.time, party));
        self.len += 1;
        &mut branch.waiting
    }

    /// One item of this branch was taken, and whether more wait there.
    fn taken(&mut self, party: PartyRef, cost: u64, is_empty: bool) {
        self.len -= 1;
        let Some(branch) = self.branches.get_mut(&party) else { return };
        self.ready.remove(&(branch.time, party));
        self.now = self.now.max(branch.time);
        branch.time = branch.time.saturating_add(cost);
        if !is_empty {
            self.ready.insert((branch.time, party));
        }
        self.forget();
    }

    /// Where many are remembered, forgets branches without work whose time has come: they would
    /// start at `now` anyway. When nothing waits, all of them start anew.
    fn forget(&mut self) {
        if self.branches.len() <= 2 * self.ready.len() + REMEMBERED {
            return;
        }
        if self.ready.is_empty() {
            (self.now, self.branches) = (BEGINNING, BTreeMap::new());
        } else {
            let (now, ready) = (self.now, &self.ready);
            self.branches.retain(|party, branch| branch.time > now || ready.contains(&(branch.time, *party)));
        }
    }
}

impl<T> Default for FairQueue<T> {
    fn default() -> FairQueue<T> {
        FairQueue { roots: Level::default() }
    }
}

impl<T> FairQueue<T> {
    /// Adds an item that costs so many parts (at least one is counted).
    pub fn push(&mut self, tenant: Tenant, cost: u64, item: T) {
        self.roots.enter(tenant.root).enter(tenant.party).push_back((cost.max(1), item));
    }

    /// Takes the next item, with its tenant and cost.
    pub fn pop(&mut self) -> Option<(Tenant, u64, T)> {
        self.pop_where(|_, _| true)
    }

    /// Takes the next item whose tenant and cost are eligible: a tenant whose first item is not is
    /// passed over.
    pub fn pop_where(&mut self, mut eligible: impl FnMut(Tenant, u64) -> bool) -> Option<(Tenant, u64, T)> {
        let tenant = self.next_where(&mut eligible)?;
        let root = &mut self.roots.branches.get_mut(&tenant.root)?.waiting;
        let waiting = &mut root.branches.get_mut(&tenant.party)?.waiting;
        let (cost, item) = waiting.pop_front()?;
        let is_empty = waiting.is_empty();
        root.taken(tenant.party, cost, is_empty);
        let root_is_empty = root.len == 0;
        self.roots.taken(tenant.root, cost, root_is_empty);
        Some((tenant, cost, item))
    }

    /// Puts an item that was taken and not served back to the head of its tenant's queue, and gives
    /// the tenant back the `taken` parts that it was counted. `cost`: what the item costs when it
    /// is taken again.
    pub fn put_back(&mut self, tenant: Tenant, taken: u64, cost: u64, item: T) {
        let root = self.roots.enter_back(tenant.root, taken);
        root.enter_back(tenant.party, taken).push_front((cost.max(1), item));
    }

    fn next_where(&self, eligible: &mut impl FnMut(Tenant, u64) -> bool) -> Option<Tenant> {
        for (_, root) in &self.roots.ready {
            let parties = &self.roots.branches.get(root)?.waiting;
            for (_, party) in &parties.ready {
                let tenant = Tenant { root: *root, party: *party };
                let first = parties.branches.get(party).and_then(|branch| branch.waiting.front());
                if first.is_some_and(|(cost, _)| eligible(tenant, *cost)) {
                    return Some(tenant);
                }
            }
        }
        None
    }

    /// Counts parts that a tenant was given besides the cost of its items.
    pub fn charge(&mut self, tenant: Tenant, parts: u64) {
        self.roots.charge(tenant.root, parts);
        if let Some(root) = self.roots.branches.get_mut(&tenant.root) {
            root.waiting.charge(tenant.party, parts);
        }
    }

    /// Removes the items of a root that are not wanted any more.
    pub fn retain_of(&mut self, root: PartyRef, mut wanted: impl FnMut(&T) -> bool) {
        let Some(branch) = self.roots.branches.get_mut(&root) else { return };
        let Level { branches, ready, len, .. } = &mut branch.waiting;
        let before = *len;
        for (party, of_party) in branches {
            let count = of_party.waiting.len();
            of_party.waiting.retain(|(_, item)| wanted(item));
            *len -= count - of_party.waiting.len();
            if of_party.waiting.is_empty() {
                ready.remove(&(of_party.time, *party));
            }
        }
        self.roots.len -= before - *len;
        if *len == 0 {
            self.roots.ready.remove(&(branch.time, root));
        }
    }

    /// Items that wait.
    pub fn len(&self) -> usize {
        self.roots.len
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items of a root that wait, and those of the party among them.
    pub fn len_of(&self, tenant: Tenant) -> (usize, usize) {
        let Some(root) = self.roots.branches.get(&tenant.root) else { return (0, 0) };
        let of_party = root.waiting.branches.get(&tenant.party).map_or(0, |party| party.waiting.len());
        (root.waiting.len, of_party)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tenant(root: u64, party: u64) -> Tenant {
        Tenant { root: PartyRef(root), party: PartyRef(party) }
    }

    fn order(queue: &mut FairQueue<&'static str>, count: usize) -> String {
        (0..count).filter_map(|_| queue.pop()).map(|(_, _, item)| item).collect()
    }

    #[test]
    fn roots_take_turns_and_the_parties_of_a_root_within_its_turns() {
        let mut queue = FairQueue::default();
        for _ in 0..100 {
            queue.push(tenant(1, 11), 1, "a");
            queue.push(tenant(1, 12), 1, "b");
        }
        for _ in 0..3 {
            queue.push(tenant(2, 2), 1, "c");
        }
        assert_eq!(queue.len_of(tenant(1, 12)), (200, 100));
        assert_eq!(order(&mut queue, 8), "acbcacba");
        assert_eq!(queue.len(), 195);
    }

    #[test]
    fn cost_counts_whether_it_is_known_before_or_afterwards() {
        let mut queue = FairQueue::default();
        for _ in 0..20 {
            queue.push(tenant(1, 1), 4, "A");
            queue.push(tenant(2, 2), 1, "b");
        }
        assert_eq!(order(&mut queue, 10), "AbbbbAbbbb");
        queue.charge(tenant(2, 2), 8);
        assert_eq!(order(&mut queue, 4), "AAAb");
    }

    #[test]
    fn being_idle_saves_nothing_up_and_costs_are_not_forgotten_by_going() {
        let mut queue = FairQueue::default();
        for _ in 0..50 {
            queue.push(tenant(1, 1), 1, "a");
        }
        order(&mut queue, 40);
        queue.push(tenant(2, 2), 1, "b");
        queue.push(tenant(2, 2), 1, "b");
        assert_eq!(order(&mut queue, 4), "baba", "one that comes late starts now");
        queue.charge(tenant(2, 2), 3);
        queue.push(tenant(2, 2), 1, "b");
        assert_eq!(order(&mut queue, 5), "aaaba", "what it was charged holds when it comes again");
    }

    #[test]
    fn the_first_eligible_one_is_taken_and_what_is_unwanted_goes() {
        let mut queue = FairQueue::default();
        queue.push(tenant(1, 1), 1, "a");
        queue.push(tenant(2, 2), 9, "b");
        assert_eq!(queue.pop_where(|_, cost| cost > 5).map(|(_, _, item)| item), Some("b"));
        assert_eq!(queue.pop_where(|_, cost| cost > 5), None);
        queue.push(tenant(1, 1), 1, "c");
        queue.retain_of(PartyRef(1), |item| *item != "a");
        assert_eq!((queue.len(), queue.pop().map(|(_, _, item)| item)), (1, Some("c")));
        assert!(queue.is_empty() && queue.pop().is_none());
    }

    /// Also where a lower ref comes again and again, and each batch takes all that waits.
    #[test]
    fn what_is_put_back_starves_behind_nobody() {
        let mut queue = FairQueue::default();
        queue.push(tenant(9, 9), 1, "large");
        for _ in 0..3 {
            queue.push(tenant(1, 1), 1, "small");
            let first = queue.pop().expect("one");
            let others: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
            if first.2 == "large" {
                return;
            }
            assert_eq!(others.len(), 1);
            queue.put_back(tenant(9, 9), 1, 1_000, "large");
        }
        panic!("it waits for ever");
    }

    #[test]
    fn what_is_put_back_comes_first_and_has_cost_nothing() {
        let mut queue = FairQueue::default();
        for item in ["a", "b", "c"] {
            queue.push(tenant(1, 1), 1, item);
        }
        queue.push(tenant(2, 2), 1, "x");
        let taken: Vec<_> = (0..4).filter_map(|_| queue.pop()).collect();
        for (tenant, cost, item) in taken.into_iter().rev() {
            queue.put_back(tenant, cost, 1, item);
        }
        assert_eq!(order(&mut queue, 4), "axbc");
        let mut queue = FairQueue::default();
        queue.push(tenant(1, 1), 1, "a");
        queue.push(tenant(2, 2), 1, "x");
        let (of, cost, item) = queue.pop().expect("the first");
        queue.put_back(of, cost, 500, item);
        assert_eq!(queue.pop_where(|_, cost| cost < 500).map(|(_, _, item)| item), Some("x"), "its cost is known now");
    }

    #[test]
    fn memory_is_bounded_by_those_who_wait() {
        let mut queue = FairQueue::default();
        for party in 0..10_000 {
            queue.push(tenant(party, party), 1, "a");
            queue.push(tenant(1, 10_000 + party), 1, "b");
            queue.pop();
            queue.charge(tenant(party, party), 1);
            queue.pop();
        }
        assert!(queue.roots.branches.len() < 100, "{}", queue.roots.branches.len());
    }
}
