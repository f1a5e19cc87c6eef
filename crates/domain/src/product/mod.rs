//! Products: what suppliers make, applications and connectivity plans.

mod create;
mod delete;
mod rotate;
mod update;

pub use create::CreateProduct;
pub use delete::DeleteProduct;
pub use rotate::RotateNotificationSecret;
pub use update::UpdateProduct;

use crate::{Instant, Intent, PartyRef, ProductRef, Refusal, SealedSecret, World};
use serde::{Deserialize, Serialize};

/// What a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProductKind {
    /// An application.
    Application,
    /// A connectivity plan.
    ConnectivityPlan,
}

impl ProductKind {
    /// The word in capitals, as in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ProductKind::Application => "APPLICATION",
            ProductKind::ConnectivityPlan => "CONNECTIVITY_PLAN",
        }
    }

    /// Reads the word in capitals.
    pub fn parse(text: &str) -> Option<ProductKind> {
        [ProductKind::Application, ProductKind::ConnectivityPlan].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Whether a supplier is asked before it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NotificationMode {
    /// `TRY` before the order becomes active, `COMMIT` or `CANCEL` after.
    TryCommit,
    /// `COMMIT` after the order became active.
    #[default]
    CommitOnly,
}

/// How a supplier is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NotificationFormat {
    /// The form that public receivers understand.
    #[default]
    Xml,
    /// Our signed event.
    Json,
}

/// Where and how the supplier of a product is told about its subscriptions (domain.md, "Notifications to suppliers").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Told when a subscription begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribed_url: Option<String>,
    /// Told when a subscription changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_url: Option<String>,
    /// Told when a subscription ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribed_url: Option<String>,
    /// Whether it is asked first.
    #[serde(default)]
    pub mode: NotificationMode,
    /// In which form.
    #[serde(default)]
    pub format: NotificationFormat,
    /// What JSON is signed with, newest first; none for XML, which public receivers know no signature of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SealedSecret>,
}

impl Notification {
    /// The notification as it is kept where `before` was: what is signed keeps its secrets, or begins with the one that it brings; what
    /// is not signed has none.
    fn kept(&self, before: Option<&Notification>, at: Instant) -> Notification {
        let known = before.map_or(&[][..], |before| &before.secrets);
        let secrets = match (self.format, known) {
            (NotificationFormat::Xml, _) => Vec::new(),
            (NotificationFormat::Json, []) => {
                let first = self.secrets.iter().take(1);
                first.map(|secret| SealedSecret { made_at: at, ..secret.clone() }).collect()
            }
            (NotificationFormat::Json, known) => known.to_vec(),
        };
        Notification { secrets, ..self.clone() }
    }
}

/// An application or a connectivity plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Its ref, also the `{n}` of its subscriptions' `href`.
    #[serde(rename = "ref")]
    pub product: ProductRef,
    /// What it is.
    pub kind: ProductKind,
    /// Whose it is.
    pub supplier: PartyRef,
    /// `<supplier-id>/<name>`; never changes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where people use it; applications only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_url: Option<String>,
    /// How its supplier is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Notification>,
    /// Grows with every change.
    pub revision: u32,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Instant>,
}

impl Product {
    /// Whether its supplier is asked before an order becomes active.
    pub fn asks_first(&self) -> bool {
        self.notification.as_ref().is_some_and(|notification| {
            notification.mode == NotificationMode::TryCommit && notification.subscribed_url.is_some()
        })
    }
}

/// The living product of this kind, writable within the intent's scope.
fn writable<'w>(
    world: &'w World,
    intent: &Intent,
    kind: ProductKind,
    product: ProductRef,
) -> Result<&'w Product, Refusal> {
    world
        .products
        .get(&product)
        .filter(|product| product.kind == kind && product.deleted_at.is_none())
        .filter(|product| intent.scope.has_supplier(product.supplier))
        .ok_or(Refusal::NotFound)
}
