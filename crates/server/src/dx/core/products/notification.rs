//! The notification of a product, as a caller says it: where its supplier is told, and what JSON is signed with.

use crate::outside::NewSecret;
use crate::wire::fields::Read;
use crate::wire::{Fields, Json, read_notification, text};
use crate::{App, Problem};
use orderpark_domain::{Instant, Notification, NotificationFormat, PartyKind, Product, SealedSecret};

/// Reads a notification in the place of `before`. Its addresses are such as this server would send to; one that is there already
/// may be said again.
pub(super) fn read(app: &App, fields: &mut Fields<'_>, before: Option<&Notification>) -> Notification {
    let known = |url: &String| {
        before
            .is_some_and(|it| [&it.subscribed_url, &it.updated_url, &it.unsubscribed_url].contains(&&Some(url.clone())))
    };
    let address = |value: &Json| -> Read<String> {
        let url = text::url(value)?;
        if !known(&url) {
            app.outside.check_url(&url, PartyKind::Supplier).map_err(|refused| refused.to_string())?;
        }
        Ok(url)
    };
    read_notification(fields, address)
}

/// A secret for a notification that is to be signed. The domain takes it where there is none yet.
pub(super) fn bring_secret(app: &App, notification: &mut Notification) -> Result<Option<NewSecret>, Problem> {
    if notification.format != NotificationFormat::Json {
        return Ok(None);
    }
    let secret = NewSecret::make(app)?;
    notification.secrets = vec![SealedSecret { sealed: secret.sealed.clone(), made_at: Instant::default() }];
    Ok(Some(secret))
}

/// The text of a secret that was made just now, if it is the product's newest one: else another one is.
pub(super) fn to_show<'s>(secret: Option<&'s NewSecret>, product: &Product) -> Option<&'s str> {
    let newest = product.notification.as_ref().and_then(|told| told.secrets.first())?;
    secret.filter(|secret| secret.sealed == newest.sealed).map(|secret| secret.text.as_str())
}
