//! Wishes: a command with who asks for it, under which key, with which precondition; and short words for commands.

use super::No;
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::endpoint::{
    CreateEndpoint, DeleteEndpoint, DisableEndpoint, RotateEndpointSecret, UpdateEndpoint,
};
use orderpark_domain::offer::{CreateOffer, DeleteOffer, ITEMS_MAX_DEFAULT, NewItem, UpdateOffer};
use orderpark_domain::order::{CancelOrder, OfferName, PlaceOrder, SettleOrder};
use orderpark_domain::party::{Bootstrap, ContinueClosing, CreateParty, DeleteParty, PrimaryUser, UpdateParty};
use orderpark_domain::product::{CreateProduct, DeleteProduct, RotateNotificationSecret, UpdateProduct};
use orderpark_domain::quota::SetQuotas;
use orderpark_domain::strategy::{CreateStrategy, DeleteStrategy, UpdateStrategy};
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::token::{IssueToken, RevokeToken};
use orderpark_domain::user::{ContainUser, CreateUser, DeleteUser, RotateSecret, UpdateUser};
use orderpark_domain::{
    Action, Caller, Command, EndpointRef, IfMatch, Intent, OfferState, Order, Outcome, PartyKind, PartyRef,
    ProductKind, Quota, Refusal, RequestKey, Scope, SecretHash, StrategyState, UserRef,
};

/// Whatever can be asked for.
pub trait Asked {
    fn command(self) -> Command;
}

impl Asked for Command {
    fn command(self) -> Command {
        self
    }
}

macro_rules! asked {
    ($($name:ident),+) => {
        $(impl Asked for $name {
            fn command(self) -> Command {
                Command::$name(self)
            }
        })+
    };
}
asked!(
    Bootstrap,
    CreateParty,
    UpdateParty,
    SetQuotas,
    DeleteParty,
    ContinueClosing,
    CreateUser,
    UpdateUser,
    RotateSecret,
    DeleteUser,
    ContainUser,
    CreateProduct,
    UpdateProduct,
    DeleteProduct,
    RotateNotificationSecret,
    CreateOffer,
    UpdateOffer,
    DeleteOffer,
    CreateStrategy,
    UpdateStrategy,
    DeleteStrategy,
    PlaceOrder,
    SettleOrder,
    CancelOrder,
    ChangeSubscription,
    ReportUsage,
    CreateEndpoint,
    UpdateEndpoint,
    RotateEndpointSecret,
    DisableEndpoint,
    DeleteEndpoint,
    IssueToken,
    RevokeToken
);

/// Somebody asks for something.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who; nobody: the program itself.
    pub who: Option<Caller>,
    pub command: Command,
    key: Option<String>,
    if_match: IfMatch,
    dry_run: bool,
}

impl Wish {
    pub fn by(who: Caller, what: impl Asked) -> Wish {
        Wish { who: Some(who), command: what.command(), key: None, if_match: IfMatch::Anything, dry_run: false }
    }

    pub fn by_system(what: impl Asked) -> Wish {
        Wish { who: None, command: what.command(), key: None, if_match: IfMatch::Anything, dry_run: false }
    }

    /// Under this `Idempotency-Key`.
    pub fn key(self, key: &str) -> Wish {
        Wish { key: Some(key.to_owned()), ..self }
    }

    /// As a dry run.
    pub fn dry(self, dry_run: bool) -> Wish {
        Wish { dry_run, ..self }
    }

    /// Only if the object has one of these revisions.
    pub fn if_match(self, revisions: &[u32]) -> Wish {
        Wish { if_match: IfMatch::Revisions(revisions.to_vec()), ..self }
    }

    /// The row of the access table that this is; none for what only the program itself asks.
    pub fn action(&self) -> Option<Action> {
        Some(match &self.command {
            Command::CreateParty(CreateParty { kind, .. })
            | Command::UpdateParty(UpdateParty { kind, .. })
            | Command::DeleteParty(DeleteParty { kind, .. }) => kind.write_action(),
            Command::CreateUser(_) | Command::UpdateUser(_) | Command::RotateSecret(_) | Command::DeleteUser(_) => {
                Action::WriteUsers
            }
            Command::ContainUser(_) => Action::ContainUser,
            Command::SetQuotas(_) => Action::WriteQuotas,
            Command::CreateProduct(_)
            | Command::UpdateProduct(_)
            | Command::RotateNotificationSecret(_)
            | Command::DeleteProduct(_)
            | Command::ReportUsage(_) => Action::WriteProducts,
            Command::CreateOffer(_) | Command::UpdateOffer(_) | Command::DeleteOffer(_) => Action::WriteOffers,
            Command::CreateStrategy(_) | Command::UpdateStrategy(_) | Command::DeleteStrategy(_) => {
                Action::WriteStrategies
            }
            Command::PlaceOrder(_) => Action::PlaceOrder,
            Command::CancelOrder(_) => Action::CancelOrder,
            Command::ChangeSubscription(_) => Action::WriteSubscriptions,
            Command::CreateEndpoint(_)
            | Command::UpdateEndpoint(_)
            | Command::RotateEndpointSecret(_)
            | Command::DeleteEndpoint(_) => Action::WriteEndpoints,
            Command::Bootstrap(_)
            | Command::ContinueClosing(_)
            | Command::SettleOrder(_)
            | Command::DisableEndpoint(_)
            | Command::IssueToken(_)
            | Command::RevokeToken(_) => return None,
        })
    }

