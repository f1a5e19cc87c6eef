//! Create a user of one party.

use super::{acts_for_operator, check_grants, folded};
use crate::party::OPERATOR;
use crate::{
    Decision, Event, Grant, Intent, Needs, Outcome, PartyRef, Quota, Refusal, Role, SecretHash, Stamp, User, UserRef,
    World, quota,
};

/// Create a user. Its party is that of its first scope, or the operator where one of them is the operator's.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// Its email, also its login.
    pub email: String,
    /// Its first name.
    pub first_name: Option<String>,
    /// Its last name.
    pub last_name: Option<String>,
    /// Its organization.
    pub organization: Option<String>,
    /// What its tokens may touch; not empty, without repetition.
    pub grants: Vec<Grant>,
    /// The digest of its secret.
    pub secret: SecretHash,
    /// Its role.
    pub role: Role,
}

impl CreateUser {
    pub(crate) fn needs(&self, intent: &Intent, world: &World, needs: &mut Needs) {
        needs.login(world, &self.email);
        for grant in &self.grants {
            needs.party(world, grant.party);
        }
        if let Ok(party) = self.party() {
            quota::needs_of(intent, world, needs, party, Quota::Users);
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        check_grants(world, intent, &self.grants)?;
        let party = self.party()?;
        // First, so that a party at its limit does not go on asking which logins are taken.
        let row = world.parties.get(&party).ok_or(Refusal::Unknown { attribute: "scopes" })?;
        quota::check(intent, world, row, Quota::Users)?;
        if world.logins.get(&folded(&self.email)).is_some() {
            return Err(Refusal::IdTaken { attribute: "email" });
        }
        let user = User {
            user: UserRef(world.head.next_ref),
            party,
            login: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            organization: self.organization.clone(),
            grants: self.grants.clone(),
            secrets: vec![self.secret],
            role: Some(self.role),
            created_by: intent.by,
            created_at: Some(stamp.at),
            revision: 1,
            deleted_at: None,
        };
        Ok(Decision::of(Event::UserCreated(user.clone()), Outcome::User(Box::new(user))))
    }

    fn party(&self) -> Result<PartyRef, Refusal> {
        if acts_for_operator(&self.grants) {
            return Ok(OPERATOR);
        }
        self.grants.first().map(|grant| grant.party).ok_or(Refusal::Unknown { attribute: "scopes" })
    }
}
