//! Change a user. Other scopes mean another token: the one that it has dies.

use super::{check_grants, living};
use crate::{Decision, Event, Grant, Intent, Needs, Outcome, Refusal, Stamp, UserRef, World};

/// Change a user; what is absent stays.
#[derive(Clone, Debug)]
pub struct UpdateUser {
    /// The user.
    pub user: UserRef,
    /// Its new first name.
    pub first_name: Option<String>,
    /// Its new last name.
    pub last_name: Option<String>,
    /// Its new organization.
    pub organization: Option<String>,
    /// Its new scopes; not empty.
    pub grants: Option<Vec<Grant>>,
}

impl UpdateUser {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.user(world, self.user);
        needs.token(world, self.user);
        for grant in self.grants.iter().flatten() {
            needs.party(world, grant.party);
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let before = living(world, intent, self.user)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        for (slot, value) in [
            (&mut after.first_name, &self.first_name),
            (&mut after.last_name, &self.last_name),
            (&mut after.organization, &self.organization),
        ] {
            if value.is_some() {
                slot.clone_from(value);
            }
        }
        if let Some(grants) = &self.grants {
            check_grants(world, intent, grants)?;
            after.grants.clone_from(grants);
        }
        if after == *before {
            return Ok(Decision::nothing(Outcome::User(Box::new(after))));
        }
        after.revision += 1;
        let mut events = vec![Event::UserUpdated(after.clone())];
        if after.grants != before.grants && world.tokens.get(&self.user).is_some() {
            events.push(Event::TokenRevoked(self.user));
        }
        Ok(Decision { events, outcome: Outcome::User(Box::new(after)) })
    }
}
