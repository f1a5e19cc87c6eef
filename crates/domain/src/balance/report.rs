//! Report how many connections of a product a subscriber uses: the supplier's act, or the operator's.

use crate::{
    Balance, Decision, Event, Intent, Needs, Outcome, PartyKind, PartyRef, ProductKind, ProductRef, Refusal, Stamp,
    World,
};

/// Say how many connections are in use now.
#[derive(Clone, Debug)]
pub struct ReportUsage {
    /// The subscriber.
    pub subscriber: PartyRef,
    /// The product.
    pub product: ProductRef,
    /// Connections in use.
    pub used: u64,
}

impl ReportUsage {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.product(world, self.product);
        needs.party(world, self.subscriber);
        needs.balance(world, self.subscriber, self.product);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let product = world
            .products
            .get(&self.product)
            .filter(|product| product.kind == ProductKind::ConnectivityPlan && product.deleted_at.is_none())
            .filter(|product| intent.scope.has_supplier(product.supplier))
            .ok_or(Refusal::NotFound)?;
        intent.if_match.check(product.revision)?;
        let before = world.balance(self.subscriber, self.product);
        self.check_subscriber(intent, world, &before)?;
        if self.used > before.granted {
            return Err(Refusal::ConnectionsNotGranted { granted: before.granted });
        }
        let after = Balance { used: self.used, ..before };
        if after == before {
            return Ok(Decision::nothing(Outcome::Balance(after)));
        }
        if self.used > before.used {
            world.check_open(self.subscriber)?;
        }
        let event = Event::UsageReported { subscriber: self.subscriber, product: self.product, used: self.used };
        Ok(Decision::of(event, Outcome::Balance(after)))
    }

    /// A supplier learns of a subscriber only through a subscription to its product.
    fn check_subscriber(&self, intent: &Intent, world: &World, balance: &Balance) -> Result<(), Refusal> {
        let lives = world
            .parties
            .get(&self.subscriber)
            .is_some_and(|party| party.kind == PartyKind::Subscriber && party.deleted_at.is_none());
        if lives && (intent.scope.is_everything() || balance.subscriptions > 0) {
            Ok(())
        } else {
            Err(Refusal::Unknown { attribute: "subscriberId" })
        }
    }
}
