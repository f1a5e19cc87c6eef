//! Create a webhook endpoint.

use super::{Endpoint, EndpointState, SealedSecret};
use crate::feed::Kind;
use crate::{Decision, EndpointRef, Event, Grant, Intent, Needs, Outcome, Party, Quota, Refusal, Stamp, World, quota};

/// Create a webhook endpoint. It hears of what happens from now on.
#[derive(Clone, Debug)]
pub struct CreateEndpoint {
    /// Whose it shall be; absent: the one party that the scope holds.
    pub owner: Option<Grant>,
    /// Where to tell.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which kinds of events; absent: all.
    pub kinds: Option<Vec<Kind>>,
    /// Its secret, sealed.
    pub secret: String,
}

impl CreateEndpoint {
    pub(crate) fn needs(&self, intent: &Intent, world: &World, needs: &mut Needs) {
        if let Some(owner) = self.owner(intent) {
            needs.party(world, owner.party);
            quota::needs_of(intent, world, needs, owner.party, Quota::Endpoints);
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let needed = || Refusal::Invalid {
            attribute: "scope",
            rule: "is needed, because your token does not hold exactly one scope".into(),
        };
        let owner = self.owner(intent).ok_or_else(needed)?;
        let lives = |party: &&Party| party.kind == owner.kind && party.deleted_at.is_none();
        let party = world.parties.get(&owner.party).filter(lives).filter(|_| intent.scope.holds(owner));
        let party = party.ok_or(Refusal::Unknown { attribute: "scope" })?;
        party.check_open()?;
        quota::check(intent, world, party, Quota::Endpoints)?;
        let endpoint = Endpoint {
            endpoint: EndpointRef(world.head.next_ref),
            owner,
            url: self.url.clone(),
            description: self.description.clone(),
            kinds: self.kinds.clone(),
            secrets: vec![SealedSecret { sealed: self.secret.clone(), made_at: stamp.at }],
            state: EndpointState::Enabled,
            disabled: None,
            created_at: stamp.at,
            created_by: intent.by,
            revision: 1,
            deleted_at: None,
        };
        Ok(Decision::of(Event::EndpointCreated(endpoint.clone()), Outcome::Endpoint(Box::new(endpoint))))
    }

    fn owner(&self, intent: &Intent) -> Option<Grant> {
        self.owner.or_else(|| intent.scope.only_grant())
    }
}
