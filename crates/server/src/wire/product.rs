//! Products as the API shows them.

use super::notification::Notification;
use super::{Count, as_text};
use orderpark_domain::{ProductRef, Scope};
use orderpark_store::BalanceTotal;
use serde::Serialize;

/// An application.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Application<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: ProductRef,
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    portal_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification: Option<Notification<'a>>,
}

impl<'a> Application<'a> {
    /// Shows an application to whoever has this scope.
    pub fn of(product: &'a orderpark_domain::Product, scope: &Scope) -> Application<'a> {
        Application {
            own_ref: product.product,
            id: &product.id,
            name: &product.name,
            portal_url: product.portal_url.as_deref(),
            notification: Notification::of(product, scope),
        }
    }

    /// With the secret that its notification was given just now.
    #[must_use]
    pub fn with_secret(self, secret: Option<&'a str>) -> Application<'a> {
        Application { notification: self.notification.map(|shown| shown.with_secret(secret)), ..self }
    }
}

/// A connectivity plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectivityPlan<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: ProductRef,
    id: &'a str,
    name: &'a str,
    granted_connections: Count,
    used_connections: Count,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification: Option<Notification<'a>>,
}

impl<'a> ConnectivityPlan<'a> {
    /// Shows a plan, with these connections, to whoever has this scope.
    pub fn of(product: &'a orderpark_domain::Product, total: BalanceTotal, scope: &Scope) -> ConnectivityPlan<'a> {
        ConnectivityPlan {
            own_ref: product.product,
            id: &product.id,
            name: &product.name,
            granted_connections: Count(total.granted),
            used_connections: Count(total.used),
            notification: Notification::of(product, scope),
        }
    }

    /// With the secret that its notification was given just now.
    #[must_use]
    pub fn with_secret(self, secret: Option<&'a str>) -> ConnectivityPlan<'a> {
        ConnectivityPlan { notification: self.notification.map(|shown| shown.with_secret(secret)), ..self }
    }

    /// The entity tag: the counts are part of what is shown, the revision of what can be changed.
    pub fn etag(product: &orderpark_domain::Product, total: BalanceTotal) -> String {
        format!("\"{}-{}-{}\"", product.revision, total.granted, total.used)
    }
}
