//! What was decided: the journal's entries.
//!
//! The journal is read for ever. A variant or attribute that was released is never renamed or removed; new attributes
//! come with `#[serde(default)]`.

use crate::order::FoundOrder;
use crate::{
    Endpoint, EndpointRef, Instant, Offer, OfferRef, Order, OrderRef, Party, PartyRef, Product, ProductRef, Quotas,
    RequestKey, Strategy, StrategyRef, SubscriptionRef, Token, User, UserRef,
};
use serde::{Deserialize, Serialize};

/// One fact. Created and updated things are told whole, so that applying an event never needs
/// arithmetic on old facts; but an update leaves out long attributes that stay
/// ([`crate::Abridge`]), and a token a long list of its user's grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// A party was created.
    PartyCreated(Party),
    /// A party was changed.
    PartyUpdated(Party),
    /// The closing of a party began, which ends with its deletion. Told whole, because it is the
    /// first answer under its key, whatever became of the party since.
    PartyClosing(Party),
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
    /// As [`Event::OrderFound`], with the whole order: earlier versions wrote it, and it is only
    /// read.
    OrderMatched(Order),
    /// A placing with a key found this order by `externalId`: nothing new but the key. Keeps what
    /// can change of the order, because that is the first answer under the key, whatever becomes of
    /// the order.
    OrderFound(FoundOrder),
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

/// Bytes as hexadecimal digits.
pub(crate) mod hex {
    use std::fmt::Write;

    pub fn written(bytes: &[u8]) -> String {
        let mut text = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    pub fn read(text: &str) -> Option<Vec<u8>> {
        let is_digits = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_digits
            .then(|| (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect())?
    }
}

macro_rules! hex_of {
    ($($(#[$doc:meta])* $name:ident: $length:literal;)+) => {
        $($(#[$doc])*
        pub(crate) mod $name {
            use serde::{Deserialize, Deserializer, Serializer, de::Error};

            pub fn serialize<S: Serializer>(bytes: &[u8; $length], serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&super::hex::written(bytes))
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; $length], D::Error> {
                let bytes = super::hex::read(&String::deserialize(deserializer)?);
                let wrong = || D::Error::custom(concat!("not ", $length, " bytes in hexadecimal digits"));
                bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)
            }
        })+
    };
}

hex_of! {
    /// Sixteen bytes as 32 hexadecimal digits.
    hex16: 16;
    /// Thirty-two bytes as 64 hexadecimal digits.
    hex32: 32;
}
