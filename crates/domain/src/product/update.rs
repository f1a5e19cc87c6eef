//! Change a product.

use super::writable;
use crate::{Decision, Event, Intent, Needs, Notification, Outcome, ProductKind, ProductRef, Refusal, Stamp, World};

/// Change a product; what is absent stays.
#[derive(Clone, Debug)]
pub struct UpdateProduct {
    /// The kind that the path names.
    pub kind: ProductKind,
    /// The product.
    pub product: ProductRef,
    /// Its new name.
    pub name: Option<String>,
    /// Its new portal; `Some(None)` takes it away.
    pub portal_url: Option<Option<String>>,
    /// How its supplier is told from now on, with a secret to begin with where there is none yet; `Some(None)` takes it away.
    pub notification: Option<Option<Notification>>,
}

impl UpdateProduct {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.product(world, self.product);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = writable(world, intent, self.kind, self.product)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name.clone_from(name);
        }
        if let Some(portal_url) = &self.portal_url {
            after.portal_url.clone_from(portal_url);
        }
        if let Some(notification) = &self.notification {
            let kept = |told: &Notification| told.kept(before.notification.as_ref(), stamp.at);
            after.notification = notification.as_ref().map(kept);
        }
        if after == *before {
            return Ok(Decision::nothing(Outcome::Product(Box::new(after))));
        }
        after.revision += 1;
        Ok(Decision::of(Event::ProductUpdated(intent.told(&after, before)), Outcome::Product(Box::new(after))))
    }
}
