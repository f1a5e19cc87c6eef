//! Lanes and the retries that stand in them.

use orderpark_domain::Instant;
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{Retry, RetryState};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
struct Lane {
    /// Whether something of it is under way.
    is_busy: bool,
    retries: BTreeSet<EventPlace>,
    /// As which its first retry stands among those that are due.
    due: Option<(Instant, EventPlace)>,
}

/// All lanes in which something is under way or to be tried again.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    by_name: BTreeMap<String, Lane>,
    retries: BTreeMap<EventPlace, Retry>,
    /// The first retries of lanes of which nothing is under way.
    due: BTreeSet<(Instant, EventPlace)>,
}

impl Lanes {
    /// How many retries there are.
    pub(super) fn len(&self) -> usize {
        self.retries.len()
    }

    pub(super) fn has(&self, place: EventPlace) -> bool {
        self.retries.contains_key(&place)
    }

    /// Whether later events of the lane have to wait behind a retry.
    pub(super) fn is_blocked(&self, lane: &str) -> bool {
        self.by_name.get(lane).is_some_and(|lane| !lane.retries.is_empty())
    }

    /// Whether a new event of the lane may be sent.
    pub(super) fn is_free(&self, lane: &str) -> bool {
        !self.by_name.contains_key(lane)
    }

    /// Takes in a row of the ledger; what is in memory already may only come sooner by it.
    pub(super) fn load(&mut self, row: Retry, now: Instant) {
        let lane = row.lane.clone();
        match (self.retries.get_mut(&row.place), row.state) {
            (_, RetryState::Exhausted(_)) => return,
            (Some(known), RetryState::Due(asked)) => {
                if let RetryState::Due(at) = &mut known.state {
                    *at = asked.min(*at);
                }
            }
            (Some(_), RetryState::Held) => {}
            (None, _) => self.hold(row),
        }
        self.refresh(&lane, now);
    }

    /// A retry that is new or has changed; its place among those that are due is set when its lane is not busy any more.
    pub(super) fn hold(&mut self, retry: Retry) {
        if self.retries.get(&retry.place).is_some_and(|before| before.lane != retry.lane) {
            self.remove(retry.place);
        }
        self.by_name.entry(retry.lane.clone()).or_default().retries.insert(retry.place);
        self.retries.insert(retry.place, retry);
    }

    /// There is no such retry any more; whether there was.
    pub(super) fn remove(&mut self, place: EventPlace) -> bool {
        let Some(retry) = self.retries.remove(&place) else { return false };
        if let Some(lane) = self.by_name.get_mut(&retry.lane) {
            lane.retries.remove(&place);
            if let Some(due) = lane.due.take_if(|(_, first)| *first == place) {
                self.due.remove(&due);
            }
            if lane.retries.is_empty() && !lane.is_busy {
                self.by_name.remove(&retry.lane);
            }
        }
        true
    }

    /// The first retry that is due and may be sent, its lane, and which attempt it would be.
    pub(super) fn first_due(
        &self,
        now: Instant,
        may: impl Fn(EventPlace) -> bool,
    ) -> Option<(EventPlace, String, u32)> {
        let due = self.due.iter().take_while(|(at, _)| *at <= now);
        let retry =
            due.map(|(_, place)| *place).find(|place| may(*place)).and_then(|place| self.retries.get(&place))?;
        Some((retry.place, retry.lane.clone(), retry.attempts.saturating_add(1)))
    }

    /// When the first one is due.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Something of the lane is under way.
    pub(super) fn begin(&mut self, lane: &str, now: Instant) {
        self.by_name.entry(lane.to_owned()).or_default().is_busy = true;
        self.refresh(lane, now);
    }

    /// Nothing of the lane is under way any more.
    pub(super) fn end(&mut self, lane: &str, now: Instant) {
        if let Some(lane) = self.by_name.get_mut(lane) {
            lane.is_busy = false;
        }
        self.refresh(lane, now);
    }

    fn refresh(&mut self, name: &str, now: Instant) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        if let Some(before) = lane.due.take() {
            self.due.remove(&before);
        }
        if lane.is_busy {
            return;
        }
        let Some(first) = lane.retries.first().and_then(|place| self.retries.get_mut(place)) else {
            self.by_name.remove(name);
            return;
        };
        // Nothing stands before it any more, whatever the ledger still says.
        if first.state == RetryState::Held {
            first.state = RetryState::Due(now);
        }
        if let RetryState::Due(at) = first.state {
            lane.due = Some((at, first.place));
            self.due.insert((at, first.place));
        }
    }
}
