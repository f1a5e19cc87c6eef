//! The first entry of every journal: the operator, its first user, and the predefined strategies.

use crate::{
    Decision, Event, Grant, Intent, Needs, Outcome, Party, PartyKind, PartyRef, Quotas, Refusal, Role, SecretHash,
    Stamp, Strategy, StrategyRef, StrategyState, User, UserRef, World,
};

/// Make the operator. Refused once there is one.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// The operator's id.
    pub operator_id: String,
    /// The login of its first client, the part of the `client_id` after the profile.
    pub login: String,
    /// The digest of that client's secret.
    pub secret: SecretHash,
}

/// The operator is the first party of every deployment.
pub const OPERATOR: PartyRef = PartyRef(1);

const FIRST_USER: UserRef = UserRef(2);
const FIRST_STRATEGY: u64 = 3;

/// The strategies that public clients name (domain.md, "Resources"), with what each is for.
const PREDEFINED: [(&str, &str); 4] = [
    ("DATAFLOW", "Hand the data to the data flows that the subscriber has set up"),
    ("DEFAULTRP", "Hand the data to the default routing profile"),
    ("IOT_FLOW", "Hand the data to the IoT flows that the subscriber has set up"),
    ("ROUTE", "Hand the data to one route as it comes"),
];

impl Bootstrap {
    #[allow(clippy::unused_self, reason = "every command has the same two functions")]
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.party(world, OPERATOR);
    }

    pub(crate) fn decide(&self, _: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        if world.parties.get(&OPERATOR).is_some() {
            return Err(Refusal::AlreadyBootstrapped);
        }
        let mut events = vec![Event::PartyCreated(self.operator()), Event::UserCreated(self.first_user(stamp))];
        events.extend((FIRST_STRATEGY..).zip(PREDEFINED).map(|(number, (id, description))| {
            Event::StrategyCreated(Strategy {
                strategy: StrategyRef(number),
                vendor: None,
                id: id.to_owned(),
                name: id.to_owned(),
                description: Some(description.to_owned()),
                state: StrategyState::Active,
                settings: "{}".to_owned(),
                revision: 1,
                deleted_at: None,
            })
        }));
        Ok(Decision::first_of(events, Outcome::User(Box::new(self.first_user(stamp)))))
    }

    fn operator(&self) -> Party {
        Party {
            party: OPERATOR,
            kind: PartyKind::Operator,
            id: self.operator_id.clone(),
            name: self.operator_id.clone(),
            vendor: None,
            vendor_id: None,
            contact_email: None,
            organization: None,
            quotas: Quotas::default(),
            revision: 1,
            closing_at: None,
            deleted_at: None,
        }
    }

    fn first_user(&self, stamp: Stamp) -> User {
        User {
            user: FIRST_USER,
            party: OPERATOR,
            login: self.login.clone(),
            first_name: Some("Platform".to_owned()),
            last_name: Some("Operator".to_owned()),
            organization: Some(self.operator_id.clone()),
            grants: vec![Grant { kind: PartyKind::Operator, party: OPERATOR }],
            secrets: vec![self.secret],
            role: Some(Role::Admin),
            created_by: None,
            created_at: Some(stamp.at),
            revision: 1,
            deleted_at: None,
        }
    }
}
