//! Tenants: whom work and places count for, so that no party takes those of another.

use crate::{Party, PartyKind, PartyRef, QuotaDefaults, Quotas, User};

/// The party that something is done for, and the root of its branch: a vendor with all its
/// subscribers is one root, every other party is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant {
    /// The vendor of a subscriber, else the party itself.
    pub root: PartyRef,
    /// The party.
    pub party: PartyRef,
}

impl Tenant {
    /// A party that belongs to no vendor.
    pub fn alone(party: PartyRef) -> Tenant {
        Tenant { root: party, party }
    }

    /// A party with its vendor, if it has one.
    pub fn new(party: PartyRef, vendor: Option<PartyRef>) -> Tenant {
        Tenant { root: vendor.unwrap_or(party), party }
    }

    /// The tenant that a party is.
    pub fn of(party: &Party) -> Tenant {
        Tenant::new(party.party, party.vendor)
    }
}

/// The party of a user as its requests count for it: its kind, its vendor, and the quotas that are
/// set for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The kind of the party.
    pub kind: PartyKind,
    /// Its vendor; subscribers only.
    pub vendor: Option<PartyRef>,
    /// The quotas that are set for the party.
    pub quotas: Quotas,
    /// The quotas that are set for its vendor.
    pub vendor_quotas: Quotas,
}

impl Membership {
    /// In a party that has no vendor and no quotas of its own.
    pub fn of(user: &User) -> Membership {
        let kind = user.grants.first().map_or(PartyKind::Subscriber, |grant| grant.kind);
        Membership { kind, vendor: None, quotas: Quotas::default(), vendor_quotas: Quotas::default() }
    }

    /// The quotas in force for the party.
    pub fn in_force(&self, defaults: &QuotaDefaults) -> Quotas {
        defaults.in_force_of(self.kind, self.quotas)
    }

    /// The quotas in force for the root of the party, which count all of its branch.
    pub fn in_force_of_root(&self, defaults: &QuotaDefaults) -> Quotas {
        match self.vendor {
            Some(_) => defaults.in_force_of(PartyKind::Vendor, self.vendor_quotas),
            None => self.in_force(defaults),
        }
    }
}
