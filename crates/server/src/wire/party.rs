//! Parties as the API shows them.

use super::{FirstUser, as_text};
use orderpark_domain::PartyRef;
use serde::Serialize;

/// A supplier or a vendor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Party<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: PartyRef,
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_user: Option<FirstUser<'a>>,
}

impl<'a> Party<'a> {
    /// Shows a party; with its first user where one was just made.
    pub fn of(party: &'a orderpark_domain::Party, primary_user: Option<FirstUser<'a>>) -> Party<'a> {
        Party { own_ref: party.party, id: &party.id, name: &party.name, primary_user }
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
            primary_user,
        }
    }
}
