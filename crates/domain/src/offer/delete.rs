//! Delete an offer that has no open orders.

use super::writable;
use crate::{Decision, Event, InUse, Intent, Needs, OfferRef, Outcome, Refusal, Stamp, World};

/// Delete an offer.
#[derive(Clone, Debug)]
pub struct DeleteOffer {
    /// The offer.
    pub offer: OfferRef,
}

impl DeleteOffer {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.offer(world, self.offer);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = writable(world, intent, self.offer)?;
        intent.if_match.check(before.revision)?;
        if before.open_orders > 0 {
            return Err(Refusal::InUse(InUse::Orders));
        }
        let mut after = before.clone();
        after.revision += 1;
        after.deleted_at = Some(stamp.at);
        Ok(Decision::of(Event::OfferDeleted(self.offer), Outcome::Offer(Box::new(after))))
    }
}
