//! What was decided: the journal's entries.
//!
//! The journal is read for ever. A variant or attribute that was released is never renamed or removed; new attributes
//! come with `#[serde(default)]`.

use crate::{
    Endpoint, EndpointRef, Instant, Offer, OfferRef, Order, OrderRef, Party, PartyRef, Product, ProductRef, Quotas,
    RequestKey, Strategy, StrategyRef, SubscriptionRef, Token, User, UserRef,
};
use serde::{Deserialize, Serialize};

/// One fact. Created and updated things are told whole, so that applying an event never needs arithmetic on old facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// A party was created.
    PartyCreated(Party),
    /// A party was changed.
    PartyUpdated(Party),
    /// A party was deleted.
    PartyDeleted(PartyRef),
    /// The quotas of a party were set; those without a value have the default.
    QuotasSet {
        /// The party.
        party: PartyRef,
        /// All that are set now.
        quotas: Quotas,
    },
    /// A user was created.
    UserCreated(User),
    /// A user was changed, or got a new secret.
    UserUpdated(User),
    /// A user was deleted.
    UserDeleted(UserRef),
    /// A product was created.
    ProductCreated(Product),
    /// A product was changed.
    ProductUpdated(Product),
    /// A product was deleted.
    ProductDeleted(ProductRef),
    /// An offer was created.
    OfferCreated(Offer),
    /// An offer was changed.
    OfferUpdated(Offer),
    /// An offer was deleted.
    OfferDeleted(OfferRef),
    /// A processing strategy was created.
    StrategyCreated(Strategy),
    /// A processing strategy was changed.
    StrategyUpdated(Strategy),
    /// A processing strategy was deleted.
    StrategyDeleted(StrategyRef),
    /// An order was placed, `ACTIVE` or `PENDING`, with its subscriptions.
    OrderPlaced(Order),
    /// The suppliers of a `PENDING` order were asked: `ACTIVE` if all agreed, else `REJECTED`.
    OrderSettled {
        /// The order.
        order: OrderRef,
        /// The first product whose supplier refused, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<ProductRef>,
        /// Whether that supplier gave no answer. Entries from before this attribute do not tell.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unreachable: bool,
        /// The products whose suppliers need not be told: they said no themselves, or were never asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        declined: Vec<ProductRef>,
    },
    /// An order was cancelled, with all its subscriptions.
    OrderCancelled(OrderRef),
    /// A placing with a key found this order by `externalId`: nothing new but the key. Told whole, because it is the first
    /// answer under that key, whatever becomes of the order.
    OrderMatched(Order),
    /// A subscription was suspended.
    SubscriptionSuspended {
        /// The subscription.
        subscription: SubscriptionRef,
        /// Why, in the vendor's words.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A subscription was resumed.
    SubscriptionResumed {
        /// The subscription.
        subscription: SubscriptionRef,
        /// Why, in the vendor's words.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The number of connections that a subscriber uses of a product was reported.
    UsageReported {
        /// The subscriber.
        subscriber: PartyRef,
        /// The product.
        product: ProductRef,
        /// Connections in use now.
        used: u64,
    },
    /// A webhook endpoint was created.
    EndpointCreated(Endpoint),
    /// A webhook endpoint was changed, enabled, disabled, or got a new secret.
    EndpointUpdated(Endpoint),
    /// A webhook endpoint was deleted.
    EndpointDeleted(EndpointRef),
    /// A token was issued; it replaces the client's token before it.
    TokenIssued(Token),
    /// The token of a client was revoked.
    TokenRevoked(UserRef),
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// When it was decided; never before the entry before it.
    pub at: Instant,
    /// Whose intent it was; absent where the system itself decided.
    pub by: Option<UserRef>,
    /// The request key that it keeps.
    pub request: Option<RequestKey>,
    /// What was decided.
    pub event: Event,
}

/// Sixteen bytes as 32 hexadecimal digits.
pub(crate) mod hex16 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Write;

    pub fn serialize<S: Serializer>(bytes: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(32);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        number.map(u128::to_be_bytes).ok_or_else(|| D::Error::custom("not 32 hexadecimal digits"))
    }
}

/// Thirty-two bytes as 64 hexadecimal digits.
pub(crate) mod hex32 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Write;

    pub fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(64);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(D::Error::custom("not 64 hexadecimal digits"));
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(D::Error::custom)?;
            *byte = u8::from_str_radix(digits, 16).map_err(D::Error::custom)?;
        }
        Ok(bytes)
    }
}
