//! Disable a webhook endpoint because of how it answered: the system's act.

use super::{Disabled, DisabledWhy, EndpointState, living};
use crate::{Decision, EndpointRef, Event, Intent, Needs, Outcome, Refusal, Stamp, World};

/// Disable an endpoint as it was when it was tried. If it was changed since, it has a new chance, and nothing happens.
#[derive(Clone, Debug)]
pub struct DisableEndpoint {
    /// The endpoint.
    pub endpoint: EndpointRef,
    /// The revision that was tried.
    pub revision: u32,
    /// Why.
    pub why: DisabledWhy,
}

impl DisableEndpoint {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.endpoint(world, self.endpoint);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.endpoint)?;
        let mut after = before.clone();
        if before.revision != self.revision || before.state == EndpointState::Disabled {
            return Ok(Decision::nothing(Outcome::Endpoint(Box::new(after))));
        }
        after.revision += 1;
        after.state = EndpointState::Disabled;
        after.disabled = Some(Disabled { why: self.why, at: stamp.at });
        Ok(Decision::of(Event::EndpointUpdated(intent.told(&after, before)), Outcome::Endpoint(Box::new(after))))
    }
}
