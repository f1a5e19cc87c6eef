//! Quotas that decisions keep: users, webhook endpoints and open orders of a party.

use super::Quota;
use crate::world::Counted;
use crate::{Intent, Needs, Party, PartyRef, Refusal, World};

/// Names the count that [`check`] looks at, once the party's row is known; none where there is no
/// limit.
pub(crate) fn needs_of(intent: &Intent, world: &World, needs: &mut Needs, party: PartyRef, quota: Quota) {
    let limit = world.parties.get_known(&party).and_then(|party| intent.quotas.in_force(party).get(quota));
    if let Some((_, counted)) = limit.zip(Counted::of(quota, party)) {
        needs.count(world, counted);
    }
}

/// Refuses one more where the party has as many as its quota allows.
pub(crate) fn check(intent: &Intent, world: &World, party: &Party, quota: Quota) -> Result<(), Refusal> {
    let limit = intent.quotas.in_force(party).get(quota);
    match limit.zip(Counted::of(quota, party.party)) {
        Some((max, counted)) if world.count(counted) >= u64::from(max) => {
            Err(Refusal::QuotaReached { quota, max, whose: party.kind })
        }
        _ => Ok(()),
    }
}

/// Names what [`check_order`] looks at: the vendor's row, and counts where there is a limit.
pub(crate) fn needs_of_order(intent: &Intent, world: &World, needs: &mut Needs, subscriber: PartyRef) {
    let vendor = world.parties.get_known(&subscriber).and_then(|party| party.vendor);
    if let Some(vendor) = vendor {
        needs.party(world, vendor);
    }
    for party in [Some(subscriber), vendor].into_iter().flatten() {
        needs_of(intent, world, needs, party, Quota::OpenOrders);
    }
}

/// Refuses one more order where the subscriber, or its vendor with all its subscribers, has as many
/// open ones as it may.
pub(crate) fn check_order(intent: &Intent, world: &World, subscriber: &Party) -> Result<(), Refusal> {
    check(intent, world, subscriber, Quota::OpenOrders)?;
    let vendor = subscriber.vendor.and_then(|vendor| world.parties.get(&vendor));
    vendor.map_or(Ok(()), |vendor| check(intent, world, vendor, Quota::OpenOrders))
}
