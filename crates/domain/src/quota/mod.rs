//! Quotas: how much of what all parties share one party may have. Ours; no public API has them in
//! this form.
//!
//! A quota is set for a party by the operator; where none is set, the default of the configuration
//! holds. The quotas of a vendor for requests, open orders and streams count it with all its
//! subscribers.

mod limit;
mod set;

pub(crate) use limit::{check, check_order, needs_of, needs_of_order};
pub use set::SetQuotas;

use crate::{Party, PartyKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

macro_rules! quotas {
    ($($(#[$doc:meta])* $name:ident $word:literal $range:expr;)+) => {
        /// A limited quantity, with its name in the API and the values that it may have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub enum Quota { $($(#[$doc])* $name,)+ }

        impl Quota {
            /// Every quota.
            pub const ALL: [Quota; QUOTAS] = [$(Quota::$name),+];

            /// Its attribute in the API.
            pub fn name(self) -> &'static str {
                match self { $(Quota::$name => $word,)+ }
            }

            /// The values that it may have.
            pub fn range(self) -> RangeInclusive<u32> {
                match self { $(Quota::$name => $range,)+ }
            }
        }
    };
}

const QUOTAS: usize = 5;

/// The most living users or webhook endpoints that a party may be allowed: more are never counted.
pub const COUNTED_MAX: u32 = 10_000;

quotas! {
    /// Requests a second; twice as many may come at once.
    RequestsPerSecond "requestsPerSecond" 1..=1_000_000;
    /// Orders that are `ACTIVE` or `PENDING`.
    OpenOrders "openOrders" 0..=1_000_000_000;
    /// Living users.
    Users "users" 0..=COUNTED_MAX;
    /// Living webhook endpoints.
    Endpoints "endpoints" 0..=COUNTED_MAX;
    /// Streams of events that are open at once at one node.
    Streams "streams" 1..=100_000;
}

/// A value for some of the quotas: those that are set for a party, or those in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Quota, u32>", into = "BTreeMap<Quota, u32>")]
pub struct Quotas([Option<u32>; QUOTAS]);

impl Quotas {
    /// The value of a quota, if it has one.
    pub fn get(&self, quota: Quota) -> Option<u32> {
        self.0[quota as usize]
    }

    /// The same with another value for one quota.
    #[must_use]
    pub fn with(mut self, quota: Quota, value: Option<u32>) -> Quotas {
        self.0[quota as usize] = value;
        self
    }

    /// Whether no quota has a value.
    pub fn is_empty(&self) -> bool {
        *self == Quotas::default()
    }
}

impl From<BTreeMap<Quota, u32>> for Quotas {
    fn from(values: BTreeMap<Quota, u32>) -> Quotas {
        values.into_iter().fold(Quotas::default(), |quotas, (quota, value)| quotas.with(quota, Some(value)))
    }
}

impl From<Quotas> for BTreeMap<Quota, u32> {
    fn from(quotas: Quotas) -> BTreeMap<Quota, u32> {
        Quota::ALL.into_iter().filter_map(|quota| Some((quota, quotas.get(quota)?))).collect()
    }
}

/// The quotas in force where none is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaDefaults {
    /// Of the operator, suppliers and subscribers.
    pub party: Quotas,
    /// Of vendors.
    pub vendor: Quotas,
}

impl Default for QuotaDefaults {
    fn default() -> QuotaDefaults {
        let both = Quotas::default().with(Quota::Users, Some(100)).with(Quota::Endpoints, Some(100));
        QuotaDefaults { party: both.with(Quota::Streams, Some(16)), vendor: both.with(Quota::Streams, Some(64)) }
    }
}

impl QuotaDefaults {
    /// The quotas in force for a party.
    pub fn in_force(&self, party: &Party) -> Quotas {
        self.in_force_of(party.kind, party.quotas)
    }

    /// The quotas in force for a party of this kind for which these are set.
    pub fn in_force_of(&self, kind: PartyKind, set: Quotas) -> Quotas {
        let defaults = if kind == PartyKind::Vendor { self.vendor } else { self.party };
        Quota::ALL.into_iter().fold(set, |quotas, quota| quotas.with(quota, set.get(quota).or(defaults.get(quota))))
    }
}
