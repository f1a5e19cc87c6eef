//! How a product's supplier is told, as the API shows and reads it.

use super::fields::{Fields, Read};
use super::{Json, text};
use orderpark_domain::{NotificationFormat, NotificationMode, Product, Scope};
use serde::Serialize;

const MODES: [(&str, NotificationMode); 2] =
    [("TRY_COMMIT", NotificationMode::TryCommit), ("COMMIT_ONLY", NotificationMode::CommitOnly)];
const FORMATS: [(&str, NotificationFormat); 2] = [("XML", NotificationFormat::Xml), ("JSON", NotificationFormat::Json)];

/// The notification of a product.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "the names of the API")]
pub struct Notification<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    subscribed_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribed_url: Option<&'a str>,
    mode: &'static str,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> Notification<'a> {
    /// Shows where a product's supplier is told: its own affair, and the operator's.
    pub(super) fn of(product: &'a Product, scope: &Scope) -> Option<Notification<'a>> {
        let notification = product.notification.as_ref().filter(|_| scope.has_supplier(product.supplier))?;
        Some(Notification {
            subscribed_url: notification.subscribed_url.as_deref(),
            updated_url: notification.updated_url.as_deref(),
            unsubscribed_url: notification.unsubscribed_url.as_deref(),
            mode: word_of(&MODES, notification.mode),
            format: word_of(&FORMATS, notification.format),
            secret: None,
        })
    }

    /// With the secret that was made just now.
    #[must_use]
    pub(super) fn with_secret(self, secret: Option<&'a str>) -> Notification<'a> {
        Notification { secret, ..self }
    }
}

/// Reads `notification`; its secret is not the caller's to say. An address is taken that `address` takes.
pub fn read_notification(
    fields: &mut Fields<'_>,
    address: impl Fn(&Json) -> Read<String>,
) -> orderpark_domain::Notification {
    let notification = orderpark_domain::Notification {
        subscribed_url: fields.optional("subscribedUrl", &address),
        updated_url: fields.optional("updatedUrl", &address),
        unsubscribed_url: fields.optional("unsubscribedUrl", &address),
        mode: fields.or("mode", NotificationMode::default(), |value| {
            text::word(value, |word| named(&MODES, word), "TRY_COMMIT, COMMIT_ONLY")
        }),
        format: fields.or("format", NotificationFormat::default(), |value| {
            text::word(value, |word| named(&FORMATS, word), "XML, JSON")
        }),
        secrets: Vec::new(),
    };
    let is_silent = notification.subscribed_url.is_none() && fields.is_right("subscribedUrl");
    if notification.mode == NotificationMode::TryCommit && is_silent {
        fields.refuse("subscribedUrl", "is missing, and mode TRY_COMMIT asks the supplier there");
    }
    notification
}

fn named<T: Copy>(words: &[(&str, T)], asked: &str) -> Option<T> {
    words.iter().find(|(word, _)| *word == asked).map(|(_, meaning)| *meaning)
}

fn word_of<T: Copy + PartialEq>(words: &[(&'static str, T)], meant: T) -> &'static str {
    words.iter().find(|(_, meaning)| *meaning == meant).map_or("", |(word, _)| word)
}
