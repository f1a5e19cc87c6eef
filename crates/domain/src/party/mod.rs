//! Parties: the operator, suppliers, vendors, subscribers.

mod bootstrap;
mod closing;
mod create;
mod delete;
mod update;

pub use bootstrap::{Bootstrap, OPERATOR};
pub use closing::{ContinueClosing, PARTS_AT_ONCE};
pub use create::{CreateParty, PrimaryUser};
pub use delete::DeleteParty;
pub use update::UpdateParty;

use crate::{Action, Instant, PartyRef, Quotas, Refusal, Scope};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PartyKind {
    /// Runs the platform; exactly one.
    Operator,
    /// Makes products.
    Supplier,
    /// Makes offers, owns subscribers.
    Vendor,
    /// Buys.
    Subscriber,
}

impl PartyKind {
    /// Every kind.
    pub const ALL: [PartyKind; 4] =
        [PartyKind::Operator, PartyKind::Supplier, PartyKind::Vendor, PartyKind::Subscriber];

    /// The word in capitals, as in scopes and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            PartyKind::Operator => "OPERATOR",
            PartyKind::Supplier => "SUPPLIER",
            PartyKind::Vendor => "VENDOR",
            PartyKind::Subscriber => "SUBSCRIBER",
        }
    }

    /// Reads the word in capitals.
    pub fn parse(text: &str) -> Option<PartyKind> {
        PartyKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The action that changes parties of this kind; the operator is not changed through the API.
    pub fn write_action(self) -> Action {
        match self {
            PartyKind::Operator | PartyKind::Supplier => Action::WriteSuppliers,
            PartyKind::Vendor => Action::WriteVendors,
            PartyKind::Subscriber => Action::WriteSubscribers,
        }
    }
}

impl fmt::Display for PartyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A party. What only subscribers have is absent from the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// Its ref.
    #[serde(rename = "ref")]
    pub party: PartyRef,
    /// What it is.
    pub kind: PartyKind,
    /// Its business identifier; never changes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The vendor it buys from; subscribers only, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<PartyRef>,
    /// The id of that vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<String>,
    /// Where to write to; subscribers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_email: Option<String>,
    /// Its organization; subscribers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The quotas that are set for it.
    #[serde(default, skip_serializing_if = "Quotas::is_empty")]
    pub quotas: Quotas,
    /// Grows with every change.
    pub revision: u32,
    /// Since when it is being closed: it is deleted as soon as nothing of it is left. Told by the
    /// start of the closing alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing_at: Option<Instant>,
    /// When it was deleted; its history stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Instant>,
}

/// What a subscriber's id is ahead of its ref (domain.md, conventions).
const SUBSCRIBER_ID_BASE: u64 = 100_000_000;

/// The id of the subscriber with this ref: nine digits.
pub fn subscriber_id(subscriber: PartyRef) -> String {
    (SUBSCRIBER_ID_BASE + subscriber.0).to_string()
}

/// The subscriber with this id.
pub fn subscriber_with_id(id: &str) -> Option<PartyRef> {
    let PartyRef(number) = PartyRef::parse(id)?;
    number.checked_sub(SUBSCRIBER_ID_BASE).filter(|number| *number > 0).map(PartyRef)
}

impl Party {
    /// Whether it lives and lies within `scope`.
    pub(crate) fn is_within(&self, scope: &Scope) -> bool {
        self.deleted_at.is_none() && self.is_of(scope)
    }

    /// The party after its deletion.
    pub(crate) fn end(&mut self, at: Instant) {
        self.revision += 1;
        self.deleted_at = Some(at);
    }

    /// Checks that something new may be made for it: it is not being closed.
    pub(crate) fn check_open(&self) -> Result<(), Refusal> {
        if self.closing_at.is_some() { Err(Refusal::PartyClosing { kind: self.kind }) } else { Ok(()) }
    }

    /// Whether it lies, or lay, within `scope`.
    pub(crate) fn is_of(&self, scope: &Scope) -> bool {
        match self.kind {
            PartyKind::Operator => scope.is_everything(),
            PartyKind::Supplier => scope.has_supplier(self.party),
            PartyKind::Vendor => scope.has_vendor(self.party),
            PartyKind::Subscriber => self.vendor.is_some_and(|vendor| scope.has_subscriber(self.party, vendor)),
        }
    }
}
