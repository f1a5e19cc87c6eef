//! Delete a processing strategy that no offer names. Orders that named it keep its id.

use super::writable;
use crate::world::Fact;
use crate::{Decision, Event, InUse, Intent, Needs, Outcome, Refusal, Stamp, StrategyRef, World};

/// Delete a processing strategy.
#[derive(Clone, Debug)]
pub struct DeleteStrategy {
    /// The strategy.
    pub strategy: StrategyRef,
}

impl DeleteStrategy {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.strategy(world, self.strategy);
        needs.fact(world, Fact::OffersNaming(self.strategy));
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = writable(world, intent, self.strategy)?;
        intent.if_match.check(before.revision)?;
        if world.fact(Fact::OffersNaming(self.strategy)) {
            return Err(Refusal::InUse(InUse::Offers));
        }
        let mut after = before.clone();
        after.revision += 1;
        after.deleted_at = Some(stamp.at);
        Ok(Decision::of(Event::StrategyDeleted(self.strategy), Outcome::Strategy(Box::new(after))))
    }
}
