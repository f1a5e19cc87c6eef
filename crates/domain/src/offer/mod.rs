//! Offers: predefined bundles of products, published by one vendor.

mod create;
mod delete;
mod update;

pub use create::{CreateOffer, NewItem};
pub use delete::DeleteOffer;
pub use update::UpdateOffer;

use crate::{Instant, Intent, OfferRef, PartyRef, ProductRef, Refusal, World};
use serde::{Deserialize, Serialize};

/// The most items that the operator may allow: the position of a subscription in its order has ten
/// bits.
pub const ITEMS_MAX: usize = 1000;

/// The most items of a new offer where the operator says nothing else.
pub const ITEMS_MAX_DEFAULT: usize = 50;

/// Whether an offer can be ordered. Any state may follow any other (domain.md, "Resources").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OfferState {
    /// Can be ordered.
    #[default]
    Active,
    /// Cannot be ordered for now.
    Suspended,
    /// Is not sold any more.
    Deactivated,
}

impl OfferState {
    /// Every state.
    pub const ALL: [OfferState; 3] = [OfferState::Active, OfferState::Suspended, OfferState::Deactivated];

    /// The word in capitals, as in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            OfferState::Active => "ACTIVE",
            OfferState::Suspended => "SUSPENDED",
            OfferState::Deactivated => "DEACTIVATED",
        }
    }

    /// Reads the word in capitals.
    pub fn parse(text: &str) -> Option<OfferState> {
        OfferState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One product in an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferItem {
    /// The product.
    pub product: ProductRef,
    /// Its id.
    pub product_id: String,
    /// Connections granted for each unit ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<u64>,
}

/// A predefined bundle of products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// Its ref.
    #[serde(rename = "ref")]
    pub offer: OfferRef,
    /// Whose it is.
    pub vendor: PartyRef,
    /// `<vendor-id>/<name>`; never changes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it can be ordered.
    pub state: OfferState,
    /// What it consists of; never changes.
    pub items: Vec<OfferItem>,
    /// The ids of the strategies that an order of it may name, where it is restricted; never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategies: Option<Vec<String>>,
    /// Grows with every change.
    pub revision: u32,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Instant>,
    /// How many orders of it are `ACTIVE` or `PENDING`: counted by `apply`, told by no event.
    #[serde(skip)]
    pub open_orders: u64,
}

impl Offer {
    /// The id of its vendor: what stands before the slash (domain.md, "Resources").
    pub fn vendor_id(&self) -> &str {
        vendor_id(&self.id)
    }

    /// Whether an update left out what it consists of.
    pub(crate) fn is_abridged(&self) -> bool {
        self.items.is_empty() || self.strategies.as_ref().is_some_and(Vec::is_empty)
    }
}

/// The id of the vendor of the offer with this id.
pub fn vendor_id(offer_id: &str) -> &str {
    offer_id.split_once('/').map_or(offer_id, |(vendor, _)| vendor)
}

/// The living offer within the intent's scope, for those who may change it.
fn writable<'w>(world: &'w World, intent: &Intent, offer: OfferRef) -> Result<&'w Offer, Refusal> {
    world
        .offers
        .get(&offer)
        .filter(|offer| offer.deleted_at.is_none() && intent.scope.has_vendor(offer.vendor))
        .ok_or(Refusal::NotFound)
}
