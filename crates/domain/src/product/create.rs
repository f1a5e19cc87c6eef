//! Create a product. Its id names its supplier.

use crate::{
    Decision, Event, Intent, Needs, Notification, Outcome, PartyKind, Product, ProductKind, ProductRef, Refusal, Stamp,
    World,
};

/// Create an application or a connectivity plan.
#[derive(Clone, Debug)]
pub struct CreateProduct {
    /// What it shall be.
    pub kind: ProductKind,
    /// `<supplier-id>/<name>`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where people use it; applications only.
    pub portal_url: Option<String>,
    /// How its supplier is told; with the secret to begin with, if it is to be signed.
    pub notification: Option<Notification>,
}

impl CreateProduct {
    fn supplier_id(&self) -> &str {
        self.id.split_once('/').map_or("", |(supplier, _)| supplier)
    }

    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.product_id(world, &self.id);
        needs.party_named(world, PartyKind::Supplier, self.supplier_id());
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let supplier = world
            .party_ids
            .get(&(PartyKind::Supplier, self.supplier_id().to_owned()))
            .copied()
            .filter(|supplier| intent.scope.has_supplier(*supplier))
            .ok_or_else(|| Refusal::Invalid {
                attribute: "id",
                rule: "must start with the id of a supplier in your scope, followed by a slash".into(),
            })?;
        world.check_open(supplier)?;
        if world.product_ids.get(&self.id).is_some() {
            return Err(Refusal::IdTaken { attribute: "id" });
        }
        let product = Product {
            product: ProductRef(world.head.next_ref),
            kind: self.kind,
            supplier,
            id: self.id.clone(),
            name: self.name.clone(),
            portal_url: self.portal_url.clone(),
            notification: self.notification.as_ref().map(|told| told.kept(None, stamp.at)),
            revision: 1,
            deleted_at: None,
        };
        Ok(Decision::of(Event::ProductCreated(product.clone()), Outcome::Product(Box::new(product))))
    }
}
