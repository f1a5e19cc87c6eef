//! Delete a webhook endpoint. What it was not told yet, it never will be.

use super::living;
use crate::{Decision, EndpointRef, Event, Intent, Needs, Outcome, Refusal, Stamp, World};

/// Delete a webhook endpoint.
#[derive(Clone, Debug)]
pub struct DeleteEndpoint {
    /// The endpoint.
    pub endpoint: EndpointRef,
}

impl DeleteEndpoint {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.endpoint(world, self.endpoint);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.endpoint)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        after.end(stamp.at);
        Ok(Decision::of(Event::EndpointDeleted(self.endpoint), Outcome::Endpoint(Box::new(after))))
    }
}
