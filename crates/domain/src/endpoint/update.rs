//! Change a webhook endpoint: where, what, and whether.

use super::{Disabled, DisabledWhy, EndpointState, living};
use crate::feed::Kind;
use crate::{Decision, EndpointRef, Event, Intent, Needs, Outcome, Refusal, Stamp, World};

/// Change a webhook endpoint; what is absent stays. One that is enabled again is told of everything that it has missed.
#[derive(Clone, Debug)]
pub struct UpdateEndpoint {
    /// The endpoint.
    pub endpoint: EndpointRef,
    /// Its new address.
    pub url: Option<String>,
    /// Its new description.
    pub description: Option<String>,
    /// The kinds that it wants now; `Some(None)`: all.
    pub kinds: Option<Option<Vec<Kind>>>,
    /// Whether it shall be delivered to.
    pub state: Option<EndpointState>,
}

impl UpdateEndpoint {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.endpoint(world, self.endpoint);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.endpoint)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        if let Some(url) = &self.url {
            after.url.clone_from(url);
        }
        if self.description.is_some() {
            after.description.clone_from(&self.description);
        }
        if let Some(kinds) = &self.kinds {
            after.kinds.clone_from(kinds);
        }
        if let Some(state) = self.state.filter(|state| *state != before.state) {
            after.state = state;
            let asked = Disabled { why: DisabledWhy::Asked, at: stamp.at };
            after.disabled = (state == EndpointState::Disabled).then_some(asked);
        }
        if after == *before {
            return Ok(Decision::nothing(Outcome::Endpoint(Box::new(after))));
        }
        after.revision += 1;
        Ok(Decision::of(Event::EndpointUpdated(intent.told(&after, before)), Outcome::Endpoint(Box::new(after))))
    }
}
