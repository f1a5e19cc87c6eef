//! Counts of what quotas limit: loaded once, then kept true by what is applied.
//!
//! The count of open orders outlives its batch, because the next one is likely to ask for it again.

use super::World;
use crate::quota::{COUNTED_MAX, Quota};
use crate::{Order, PartyRef};

/// A count of things of a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// Living users, at most [`COUNTED_MAX`].
    Users(PartyRef),
    /// Living webhook endpoints, at most [`COUNTED_MAX`].
    Endpoints(PartyRef),
    /// Open orders: of a subscriber, or of all subscribers of a vendor.
    OpenOrders(PartyRef),
}

impl Counted {
    /// The count that a quota limits, if it is counted here.
    pub(crate) fn of(quota: Quota, party: PartyRef) -> Option<Counted> {
        match quota {
            Quota::Users => Some(Counted::Users(party)),
            Quota::Endpoints => Some(Counted::Endpoints(party)),
            Quota::OpenOrders => Some(Counted::OpenOrders(party)),
            Quota::RequestsPerSecond | Quota::Streams => None,
        }
    }
}

/// One more, or one fewer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Up,
    Down,
}

impl Step {
    pub(super) fn take(self, count: &mut u64) {
        *count = count.saturating_add_signed(self.sign());
    }

    fn sign(self) -> i64 {
        match self {
            Step::Up => 1,
            Step::Down => -1,
        }
    }
}

impl World {
    /// How many there are.
    ///
    /// # Panics
    /// In a working set, where the count was not loaded.
    pub(crate) fn count(&self, counted: Counted) -> u64 {
        if !self.is_whole() {
            return *self.counts.get(&counted).expect("needs() names every count that decide() asks for");
        }
        let count = match counted {
            Counted::Users(party) => {
                self.users.values().filter(|user| user.party == party && user.deleted_at.is_none()).count()
            }
            Counted::Endpoints(party) => {
                self.endpoints.values().filter(|it| it.owner.party == party && it.deleted_at.is_none()).count()
            }
            Counted::OpenOrders(party) => {
                let of_party = |order: &&Order| order.subscriber == party || order.vendor == party;
                self.orders.values().filter(of_party).filter(|order| order.state.is_open()).count()
            }
        };
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Loads a count as the database has it; of users and webhook endpoints one up to
    /// [`COUNTED_MAX`].
    pub fn load_count(&mut self, counted: Counted, count: u64) {
        debug_assert!(matches!(counted, Counted::OpenOrders(_)) || count <= u64::from(COUNTED_MAX));
        let changed = self.uncounted.remove(&counted).unwrap_or_default();
        self.counts.insert(counted, count.saturating_add_signed(changed));
    }

    /// Follows a change in a count; in one that is not known yet, when it is loaded.
    pub(super) fn step(&mut self, counted: Counted, step: Step) {
        if self.is_whole() {
            return;
        }
        if let Some(count) = self.counts.get_mut(&counted) {
            step.take(count);
        } else {
            *self.uncounted.entry(counted).or_default() += step.sign();
        }
    }

    /// Follows an order that opens or closes, in the counts of its subscriber and vendor.
    pub(super) fn step_orders(&mut self, order: &Order, step: Step) {
        for party in [order.subscriber, order.vendor] {
            self.step(Counted::OpenOrders(party), step);
        }
    }

    /// Follows an order that another node has placed and written, in the counts that are known.
    pub(super) fn amend_counts(&mut self, order: &Order) {
        for party in [order.subscriber, order.vendor] {
            if let Some(count) = self.counts.get_mut(&Counted::OpenOrders(party)) {
                *count += 1;
            }
        }
    }

    /// Keeps counts of open orders, if they are not too many.
    pub(super) fn settle_counts(&mut self, rows_max: usize) {
        self.uncounted.clear();
        self.counts.retain(|counted, _| matches!(counted, Counted::OpenOrders(_)));
        if self.counts.len() > rows_max {
            self.counts.clear();
        }
    }
}
