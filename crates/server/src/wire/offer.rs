//! Offers as the API shows them.

use super::{Count, as_text};
use orderpark_domain::OfferRef;
use serde::Serialize;

/// An offer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: OfferRef,
    id: &'a str,
    name: &'a str,
    state: &'static str,
    items: Vec<OfferItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_strategy_ids: Option<&'a [String]>,
}

/// A product in an offer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferItem<'a> {
    product_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_connections: Option<Count>,
}

impl<'a> Offer<'a> {
    /// Shows an offer.
    pub fn of(offer: &'a orderpark_domain::Offer) -> Offer<'a> {
        let item = |item: &'a orderpark_domain::OfferItem| OfferItem {
            product_id: &item.product_id,
            granted_connections: item.granted.map(Count),
        };
        Offer {
            own_ref: offer.offer,
            id: &offer.id,
            name: &offer.name,
            state: offer.state.as_str(),
            items: offer.items.iter().map(item).collect(),
            processing_strategy_ids: offer.strategies.as_deref(),
        }
    }
}