    /// The intent, with a request key whose fingerprint is the command itself.
    pub fn into_intent(self, scope: Scope) -> Intent {
        let by = self.who.as_ref().map(Caller::user);
        let action = self.action().map_or("", Action::name);
        let request = self.key.zip(by).map(|(key, client)| RequestKey {
            client,
            key: digest(&format!("{action}\0{key}")),
            fingerprint: digest(&format!("{:?}", self.command)),
        });
        let Wish { command, if_match, dry_run, .. } = self;
        Intent { by, request, if_match, dry_run, ..Intent::by(UserRef(0), scope, command) }
    }
}

/// Sixteen bytes that tell texts apart well enough for tests (FNV-1a).
pub fn digest(text: &str) -> [u8; 16] {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in text.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B);
    }
    hash.to_be_bytes()
}

/// A secret's digest.
pub fn secret(number: u8) -> SecretHash {
    SecretHash([number; 32])
}

/// One of an offer for a subscriber; suppliers can be asked.
pub fn place(offer: &str, subscriber: PartyRef) -> PlaceOrder {
    PlaceOrder {
        offer: OfferName::Id(offer.to_owned()),
        subscriber: Some(subscriber),
        quantity: 1,
        external_id: None,
        strategy: None,
        can_ask_suppliers: true,
    }
}

/// One quota of a party.
pub fn quota(party: PartyRef, quota: Quota, value: Option<u32>) -> SetQuotas {
    SetQuotas { party, changes: vec![(quota, value)] }
}

pub fn cancel(order: &Order) -> CancelOrder {
    CancelOrder { order: order.order }
}

pub fn party(kind: PartyKind, id: &str) -> CreateParty {
    CreateParty {
        kind,
        id: id.to_owned(),
        name: id.to_owned(),
        vendor_id: None,
        contact_email: None,
        organization: None,
        primary_user: Some(primary_user(id)),
    }
}

pub fn primary_user(name: &str) -> PrimaryUser {
    PrimaryUser {
        email: format!("{name}@test"),
        first_name: None,
        last_name: None,
        organization: None,
        secret: secret(1),
    }
}

pub fn subscriber(name: &str, vendor_id: &str) -> CreateParty {
    CreateParty { vendor_id: Some(vendor_id.to_owned()), ..party(PartyKind::Subscriber, name) }
}

pub fn plan(id: &str) -> CreateProduct {
    CreateProduct {
        kind: ProductKind::ConnectivityPlan,
        id: id.to_owned(),
        name: id.to_owned(),
        portal_url: None,
        notification: None,
    }
}

pub fn offer(id: &str, items: &[(&str, Option<u64>)]) -> CreateOffer {
    let item = |(id, granted): &(&str, Option<u64>)| NewItem { product_id: (*id).to_owned(), granted: *granted };
    CreateOffer {
        id: id.to_owned(),
        name: id.to_owned(),
        state: OfferState::Active,
        items: items.iter().map(item).collect(),
        items_max: ITEMS_MAX_DEFAULT,
        strategies: None,
    }
}

pub fn strategy(id: &str) -> CreateStrategy {
    CreateStrategy {
        id: id.to_owned(),
        name: id.to_owned(),
        description: None,
        state: StrategyState::Active,
        settings: "{}".to_owned(),
    }
}

/// The order that was answered.
pub fn order_of(outcome: &Outcome) -> Order {
    match outcome {
        Outcome::Order(order) | Outcome::Subscription(order, _) => (**order).clone(),
        other => panic!("not an order: {other:?}"),
    }
}

pub fn refused(refusal: Refusal) -> Result<(), No> {
    Err(No::Refused(refusal))
}

pub fn unknown(attribute: &'static str) -> Result<(), No> {
    refused(Refusal::Unknown { attribute })
}

pub fn not_orderable(state: Option<&'static str>) -> Refusal {
    Refusal::OfferNotOrderable { state }
}

/// Refused as not valid; the rule in words is not compared.
pub fn invalid(attribute: &'static str) -> Result<(), No> {
    refused(Refusal::Invalid { attribute, rule: "".into() })
}

/// An endpoint that wants everything.
pub fn endpoint(url: &str) -> CreateEndpoint {
    CreateEndpoint { owner: None, url: url.into(), description: None, kinds: None, secret: "sealed".into() }
}

/// Nothing but another description.
pub fn rename_endpoint(endpoint: EndpointRef, description: &str) -> UpdateEndpoint {
    UpdateEndpoint { endpoint, url: None, description: Some(description.into()), kinds: None, state: None }
}
