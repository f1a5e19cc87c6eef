//! Change a user. Other scopes mean another token: the one that it has dies.

use super::{acts_for_operator, check_grants, living};
use crate::party::OPERATOR;
use crate::world::Fact;
use crate::{Decision, Event, Grant, InUse, Intent, Needs, Outcome, Refusal, Role, Stamp, User, UserRef, World};

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
    /// Its new role.
    pub role: Option<Role>,
}

impl UpdateUser {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.user(world, self.user);
        needs.token(world, self.user);
        if self.is_about_rights() && world.users.get_known(&self.user).is_some_and(User::acts_for_operator) {
            needs.fact(world, Fact::OperatorBesides(self.user));
        }
        for grant in self.grants.iter().flatten() {
            needs.party(world, grant.party);
        }
    }

    /// Whether it changes what the user may do.
    pub(crate) fn is_about_rights(&self) -> bool {
        self.grants.is_some() || self.role.is_some()
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
            check_new_grants(world, intent, before, grants)?;
            after.grants.clone_from(grants);
        }
        if self.role.is_some_and(|role| role != before.role()) {
            after.role = self.role;
        }
        if before.can_act_for_operator()
            && !after.can_act_for_operator()
            && !world.fact(Fact::OperatorBesides(self.user))
        {
            return Err(Refusal::InUse(InUse::LastOperator));
        }
        if after == *before {
            return Ok(Decision::nothing(Outcome::User(Box::new(after))));
        }
        after.revision += 1;
        let mut events = vec![Event::UserUpdated(intent.told(&after, before))];
        if after.grants != before.grants && world.tokens.get(&self.user).is_some() {
            events.push(Event::TokenRevoked(self.user));
        }
        Ok(Decision::first_of(events, Outcome::User(Box::new(after))))
    }
}

/// Scopes that the user holds already may be sent again, also where their party is gone since.
fn check_new_grants(world: &World, intent: &Intent, before: &User, grants: &[Grant]) -> Result<(), Refusal> {
    if grants.is_empty() {
        return Err(Refusal::Unknown { attribute: "scopes" });
    }
    let added: Vec<Grant> = grants.iter().filter(|grant| !before.grants.contains(grant)).copied().collect();
    check_grants(world, intent, &added)?;
    if before.party != OPERATOR && acts_for_operator(&added) {
        let rule = "must not name the operator: this user belongs to another party".into();
        return Err(Refusal::Invalid { attribute: "scopes", rule });
    }
    Ok(())
}
