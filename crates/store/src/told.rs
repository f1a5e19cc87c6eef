//! What a batch's own entries say about the rows that it changed, so that what is known need not be asked of the database.

use crate::deliveries::Target;
use orderpark_domain::{Entry, Event, OfferRef, OrderRef, World};
use std::collections::{BTreeMap, HashSet};

/// Rows of orders and offers by what became of them.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub new_orders: HashSet<OrderRef>,
    /// Their items are written once and never change.
    pub new_offers: HashSet<OfferRef>,
    /// Of every other offer only the count of open orders has changed.
    pub changed_offers: HashSet<OfferRef>,
    /// Who may be delivered to otherwise than before, and the entry that says so first: what comes behind it is for them.
    targets: BTreeMap<Target, u64>,
}

/// How a target is delivered to after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ToldTarget {
    pub target: Target,
    /// Whether it is delivered to.
    pub active: bool,
    /// Where a new one begins: behind this entry.
    pub seq: u64,
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
                Event::EndpointCreated(endpoint) | Event::EndpointUpdated(endpoint) => {
                    told.target(Target::Endpoint(endpoint.endpoint), entry);
                }
                Event::EndpointDeleted(endpoint) => told.target(Target::Endpoint(*endpoint), entry),
                Event::ProductCreated(product) | Event::ProductUpdated(product) => {
                    told.target(Target::Supplier(product.product), entry);
                }
                Event::ProductDeleted(product) => told.target(Target::Supplier(*product), entry),
                _ => {}
            }
        }
        told
    }

    fn target(&mut self, target: Target, entry: &Entry) {
        self.targets.entry(target).or_insert(entry.seq);
    }

    /// Targets whose rows are to be written, in the order of their keys. Also those that nobody delivers to: nobody knows
    /// here whether somebody did before.
    pub(crate) fn targets(&self, world: &World) -> Vec<ToldTarget> {
        let told = self.targets.iter().filter_map(|(target, seq)| {
            let active = match target {
                Target::Endpoint(endpoint) => world.endpoints.get_known(endpoint)?.is_active(),
                Target::Supplier(product) => {
                    let row = world.products.get_known(product)?;
                    row.notification.is_some() && row.deleted_at.is_none()
                }
                Target::Publisher(_) => return None,
            };
            Some(ToldTarget { target: *target, active, seq: *seq })
        });
        told.collect()
    }
}
