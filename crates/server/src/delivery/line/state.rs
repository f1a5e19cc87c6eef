//! What can be asked about a line.

use super::{GivenUp, Line};
use orderpark_domain::Instant;
use orderpark_store::EventPlace;

impl Line {
    /// Whether there is nothing to do, nor to be remembered, until the feed has more for the target.
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        self.is_quiet() && !self.is_unsettled() && !self.is_settling()
    }

    /// Whether nothing but how far the feed was read is to be remembered of it, and nothing is to be done until the feed has
    /// more for the target.
    pub fn is_quiet(&self) -> bool {
        self.is_complete
            && self.flights.is_empty()
            && self.lanes.len() == 0
            && self.replay.is_none()
            && self.sides.is_empty()
            && self.news.len() == 0
            && self.beyond.is_empty()
            && self.is_only_ahead()
    }

    /// Whether at most the cursor is to be written.
    pub fn is_only_ahead(&self) -> bool {
        self.ledger.is_quiet() && self.replay.is_none() && self.sides.is_empty()
    }

    /// Whether something is being written.
    pub fn is_settling(&self) -> bool {
        self.ledger.is_settling()
    }

    /// Whether an event was taken in and waits to be sent, or is being sent.
    pub fn has_open(&self, place: EventPlace) -> bool {
        self.news.is_open(place)
            || self.sides.is_open(place)
            || self.replay.as_ref().is_some_and(|replay| replay.tail.is_open(place))
    }

    /// Since when the target has only failed.
    pub fn failing_since(&self) -> Option<Instant> {
        self.health.failing_since()
    }

    /// The target is to have another chance after it was given up.
    pub fn resume(&mut self) {
        self.given_up = None;
    }

    /// How many are under way.
    pub fn under_way(&self) -> usize {
        self.flights.len()
    }

    /// Whether the target has only failed of late: it is sent one at a time.
    pub fn is_failing(&self) -> bool {
        self.health.is_failing()
    }

    /// Whether it is to be disabled, and why: it sends nothing any more.
    pub fn given_up(&self) -> Option<GivenUp> {
        self.given_up
    }

    /// How many may be under way.
    pub fn window(&self) -> usize {
        self.health.window()
    }
}
