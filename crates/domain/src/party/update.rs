//! Change what may change of a party: its name, and of a subscriber how to reach it.

use crate::{Decision, Event, Intent, Needs, Outcome, Party, PartyKind, PartyRef, Refusal, Stamp, World};

/// Change a party; what is absent stays.
#[derive(Clone, Debug)]
pub struct UpdateParty {
    /// The kind that the path names.
    pub kind: PartyKind,
    /// The party.
    pub party: PartyRef,
    /// Its new name.
    pub name: Option<String>,
    /// Its new contact; subscribers only.
    pub contact_email: Option<String>,
    /// Its new organization; subscribers only.
    pub organization: Option<String>,
}

impl UpdateParty {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.party(world, self.party);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.kind, self.party)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name.clone_from(name);
        }
        if self.contact_email.is_some() {
            after.contact_email.clone_from(&self.contact_email);
        }
        if self.organization.is_some() {
            after.organization.clone_from(&self.organization);
        }
        if after == *before {
            return Ok(Decision::nothing(Outcome::Party(Box::new(after), None)));
        }
        after.revision += 1;
        Ok(Decision::of(Event::PartyUpdated(after.clone()), Outcome::Party(Box::new(after), None)))
    }
}

/// The living party of this kind within the intent's scope.
pub(super) fn living<'w>(
    world: &'w World,
    intent: &Intent,
    kind: PartyKind,
    party: PartyRef,
) -> Result<&'w Party, Refusal> {
    world
        .parties
        .get(&party)
        .filter(|party| party.kind == kind && party.is_within(&intent.scope))
        .ok_or(Refusal::NotFound)
}
