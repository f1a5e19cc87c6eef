//! Taking in what was read of the feed.

use super::{Line, Met, Source, sides};
use orderpark_domain::Instant;
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{Retry, RetryState};

impl Line {
    /// Takes in the events that concern the target up to a place.
    pub fn take(&mut self, source: Source, events: Vec<Met>, read: EventPlace, now: Instant) {
        match source {
            Source::News => {
                for event in events {
                    self.take_news(event, now);
                }
                self.news.read_to(read);
                self.sides.end(self.news.read());
            }
            Source::Side(tenant) => {
                for event in events {
                    self.meet_retry(event.place, &event.lane, now);
                    self.sides.tail(tenant).into_iter().for_each(|tail| tail.push(event.clone()));
                }
                self.sides.tail(tenant).into_iter().for_each(|tail| tail.read_to(read));
                self.sides.end(self.news.read());
            }
            Source::Replay => {
                let Some(replay) = &mut self.replay else { return };
                for event in events {
                    replay.tail.push(event);
                }
                replay.tail.read_to(read);
            }
            Source::Retry => return,
        }
        self.load_beyond(now);
        self.hold_back();
    }

    /// Takes in one event, or leaves it to the backlog of its tenant.
    fn take_news(&mut self, event: Met, now: Instant) {
        let tenant = event.tenant;
        if self.sides.has(tenant) {
            return;
        }
        let is_behind = || event.at.0.saturating_add(sides::BEHIND_US) <= now.0;
        let is_too_much = || self.news.waiting_of(tenant) >= sides::WAITING_MAX && !self.sides.is_full();
        if self.rules.is_shared && !self.health.is_failing() && is_behind() && is_too_much() {
            self.sides.begin(tenant, event.place.before());
            return;
        }
        self.meet_retry(event.place, &event.lane, now);
        self.news.push(event);
    }

    /// An event behind a retry of its lane becomes a retry too.
    pub(super) fn hold_back(&mut self) {
        let replay = self.replay.as_mut().map(|replay| &mut replay.tail);
        for tail in [Some(&mut self.news), replay].into_iter().flatten().chain(self.sides.tails()) {
            for (place, lane) in tail.take_blocked(|place, lane| self.lanes.is_blocked(lane) || self.lanes.has(place)) {
                if !self.lanes.has(place) {
                    let retry = Retry { place, lane, attempts: 0, state: RetryState::Held };
                    self.ledger.keep(retry.clone());
                    self.lanes.hold(retry);
                }
            }
        }
    }
}
