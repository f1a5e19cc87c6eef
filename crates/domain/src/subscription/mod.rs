//! Subscriptions: what an order makes, one per item of the offer.

mod change;

pub use change::ChangeSubscription;

use crate::{Instant, PartyRef, ProductRef};
use serde::{Deserialize, Serialize};

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubscriptionState {
    /// Its order waits for suppliers.
    Pending,
    /// It runs.
    Active,
    /// Its vendor has stopped it for now.
    Suspended,
    /// A supplier refused the order.
    Rejected,
    /// Its order was cancelled.
    Cancelled,
}

use SubscriptionState::{Active, Cancelled, Pending, Rejected, Suspended};

/// Every legal transition of a subscription (domain.md, "Orders"). Nothing else changes its state.
pub const TRANSITIONS: [(SubscriptionState, SubscriptionState); 6] = [
    (Pending, Active),
    (Pending, Rejected),
    (Active, Suspended),
    (Suspended, Active),
    (Active, Cancelled),
    (Suspended, Cancelled),
];

impl SubscriptionState {
    /// Every state.
    pub const ALL: [SubscriptionState; 5] = [Pending, Active, Suspended, Rejected, Cancelled];

    /// The word in capitals, as in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Pending => "PENDING",
            Active => "ACTIVE",
            Suspended => "SUSPENDED",
            Rejected => "REJECTED",
            Cancelled => "CANCELLED",
        }
    }

    /// Reads the word in capitals.
    pub fn parse(text: &str) -> Option<SubscriptionState> {
        SubscriptionState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the state table has this transition.
    pub fn may_become(self, next: SubscriptionState) -> bool {
        TRANSITIONS.contains(&(self, next))
    }

    /// Whether its connections count as granted: a suspended subscription is still owed.
    pub fn is_granted(self) -> bool {
        matches!(self, Active | Suspended)
    }
}

/// A subscription. Its ref follows from its order's and its place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// The platform's counter over all subscriptions: the `{m}` of its `href`.
    pub number: u64,
    /// The product.
    pub product: ProductRef,
    /// Its id.
    pub product_id: String,
    /// Whose product it is.
    pub supplier: PartyRef,
    /// Where it stands.
    pub state: SubscriptionState,
    /// Connections granted: the item's times the order's quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<u64>,
    /// When it was made.
    pub since: Instant,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// Why it was last suspended or resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Subscription {
    /// Where its supplier finds it (domain.md, "Notifications to suppliers").
    pub fn href(&self) -> String {
        format!("/thingpark/smp/rest/applications/{}/subscriptions/{}", self.product, self.number)
    }
}
