//! How fast a target is sent to: rate limits for its receiver, which may be somebody who never asked to be told of anything.

use super::Worker;
use crate::delivery::whom::Whom;
use orderpark_domain::Tenant;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl Worker {
    /// Whether something may be sent now. A receiver that has never taken a message has one under way at most.
    pub(super) fn may_send(&self, whom: &Whom) -> bool {
        let is_proven = self.proof.as_ref().is_some_and(|proof| whom.is_proven(proof));
        self.paced_until.is_none() && (is_proven || self.line.under_way() == 0)
    }

    /// Counts one message to the receiver; an error says how long it has to wait.
    pub(super) fn take_rate(&mut self, whom: &Whom, owner: Tenant) -> Result<(), Duration> {
        let app = &self.ground.app;
        let settings = &app.settings.deliveries;
        if let Some(rate) = whom.rate(settings) {
            app.limits.egress.send(owner.root, app.outside.destinations(whom.url()), rate)?;
        }
        if !self.proof.as_ref().is_some_and(|proof| whom.is_proven(proof)) {
            self.paced_until = Some(Instant::now() + Duration::from_millis(settings.unproven_every_ms));
        }
        Ok(())
    }

    /// Whether this target's replays have their turn: one runs at a time to a destination. The target is woken when it has.
    pub(super) async fn may_replay(&mut self, whom: &Whom) -> bool {
        let (app, Some(owner)) = (Arc::clone(&self.ground.app), self.owner) else { return false };
        self.replay_waits = self.line.is_failing();
        if self.replay_waits {
            return false;
        }
        let turn = if let Some(turn) = self.replay_turn.take() {
            turn
        } else {
            let destinations = app.outside.locate(whom.url()).await;
            let deliveries = app.deliveries.clone();
            let wake = move |target| deliveries.poke(target);
            app.limits.egress.replay(owner.root, destinations, self.target, wake)
        };
        self.replay_turn.insert(turn).has_come()
    }

    /// A target that only fails lets others have their turn, and has its own again when it has recovered.
    pub(super) fn yield_replay(&mut self) {
        let is_failing = self.line.is_failing();
        if is_failing && self.replay_turn.is_some() && self.line.under_way() == 0 && !self.line.is_unsettled() {
            self.line.load_replay(None);
            (self.replay_turn, self.replay_waits) = (None, true);
        } else if !is_failing && self.replay_waits {
            (self.replay_waits, self.rereads) = (false, true);
        }
    }
}
