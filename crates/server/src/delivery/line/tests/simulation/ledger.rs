//! The database: the feed, and what the store keeps of deliveries, with the same semantics.

use super::Bug;
use crate::delivery::line::{Met, Source, Wish};
use orderpark_domain::{Instant, PartyRef, Tenant};
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{Replay, Retry, RetryState, Settlement};
use std::collections::BTreeMap;

/// How long a lease is given for.
pub(super) const LEASE_S: i64 = 30;

/// An event, and for which targets it is.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub place: EventPlace,
    pub lane: u64,
    pub targets: u64,
    pub at: Instant,
}

impl Event {
    /// Each tenant has lanes of its own.
    fn met(&self, bug: Bug) -> Met {
        let lane = if bug == Bug::NoLanes { self.place.seq } else { self.lane };
        let tenant = Tenant { root: PartyRef(1), party: PartyRef(1 + self.lane / 2) };
        Met { place: self.place, lane: format!("{lane}"), tenant, parts: 1, at: self.at }
    }
}

/// The row of a target, and the rows that belong to it.
#[derive(Debug)]
pub(super) struct Row {
    pub active: bool,
    pub cursor: EventPlace,
    pub sides: Vec<(Tenant, EventPlace)>,
    pub failing_since: Option<Instant>,
    pub node: Option<usize>,
    pub epoch: u64,
    pub leased_until: Instant,
    pub asked: u64,
    pub retries: BTreeMap<EventPlace, Retry>,
    pub replays: Vec<Replay>,
}

#[derive(Debug)]
pub(super) struct Ledger {
    pub feed: Vec<Event>,
    pub rows: Vec<Row>,
    next_replay: u64,
    bug: Bug,
}

impl Ledger {
    pub(super) fn new(targets: usize, bug: Bug) -> Ledger {
        let row = || Row {
            active: true,
            cursor: EventPlace::BEGINNING,
            sides: Vec::new(),
            failing_since: None,
            node: None,
            epoch: 0,
            leased_until: Instant(0),
            asked: 0,
            retries: BTreeMap::new(),
            replays: Vec::new(),
        };
        Ledger { feed: Vec::new(), rows: (0..targets).map(|_| row()).collect(), next_replay: 1, bug }
    }

    pub(super) fn end(&self) -> EventPlace {
        self.feed.last().map_or(EventPlace::BEGINNING, |event| EventPlace::after(event.place.seq))
    }

    /// A part of the feed for a target: events, and up to where it was read.
    pub(super) fn page(&self, target: usize, wish: Wish) -> (Vec<Met>, EventPlace) {
        let Wish { source, after, until, limit } = wish;
        let until = until.unwrap_or(self.end());
        let (mut events, mut read) = (Vec::new(), until.max(after));
        for event in self.feed.iter().filter(|event| event.place > after && event.place <= until) {
            let met = event.met(self.bug);
            let is_wanted = !matches!(source, Source::Side(tenant) if met.tenant != tenant);
            if is_wanted && event.targets & (1 << target) != 0 {
                events.push(met);
            }
            if events.len() >= limit {
                read = event.place;
                break;
            }
        }
        (events, read)
    }

    /// Gives the node the lease of a target that nobody has; the epoch.
    pub(super) fn claim(&mut self, target: usize, node: usize, now: Instant) -> Option<u64> {
        let row = &mut self.rows[target];
        if !row.active || row.leased_until > now {
            return None;
        }
        (row.node, row.epoch, row.leased_until) = (Some(node), row.epoch + 1, now.plus_seconds(LEASE_S));
        Some(row.epoch)
    }

    /// Keeps it; false: it is lost, or the target is not active.
    pub(super) fn renew(&mut self, target: usize, node: usize, epoch: u64, now: Instant) -> bool {
        let row = &mut self.rows[target];
        let is_ours = row.active && row.node == Some(node) && row.epoch == epoch;
        if is_ours {
            row.leased_until = now.plus_seconds(LEASE_S);
        }
        is_ours
    }

    pub(super) fn release(&mut self, node: usize) {
        for row in self.rows.iter_mut().filter(|row| row.node == Some(node)) {
            (row.node, row.leased_until, row.epoch) = (None, Instant(0), row.epoch + 1);
        }
    }

    /// All of it or nothing; false: the lease is lost.
    pub(super) fn settle(&mut self, target: usize, node: usize, epoch: u64, settlement: &Settlement) -> bool {
        let bug = self.bug;
        let row = &mut self.rows[target];
        if bug != Bug::NoFence && (row.node != Some(node) || row.epoch != epoch) {
            return false;
        }
        row.cursor = if bug == Bug::NoFence { settlement.cursor } else { row.cursor.max(settlement.cursor) };
        row.failing_since = settlement.failing_since;
        if bug != Bug::BacklogsAreForgotten {
            row.sides.clone_from(&settlement.sides);
        }
        for place in &settlement.done {
            row.retries.remove(place);
        }
        for retry in &settlement.retries {
            let is_forgotten = match retry.state {
                RetryState::Held => bug == Bug::HeldAreForgotten,
                RetryState::Due(_) => bug == Bug::RetriesAreForgotten,
                RetryState::Exhausted(_) => bug == Bug::ExhaustedIsDone,
            };
            if is_forgotten {
                row.retries.remove(&retry.place);
            } else {
                row.retries.insert(retry.place, retry.clone());
            }
        }
        if let Some((id, place)) = settlement.replayed {
            let first = row.replays.first().map(|replay| replay.id);
            let id = if bug == Bug::ReplayIsDoubted { first } else { Some(id) };
            row.replays.retain(|replay| Some(replay.id) != id || !settlement.replay_done);
            for replay in row.replays.iter_mut().filter(|replay| Some(replay.id) == id) {
                replay.after = place;
            }
        }
        true
    }

    /// A stretch is asked for.
    pub(super) fn ask_range(&mut self, target: usize, after: EventPlace, until: EventPlace) {
        let row = &mut self.rows[target];
        row.asked += 1;
        row.replays.push(Replay { id: self.next_replay, after, until });
        self.next_replay += 1;
    }

    /// One event is asked for.
    pub(super) fn ask_one(&mut self, target: usize, place: EventPlace, now: Instant) {
        let row = &mut self.rows[target];
        row.asked += 1;
        let lane = format!("replay:{}.{}", place.seq, place.number);
        let new = Retry { place, lane, attempts: 0, state: RetryState::Due(now) };
        let retry = row.retries.entry(place).or_insert(new);
        if retry.state != RetryState::Held {
            if matches!(retry.state, RetryState::Exhausted(_)) {
                retry.attempts = 0;
            }
            retry.state = RetryState::Due(now);
        }
    }

    /// All that was given up is asked for.
    pub(super) fn ask_exhausted(&mut self, target: usize, now: Instant) {
        let row = &mut self.rows[target];
        row.asked += 1;
        for retry in row.retries.values_mut() {
            if matches!(retry.state, RetryState::Exhausted(_)) {
                (retry.state, retry.attempts) = (RetryState::Due(now), 0);
            }
        }
    }

    /// The endpoint is enabled or disabled.
    pub(super) fn activate(&mut self, target: usize, active: bool) {
        let row = &mut self.rows[target];
        if active && !row.active {
            row.failing_since = None;
        }
        (row.active, row.asked) = (active, row.asked + 1);
    }
}
