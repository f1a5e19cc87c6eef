//! Create a supplier, a vendor or a subscriber, with its primary user where one is given.

use super::subscriber_id;
use crate::user::folded;
use crate::{
    Decision, Event, Grant, Intent, Needs, Outcome, Party, PartyKind, PartyRef, Quotas, Refusal, Role, SecretHash,
    Stamp, User, UserRef, World,
};

/// Create a party. Missing names come from the primary user (domain.md, "Resources"); that is settled before.
#[derive(Clone, Debug)]
pub struct CreateParty {
    /// What it shall be; never the operator.
    pub kind: PartyKind,
    /// Its id; a subscriber's is given by the platform instead.
    pub id: String,
    /// Its name.
    pub name: String,
    /// For a subscriber the id of its vendor; needed unless the scope holds exactly one vendor.
    pub vendor_id: Option<String>,
    /// For a subscriber, where to write to.
    pub contact_email: Option<String>,
    /// For a subscriber, its organization.
    pub organization: Option<String>,
    /// The login that the party starts with.
    pub primary_user: Option<PrimaryUser>,
}

/// The first login of a new party, with all rights of the party.
#[derive(Clone, Debug)]
pub struct PrimaryUser {
    /// Its email, also its login.
    pub email: String,
    /// Its first name.
    pub first_name: Option<String>,
    /// Its last name.
    pub last_name: Option<String>,
    /// Its organization.
    pub organization: Option<String>,
    /// The digest of its secret.
    pub secret: SecretHash,
}

impl CreateParty {
    pub(crate) fn needs(&self, intent: &Intent, world: &World, needs: &mut Needs) {
        if self.kind == PartyKind::Subscriber {
            if let Some(vendor_id) = &self.vendor_id {
                needs.party_id(world, PartyKind::Vendor, vendor_id);
            }
            if let Some(vendor) = self.vendor(intent, world) {
                needs.party(world, vendor);
            }
        } else {
            needs.party_id(world, self.kind, &self.id);
        }
        if let Some(user) = &self.primary_user {
            needs.login(world, &user.email);
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let party = match self.kind {
            PartyKind::Operator => return Err(Refusal::AlreadyBootstrapped),
            PartyKind::Supplier | PartyKind::Vendor => self.company(world)?,
            PartyKind::Subscriber => self.subscriber(intent, world)?,
        };
        let user = self.user_of(&party, intent, world, stamp)?;
        let mut events = vec![Event::PartyCreated(party.clone())];
        events.extend(user.clone().map(Event::UserCreated));
        Ok(Decision::first_of(events, Outcome::Party(Box::new(party), user.map(Box::new))))
    }

    fn company(&self, world: &World) -> Result<Party, Refusal> {
        if world.party_ids.get(&(self.kind, self.id.clone())).is_some() {
            return Err(Refusal::IdTaken { attribute: "id" });
        }
        Ok(self.party(PartyRef(world.head.next_ref), self.id.clone(), None))
    }

    fn subscriber(&self, intent: &Intent, world: &World) -> Result<Party, Refusal> {
        if self.vendor_id.is_none() && intent.scope.only_vendor().is_none() {
            let rule = "is needed, because your token does not hold exactly one VENDOR scope".into();
            return Err(Refusal::Invalid { attribute: "vendorId", rule });
        }
        let vendor = self
            .vendor(intent, world)
            .and_then(|vendor| world.parties.get(&vendor))
            .filter(|vendor| vendor.is_within(&intent.scope))
            .ok_or(Refusal::Unknown { attribute: "vendorId" })?;
        vendor.check_open()?;
        let party = PartyRef(world.head.next_ref);
        Ok(self.party(party, subscriber_id(party), Some(vendor)))
    }

    fn vendor(&self, intent: &Intent, world: &World) -> Option<PartyRef> {
        match &self.vendor_id {
            Some(id) => world.party_ids.get_known(&(PartyKind::Vendor, id.clone())).copied(),
            None => intent.scope.only_vendor(),
        }
    }

    fn party(&self, party: PartyRef, id: String, vendor: Option<&Party>) -> Party {
        Party {
            party,
            kind: self.kind,
            id,
            name: self.name.clone(),
            vendor: vendor.map(|vendor| vendor.party),
            vendor_id: vendor.map(|vendor| vendor.id.clone()),
            contact_email: vendor.and(self.contact_email.clone()),
            organization: vendor.and(self.organization.clone()),
            quotas: Quotas::default(),
            revision: 1,
            closing_at: None,
            deleted_at: None,
        }
    }

    fn user_of(&self, party: &Party, intent: &Intent, world: &World, stamp: Stamp) -> Result<Option<User>, Refusal> {
        let Some(user) = &self.primary_user else { return Ok(None) };
        if world.logins.get(&folded(&user.email)).is_some() {
            return Err(Refusal::IdTaken { attribute: "primaryUser.email" });
        }
        Ok(Some(User {
            user: UserRef(world.head.next_ref + 1),
            party: party.party,
            login: user.email.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            organization: user.organization.clone(),
            grants: vec![Grant { kind: party.kind, party: party.party }],
            secrets: vec![user.secret],
            role: Some(Role::Admin),
            created_by: intent.by,
            created_at: Some(stamp.at),
            revision: 1,
            deleted_at: None,
        }))
    }
}
