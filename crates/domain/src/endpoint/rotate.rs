//! Give a webhook endpoint a new secret. The one before signs beside it for a while, so that receivers can follow.

use super::{living, rotated};
use crate::{Decision, EndpointRef, Event, Intent, Needs, Outcome, Refusal, Stamp, World};

/// Put a new secret in front of the old one.
#[derive(Clone, Debug)]
pub struct RotateEndpointSecret {
    /// The endpoint.
    pub endpoint: EndpointRef,
    /// The new secret, sealed.
    pub secret: String,
}

impl RotateEndpointSecret {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.endpoint(world, self.endpoint);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.endpoint)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        after.revision += 1;
        after.secrets = rotated(&before.secrets, &self.secret, stamp.at);
        Ok(Decision::of(Event::EndpointUpdated(intent.told(&after, before)), Outcome::Endpoint(Box::new(after))))
    }
}
