//! Tenants: whom work and places count for, so that no party takes those of another.

use crate::{Party, PartyRef};

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
