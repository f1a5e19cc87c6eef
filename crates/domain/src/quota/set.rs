//! Set the quotas of a party.

use super::Quota;
use crate::{Decision, Event, Intent, Needs, Outcome, PartyRef, Refusal, Stamp, World};

/// Set quotas of a party; those that are not named stay. What a party has beyond a new quota it
/// keeps.
#[derive(Clone, Debug)]
pub struct SetQuotas {
    /// The party.
    pub party: PartyRef,
    /// The new values; `None`: the default.
    pub changes: Vec<(Quota, Option<u32>)>,
}

impl SetQuotas {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.party(world, self.party);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let before = world.parties.get(&self.party).filter(|party| party.is_within(&intent.scope));
        let before = before.ok_or(Refusal::NotFound)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        for (quota, value) in &self.changes {
            after.quotas = after.quotas.with(*quota, *value);
        }
        if after == *before {
            return Ok(Decision::nothing(Outcome::Party(Box::new(after), None)));
        }
        after.revision += 1;
        let event = Event::QuotasSet { party: after.party, quotas: after.quotas };
        Ok(Decision::of(event, Outcome::Party(Box::new(after), None)))
    }
}
