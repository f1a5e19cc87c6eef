//! Whether and how fast a target is sent to: rate limits and proof for its receiver, which may be
//! somebody who never asked to be told of anything.

use super::Worker;
use crate::delivery::probe::Probe;
use crate::delivery::whom::Whom;
use crate::limits::ReplayTurn;
use orderpark_domain::Tenant;
use orderpark_store::ReadError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The replays of a target among those to the same destination.
pub(super) enum Replays {
    /// It has none.
    None,
    /// They wait in the line, or have their turn.
    InLine(ReplayTurn),
    /// They wait until the target does not fail any more.
    Yield,
}

impl Worker {
    /// Whether something may be sent now. A receiver that has never taken a message has one under
    /// way at most.
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

    /// Whether deliveries may begin. Where the operator asks for proof, an address is sent one
    /// challenge whenever there is reason to look at its endpoint anew, and until it is echoed
    /// there is nobody to deliver to.
    pub(super) async fn has_proof(&mut self, whom: &Whom) -> Result<bool, ReadError> {
        let app = Arc::clone(&self.ground.app);
        let (Whom::Endpoint(endpoint), Some(owner), Some(known)) = (whom, self.owner, &mut self.proof) else {
            return Ok(true);
        };
        if Probe::of(&app, endpoint, known) == Probe::Test {
            return Ok(true);
        }
        // It may have answered one that somebody else has sent.
        known.url = app.store.target_state(self.target).await?.url;
        let mut is_proven = Probe::of(&app, endpoint, known) == Probe::Test;
        if !is_proven && self.challenged != self.asked {
            self.challenged = self.asked;
            let _place = self.ground.places.wait(owner, 1).await;
            is_proven = Probe::Challenge.send(&app, endpoint).await?.is_success;
        }
        if is_proven {
            known.url = Some(endpoint.url.clone());
        }
        (self.is_nobody, self.rereads) = (!is_proven, self.rereads || !is_proven);
        Ok(is_proven)
    }

    /// Whether this target's replays have their turn: one runs at a time to a destination. The
    /// target is woken when it has.
    pub(super) async fn may_replay(&mut self, whom: &Whom, is_asked: bool) -> bool {
        let (app, Some(owner), true) = (Arc::clone(&self.ground.app), self.owner, is_asked) else {
            self.replays = Replays::None;
            return false;
        };
        if self.line.is_failing() {
            self.replays = Replays::Yield;
            return false;
        }
        if !matches!(self.replays, Replays::InLine(_)) {
            let destinations = app.outside.locate(whom.url()).await;
            let deliveries = app.deliveries.clone();
            let wake = move |target| deliveries.poke(target);
            self.replays = Replays::InLine(app.limits.egress.replay(owner.root, destinations, self.target, wake));
        }
        matches!(&self.replays, Replays::InLine(turn) if turn.has_come())
    }

    /// A target that only fails lets others have their turn, and has its own again when it has
    /// recovered.
    pub(super) fn yield_replay(&mut self) {
        let is_failing = self.line.is_failing();
        match self.replays {
            Replays::InLine(_) if is_failing && self.line.under_way() == 0 && !self.line.is_unsettled() => {
                self.line.load_replay(None);
                self.replays = Replays::Yield;
            }
            Replays::Yield if !is_failing => (self.replays, self.rereads) = (Replays::None, true),
            Replays::None | Replays::InLine(_) | Replays::Yield => {}
        }
    }
}
