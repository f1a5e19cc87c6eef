//! Parties as the API shows them.

use super::time::Time;
use super::{FirstUser, as_text};
use orderpark_domain::{Instant, PartyRef};
use serde::Serialize;

/// The progress of the closing of a party.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    since: Time,
    open_orders: String,
}

impl Closing {
    /// So far open orders are counted; where there are as many, a plus says that there may be more.
    pub const COUNTED_MAX: u32 = 1000;

    /// Shows since when a party is being closed, and how many of its orders are still open.
    pub fn of(since: Instant, open_orders: u64) -> Closing {
        let more = if open_orders >= u64::from(Self::COUNTED_MAX) { "+" } else { "" };
        Closing { since: Time(since), open_orders: format!("{open_orders}{more}") }
    }
}

/// A supplier or a vendor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Party<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: PartyRef,
    id: &'a str,
    name: &'a str,
    /// The progress of its closing; only of a party that is being closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_user: Option<FirstUser<'a>>,
}

impl<'a> Party<'a> {
    /// Shows a party; with its first user where one was just made.
    pub fn of(party: &'a orderpark_domain::Party, primary_user: Option<FirstUser<'a>>) -> Party<'a> {
        Party { own_ref: party.party, id: &party.id, name: &party.name, closing: None, primary_user }
    }
}

/// A subscriber. Contact and organization are always there, empty where there are none: typed
/// clients need them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscriber<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: PartyRef,
    id: &'a str,
    name: &'a str,
    contact_email: &'a str,
    organization: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_id: Option<&'a str>,
    /// The progress of its closing; only of a party that is being closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_user: Option<FirstUser<'a>>,
}

impl<'a> Subscriber<'a> {
    /// Shows a subscriber; with its first user where one was just made.
    pub fn of(party: &'a orderpark_domain::Party, primary_user: Option<FirstUser<'a>>) -> Subscriber<'a> {
        Subscriber {
            own_ref: party.party,
            id: &party.id,
            name: &party.name,
            contact_email: party.contact_email.as_deref().unwrap_or_default(),
            organization: party.organization.as_deref().unwrap_or_default(),
            vendor_id: party.vendor_id.as_deref(),
            closing: None,
            primary_user,
        }
    }
}
