//! Fair queueing by tenant: backlogs of single tenants, beside the news of all others.
//!
//! Where a target that many tenants share is behind, and one of them fills its lookahead window,
//! that tenant's events are set apart: the news pass over them, and they are read from a cursor of
//! their own. Those who have a backlog take turns by what they were sent (vendors first, then the
//! parties of each); together they have as many turns as the news. A backlog that was caught up
//! with ends, and its tenant is among the news again.

use super::tail::Tail;
use orderpark_domain::{PartyRef, Tenant};
use orderpark_store::EventPlace;
use std::collections::BTreeMap;

/// How many tenants of a target may have a backlog of their own; those beyond stay among the news.
pub(super) const SIDES_MAX: usize = 64;
/// So many events of one tenant may wait in the window of a target that is behind.
pub(super) const WAITING_MAX: usize = 16;
/// How many events beyond its cursor a backlog may have taken in.
const TAKEN_MAX: usize = 32;
/// A target is behind when it takes in events that are older than this, in microseconds.
pub(super) const BEHIND_US: i64 = 2_000_000;

#[derive(Debug)]
struct Side {
    tail: Tail,
    /// In parts.
    served: u64,
}

#[derive(Debug, Default)]
pub(super) struct Sides {
    sides: BTreeMap<Tenant, Side>,
    /// In parts, by root.
    served: BTreeMap<PartyRef, u64>,
}

impl Sides {
    pub(super) fn is_empty(&self) -> bool {
        self.sides.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.sides.len() >= SIDES_MAX
    }

    pub(super) fn has(&self, tenant: Tenant) -> bool {
        self.sides.contains_key(&tenant)
    }

    /// From here on the tenant has a backlog. Waiting saves nothing up: it begins where those are
    /// that were served least.
    pub(super) fn begin(&mut self, tenant: Tenant, cursor: EventPlace) {
        let least = self.served.values().min().copied().unwrap_or_default();
        self.served.entry(tenant.root).or_insert(least);
        let of_root = self.sides.iter().filter(|(other, _)| other.root == tenant.root);
        let served = of_root.map(|(_, side)| side.served).min().unwrap_or_default();
        self.sides.insert(tenant, Side { tail: Tail::new(cursor), served });
    }

    /// Ends the backlogs that have come as far as the news.
    pub(super) fn end(&mut self, news: EventPlace) {
        self.sides.retain(|_, side| side.tail.len() > 0 || side.tail.read() < news);
        let sides = &self.sides;
        self.served.retain(|root, _| sides.keys().any(|tenant| tenant.root == *root));
    }

    pub(super) fn tail(&mut self, tenant: Tenant) -> Option<&mut Tail> {
        self.sides.get_mut(&tenant).map(|side| &mut side.tail)
    }

    pub(super) fn tails(&mut self) -> impl Iterator<Item = &mut Tail> {
        self.sides.values_mut().map(|side| &mut side.tail)
    }

    /// Those that may be read on, the least served first, with where and how much.
    pub(super) fn wish(&self, news: EventPlace) -> Option<(Tenant, EventPlace, usize)> {
        // Many at once: what is read for one tenant holds others' events too.
        let room = |side: &Side| TAKEN_MAX.saturating_sub(side.tail.len());
        let open = self.in_turn().filter(|(_, side)| side.tail.read() < news && room(side) >= TAKEN_MAX / 2);
        open.map(|(tenant, side)| (tenant, side.tail.read(), room(side))).next()
    }

    /// The next event to send of the tenant that was served least and has one that may be.
    pub(super) fn start(&mut self, is_free: impl Fn(&str) -> bool) -> Option<(Tenant, EventPlace, String)> {
        let order: Vec<Tenant> = self.in_turn().map(|(tenant, _)| tenant).collect();
        for tenant in order {
            let Some(side) = self.sides.get_mut(&tenant) else { continue };
            let Some((place, lane, parts)) = side.tail.start(&is_free) else { continue };
            side.served += parts;
            *self.served.entry(tenant.root).or_default() += parts;
            return Some((tenant, place, lane));
        }
        None
    }

    /// Up to here every backlog was read.
    pub(super) fn read_through(&self) -> Option<EventPlace> {
        self.sides.values().map(|side| side.tail.read()).min()
    }

    pub(super) fn is_open(&self, place: EventPlace) -> bool {
        self.sides.values().any(|side| side.tail.is_open(place))
    }

    /// The cursor of each one.
    pub(super) fn cursors(&self) -> Vec<(Tenant, EventPlace)> {
        self.sides.iter().map(|(tenant, side)| (*tenant, side.tail.cursor())).collect()
    }

    fn in_turn(&self) -> impl Iterator<Item = (Tenant, &Side)> {
        let mut order: Vec<_> = self.sides.iter().map(|(tenant, side)| (*tenant, side)).collect();
        order.sort_by_key(|(tenant, side)| (self.served.get(&tenant.root).copied(), side.served, *tenant));
        order.into_iter()
    }
}
