//! The quotas of a party as the API shows them: those in force, where each comes from, and what is
//! used.

use super::as_text;
use orderpark_domain::{PartyRef, Quota, QuotaDefaults};
use orderpark_store::QuotaUse;
use serde::Serialize;
use std::collections::BTreeMap;

/// The quotas of a party.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quotas<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: PartyRef,
    kind: &'static str,
    id: &'a str,
    /// `null`: no limit.
    #[serde(flatten)]
    in_force: BTreeMap<&'static str, Option<u32>>,
    sources: BTreeMap<&'static str, &'static str>,
    used: Used,
}

/// The use of each quota now; streams at the node that answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Used {
    open_orders: u64,
    users: u64,
    endpoints: u64,
    streams: usize,
}

impl<'a> Quotas<'a> {
    /// Shows the quotas of a party that has so many streams open here.
    pub fn of(row: &'a QuotaUse, defaults: &QuotaDefaults, streams: usize) -> Quotas<'a> {
        let (party, in_force) = (&row.party, defaults.in_force(&row.party));
        let source = |quota: Quota| if party.quotas.get(quota).is_some() { "set" } else { "default" };
        Quotas {
            own_ref: party.party,
            kind: party.kind.as_str(),
            id: &party.id,
            in_force: Quota::ALL.map(|quota| (quota.name(), in_force.get(quota))).into(),
            sources: Quota::ALL.map(|quota| (quota.name(), source(quota))).into(),
            used: Used { open_orders: row.open_orders, users: row.users, endpoints: row.endpoints, streams },
        }
    }
}
