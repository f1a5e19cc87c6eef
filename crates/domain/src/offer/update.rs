//! Change an offer: its name and its state, nothing else (domain.md, "Resources").

use super::writable;
use crate::{Decision, Event, Intent, Needs, OfferRef, OfferState, Outcome, Refusal, Stamp, World};

/// Change an offer; what is absent stays. Orders of it are not touched.
#[derive(Clone, Debug)]
pub struct UpdateOffer {
    /// The offer.
    pub offer: OfferRef,
    /// Its new name.
    pub name: Option<String>,
    /// Its new state.
    pub state: Option<OfferState>,
}

impl UpdateOffer {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.offer(world, self.offer);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let before = writable(world, intent, self.offer)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name.clone_from(name);
        }
        after.state = self.state.unwrap_or(before.state);
        if after == *before {
            return Ok(Decision::nothing(Outcome::Offer(Box::new(after))));
        }
        after.revision += 1;
        Ok(Decision::of(Event::OfferUpdated(intent.told(&after, before)), Outcome::Offer(Box::new(after))))
    }
}
