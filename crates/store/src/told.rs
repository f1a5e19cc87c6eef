//! What a batch's own entries say about the rows that it changed, so that what is known need not be asked of the database.

use orderpark_domain::{Entry, Event, OfferRef, OrderRef};
use std::collections::HashSet;

/// Rows of orders and offers by what became of them.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub new_orders: HashSet<OrderRef>,
    /// Their items are written once and never change.
    pub new_offers: HashSet<OfferRef>,
    /// Of every other offer only the count of open orders has changed.
    pub changed_offers: HashSet<OfferRef>,
}

impl Told {
    pub(crate) fn by(entries: &[Entry]) -> Told {
        let mut told = Told::default();
        for entry in entries {
            match &entry.event {
                Event::OrderPlaced(order) => drop(told.new_orders.insert(order.order)),
                Event::OfferCreated(offer) => drop(told.new_offers.insert(offer.offer)),
                Event::OfferUpdated(offer) => drop(told.changed_offers.insert(offer.offer)),
                Event::OfferDeleted(offer) => drop(told.changed_offers.insert(*offer)),
                _ => {}
            }
        }
        told
    }
}
