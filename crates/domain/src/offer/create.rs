//! Publish an offer. Its id names its vendor.

use super::vendor_id;
use crate::{
    Decision, Event, Intent, Needs, Offer, OfferItem, OfferRef, OfferState, Outcome, PartyKind, PartyRef, ProductKind,
    Refusal, Stamp, World,
};
use std::collections::HashMap;

/// Create an offer.
#[derive(Clone, Debug)]
pub struct CreateOffer {
    /// `<vendor-id>/<name>`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it can be ordered at once.
    pub state: OfferState,
    /// Its products; 1 to `items_max`, each once.
    pub items: Vec<NewItem>,
    /// The most items that the operator allows; at most [`super::ITEMS_MAX`].
    pub items_max: usize,
    /// The ids of the strategies that an order of it may name.
    pub strategies: Option<Vec<String>>,
}

/// An item of a new offer.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// The id of the product.
    pub product_id: String,
    /// Connections granted for each unit ordered.
    pub granted: Option<u64>,
}

impl CreateOffer {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.offer_id(world, &self.id);
        needs.party_named(world, PartyKind::Vendor, vendor_id(&self.id));
        for item in &self.items {
            needs.product_id(world, &item.product_id);
            if let Some(product) = world.product_ids.get_known(&item.product_id) {
                needs.product(world, *product);
            }
        }
        for strategy in self.strategies.iter().flatten() {
            needs.strategy_named(world, strategy);
        }
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, _: Stamp) -> Result<Decision, Refusal> {
        let vendor = self.vendor(intent, world)?;
        world.check_open(vendor)?;
        if world.offer_ids.get(&self.id).is_some() {
            return Err(Refusal::IdTaken { attribute: "id" });
        }
        self.check_strategies(world, vendor)?;
        self.check_items()?;
        let offer = Offer {
            offer: OfferRef(world.head.next_ref),
            vendor,
            id: self.id.clone(),
            name: self.name.clone(),
            state: self.state,
            items: self.items.iter().map(|item| item.resolve(world)).collect::<Result<_, _>>()?,
            strategies: self.strategies.clone(),
            revision: 1,
            deleted_at: None,
            open_orders: 0,
        };
        Ok(Decision::of(Event::OfferCreated(offer.clone()), Outcome::Offer(Box::new(offer))))
    }

    fn vendor(&self, intent: &Intent, world: &World) -> Result<PartyRef, Refusal> {
        world
            .party_ids
            .get(&(PartyKind::Vendor, vendor_id(&self.id).to_owned()))
            .copied()
            .filter(|vendor| intent.scope.has_vendor(*vendor))
            .ok_or_else(|| Refusal::Invalid {
                attribute: "id",
                rule: "must start with the id of a vendor in your scope, followed by a slash".into(),
            })
    }

    /// Each item is work and disk space for every order, so their number is bounded, and none is
    /// there twice.
    fn check_items(&self) -> Result<(), Refusal> {
        let refused = |rule: String| Err(Refusal::Invalid { attribute: "items", rule: rule.into() });
        let (sent, allowed) = (self.items.len(), self.items_max);
        if sent > allowed {
            return refused(format!(
                "are {sent}, and an offer may have {allowed} at most (the operator's setting \
                 orders.offer_items_max); spread the products over several offers"
            ));
        }
        let mut seen = HashMap::new();
        for (index, item) in self.items.iter().enumerate() {
            if let Some(first) = seen.insert(&item.product_id, index) {
                return refused(format!(
                    "name the product '{}' twice, at index {first} and at index {index}: name each product once, with \
                     the connections of both in one item",
                    item.product_id
                ));
            }
        }
        Ok(())
    }

    fn check_strategies(&self, world: &World, vendor: PartyRef) -> Result<(), Refusal> {
        for id in self.strategies.iter().flatten() {
            world
                .strategy_named(id)
                .filter(|strategy| strategy.vendor.is_none_or(|owner| owner == vendor))
                .ok_or(Refusal::Unknown { attribute: "processingStrategyIds" })?;
        }
        Ok(())
    }
}

impl NewItem {
    /// A plan without a number grants none, and the offer says so.
    fn resolve(&self, world: &World) -> Result<OfferItem, Refusal> {
        let product = world.product_ids.get(&self.product_id).ok_or(Refusal::Unknown { attribute: "items" })?;
        let kind = world.products.get(product).map(|product| product.kind);
        let none = (kind == Some(ProductKind::ConnectivityPlan)).then_some(0);
        Ok(OfferItem { product: *product, product_id: self.product_id.clone(), granted: self.granted.or(none) })
    }
}
