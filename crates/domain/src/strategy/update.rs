//! Change a processing strategy. Orders that named it are not touched.

use super::writable;
use crate::{Decision, Event, Intent, Needs, Outcome, Refusal, Stamp, StrategyRef, StrategyState, World};

/// Change a processing strategy; what is absent stays.
#[derive(Clone, Debug)]
pub struct UpdateStrategy {
    /// The strategy.
    pub strategy: StrategyRef,
    /// Its new name.
    pub name: Option<String>,
    /// Its new description.
    pub description: Option<String>,
    /// Its new state.
    pub state: Option<StrategyState>,
    /// Its new settings: a JSON object, as text.
    pub settings: Option<String>,
}

impl UpdateStrategy {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.strategy(world, self.strategy);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let before = writable(world, intent, self.strategy)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name.clone_from(name);
        }
        if self.description.is_some() {
            after.description.clone_from(&self.description);
        }
        if let Some(settings) = &self.settings {
            after.settings.clone_from(settings);
        }
        after.state = self.state.unwrap_or(before.state);
        if after == *before {
            return Ok(Decision::nothing(Outcome::Strategy(Box::new(after))));
        }
        after.revision += 1;
        Ok(Decision::of(Event::StrategyUpdated(intent.told(&after, before)), Outcome::Strategy(Box::new(after))))
    }
}
