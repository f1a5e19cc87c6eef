//! Give the notification of a product a new secret. The one before signs beside it for a while, so that its supplier can follow.

use super::writable;
use crate::endpoint::rotated;
use crate::{
    Decision, Event, Intent, Needs, NotificationFormat, Outcome, ProductKind, ProductRef, Refusal, Stamp, World,
};

/// Put a new secret in front of the old one.
#[derive(Clone, Debug)]
pub struct RotateNotificationSecret {
    /// The kind that the path names.
    pub kind: ProductKind,
    /// The product.
    pub product: ProductRef,
    /// The new secret, sealed.
    pub secret: String,
}

impl RotateNotificationSecret {
    pub(crate) fn needs(&self, _: &Intent, world: &World, needs: &mut Needs) {
        needs.product(world, self.product);
    }

    pub(crate) fn decide(&self, intent: &Intent, world: &World, stamp: Stamp) -> Result<Decision, Refusal> {
        let before = writable(world, intent, self.kind, self.product)?;
        intent.if_match.check(before.revision)?;
        let mut after = before.clone();
        let signed = after.notification.as_mut().filter(|notification| notification.format == NotificationFormat::Json);
        let notification = signed.ok_or(Refusal::Invalid {
            attribute: "notification",
            rule: "must be of format JSON: another one is not signed".into(),
        })?;
        notification.secrets = rotated(&notification.secrets, &self.secret, stamp.at);
        after.revision += 1;
        Ok(Decision::of(Event::ProductUpdated(intent.told(&after, before)), Outcome::Product(Box::new(after))))
    }
}
