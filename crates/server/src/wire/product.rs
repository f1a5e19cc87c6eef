//! Products as the API shows them, and how their notification is read.

use super::fields::Fields;
use super::{as_count, as_text, text};
use orderpark_domain::{Notification, NotificationFormat, NotificationMode, ProductRef, Scope};
use orderpark_store::BalanceTotal;
use serde::Serialize;

/// An application.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Application<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    product: ProductRef,
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    portal_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification: Option<&'a Notification>,
}

impl<'a> Application<'a> {
    /// Shows an application to whoever has this scope.
    pub fn of(product: &'a orderpark_domain::Product, scope: &Scope) -> Application<'a> {
        Application {
            product: product.product,
            id: &product.id,
            name: &product.name,
            portal_url: product.portal_url.as_deref(),
            notification: notification(product, scope),
        }
    }
}

/// A connectivity plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectivityPlan<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    product: ProductRef,
    id: &'a str,
    name: &'a str,
    #[serde(serialize_with = "as_count")]
    granted_connections: Option<u64>,
    #[serde(serialize_with = "as_count")]
    used_connections: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification: Option<&'a Notification>,
}

impl<'a> ConnectivityPlan<'a> {
    /// Shows a plan, with these connections, to whoever has this scope.
    pub fn of(product: &'a orderpark_domain::Product, total: BalanceTotal, scope: &Scope) -> ConnectivityPlan<'a> {
        ConnectivityPlan {
            product: product.product,
            id: &product.id,
            name: &product.name,
            granted_connections: Some(total.granted),
            used_connections: Some(total.used),
            notification: notification(product, scope),
        }
    }

    /// The entity tag: the counts are part of what is shown, the revision of what can be changed.
    pub fn etag(product: &orderpark_domain::Product, total: BalanceTotal) -> String {
        format!("\"{}-{}-{}\"", product.revision, total.granted, total.used)
    }
}

/// Where a product's supplier is told is its own affair, and the operator's.
fn notification<'a>(product: &'a orderpark_domain::Product, scope: &Scope) -> Option<&'a Notification> {
    product.notification.as_ref().filter(|_| scope.has_supplier(product.supplier))
}

/// Reads `notification`.
pub fn read_notification(fields: &mut Fields<'_>) -> Notification {
    let mode = |value: &_| {
        let parse = |word: &str| match word {
            "TRY_COMMIT" => Some(NotificationMode::TryCommit),
            "COMMIT_ONLY" => Some(NotificationMode::CommitOnly),
            _ => None,
        };
        text::word(value, parse, "TRY_COMMIT, COMMIT_ONLY")
    };
    let format = |value: &_| {
        let parse = |word: &str| match word {
            "XML" => Some(NotificationFormat::Xml),
            "JSON" => Some(NotificationFormat::Json),
            _ => None,
        };
        text::word(value, parse, "XML, JSON")
    };
    Notification {
        subscribed_url: fields.optional("subscribedUrl", text::url),
        updated_url: fields.optional("updatedUrl", text::url),
        unsubscribed_url: fields.optional("unsubscribedUrl", text::url),
        mode: fields.optional("mode", mode).unwrap_or_default(),
        format: fields.optional("format", format).unwrap_or_default(),
    }
}
