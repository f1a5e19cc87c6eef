//! What a notice tells.

use crate::OrderState;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $slug:literal;)+) => {
        /// What happened, to which kind of object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$name,)+];

            /// Its name, never changed once released.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $slug,)+ }
            }

            /// Reads its name.
            pub fn parse(text: &str) -> Option<Kind> {
                Kind::ALL.iter().copied().find(|kind| kind.as_str() == text)
            }
        }
    };
}

kinds! {
    /// An order was placed, and its suppliers are being asked.
    OrderPending "order.pending";
    /// An order runs.
    OrderActivated "order.activated";
    /// A supplier refused an order.
    OrderRejected "order.rejected";
    /// An order was cancelled.
    OrderCancelled "order.cancelled";
    /// A subscription runs, with its order.
    SubscriptionActivated "subscription.activated";
    /// A subscription will never run: a supplier refused its order.
    SubscriptionRejected "subscription.rejected";
    /// A subscription was suspended by its vendor.
    SubscriptionSuspended "subscription.suspended";
    /// A suspended subscription runs again.
    SubscriptionResumed "subscription.resumed";
    /// A subscription was cancelled, with its order.
    SubscriptionCancelled "subscription.cancelled";
    /// An offer was created.
    OfferCreated "offer.created";
    /// An offer was changed.
    OfferUpdated "offer.updated";
    /// An offer was deleted.
    OfferDeleted "offer.deleted";
    /// A subscriber was created.
    SubscriberCreated "subscriber.created";
    /// A subscriber was changed.
    SubscriberUpdated "subscriber.updated";
    /// A subscriber was deleted.
    SubscriberDeleted "subscriber.deleted";
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
        let text = String::deserialize(deserializer)?;
        Kind::parse(&text).ok_or_else(|| D::Error::custom("no such kind of event"))
    }
}

impl Kind {
    /// What an order that has just come into a state tells, and what each of its subscriptions tells with it.
    pub(super) fn of_order(state: OrderState) -> (Kind, Option<Kind>) {
        match state {
            OrderState::Pending => (Kind::OrderPending, None),
            OrderState::Active => (Kind::OrderActivated, Some(Kind::SubscriptionActivated)),
            OrderState::Rejected => (Kind::OrderRejected, Some(Kind::SubscriptionRejected)),
            OrderState::Cancelled => (Kind::OrderCancelled, Some(Kind::SubscriptionCancelled)),
        }
    }
}
