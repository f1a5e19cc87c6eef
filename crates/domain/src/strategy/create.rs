//! Create a processing strategy. An id with a slash names its vendor; one without is the operator's.

use crate::{
    Decision, Event, Intent, Needs, Outcome, PartyKind, PartyRef, Refusal, Stamp, Strategy, StrategyRef, StrategyState,
    World,
};

/// Create a processing strategy.
#[derive(Clone, Debug)]
pub struct CreateStrategy {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// Whether it can be named on orders at once.
    pub state: StrategyState,
    /// Its settings: a JSON object, as text.
    pub settings: String,
}

impl CreateStrategy {
    fn vendor_id(&self) -> Option<&str> {
        self.id.split_once('/').map(|(vendor, _)| vendor)
    }

    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.strategy_id(world, &self.id);
        if let Some(vendor_id) = self.vendor_id() {
            needs.party_named(world, PartyKind::Vendor, vendor_id);
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let vendor = self.owner(intent, world)?;
        vendor.map_or(Ok(()), |vendor| world.check_open(vendor))?;
        if world.strategy_ids.get(&self.id).is_some() {
            return Err(Refusal::IdTaken { attribute: "id" });
        }
        let strategy = Strategy {
            strategy: StrategyRef(world.head.next_ref),
            vendor,
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            state: self.state,
            settings: self.settings.clone(),
            revision: 1,
            deleted_at: None,
        };
        Ok(Decision::of(Event::StrategyCreated(strategy.clone()), Outcome::Strategy(Box::new(strategy))))
    }

    fn owner(&self, intent: &Intent, world: &World) -> Result<Option<PartyRef>, Refusal> {
        let wrong = |rule: &'static str| Refusal::Invalid { attribute: "id", rule: rule.into() };
        match self.vendor_id() {
            None if intent.scope.is_everything() => Ok(None),
            None => Err(wrong("must start with your vendor id, followed by a slash")),
            Some(vendor_id) => world
                .party_ids
                .get(&(PartyKind::Vendor, vendor_id.to_owned()))
                .copied()
                .filter(|vendor| intent.scope.has_vendor(*vendor))
                .map(Some)
                .ok_or_else(|| wrong("must start with the id of a vendor in your scope, followed by a slash")),
        }
    }
}
