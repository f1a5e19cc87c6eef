//! Delete a product that no offer contains and nobody is subscribed to.

use super::writable;
use crate::world::Fact;
use crate::{Decision, Event, InUse, Intent, Needs, Outcome, ProductKind, ProductRef, Refusal, Stamp, World};

/// Delete a product.
#[derive(Clone, Debug)]
pub struct DeleteProduct {
    /// The kind that the path names.
    pub kind: ProductKind,
    /// The product.
    pub product: ProductRef,
}

impl DeleteProduct {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.product(world, self.product);
        needs.fact(world, Fact::OffersWith(self.product));
        needs.fact(world, Fact::OpenSubscriptionsTo(self.product));
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = writable(world, intent, self.kind, self.product)?;
        intent.if_match.check(before.revision)?;
        if world.fact(Fact::OffersWith(self.product)) {
            return Err(Refusal::InUse(InUse::Offers));
        }
        if world.fact(Fact::OpenSubscriptionsTo(self.product)) {
            return Err(Refusal::InUse(InUse::Orders));
        }
        let mut after = before.clone();
        after.revision += 1;
        after.deleted_at = Some(stamp.at);
        Ok(Decision::of(Event::ProductDeleted(self.product), Outcome::Product(Box::new(after))))
    }
}
