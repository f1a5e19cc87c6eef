//! Refs and instants: the names that the platform itself gives.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

impl Instant {
    /// The instant `seconds` later; saturates at the end of representable time.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Instant {
        Instant(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

macro_rules! numeric_ref {
    ($name:ident, $of:literal) => {
        #[doc = concat!("The platform's name for ", $of, ": a decimal string in the API (domain.md, conventions).")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $name {
            /// Reads a ref as it stands in a path: decimal digits without sign or leading zeros.
            pub fn parse(text: &str) -> Option<Self> {
                canonical_number(text).map(Self)
            }
        }
    };
}

numeric_ref!(PartyRef, "a party");
numeric_ref!(UserRef, "a user");
numeric_ref!(ProductRef, "a product");
numeric_ref!(OfferRef, "an offer");
numeric_ref!(StrategyRef, "a processing strategy");
numeric_ref!(EndpointRef, "a webhook endpoint");

/// One spelling only, so that two texts never name the same thing; at most 15 digits, so that it fits every database.
fn canonical_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    (digits && !text.starts_with('0')).then(|| text.parse().ok()).flatten()
}

/// An order's ref: a `UUIDv7` (RFC 9562) that grows with the journal and ends in ten zero bits.
///
/// The ten bits are room for the subscriptions of the order (see [`SubscriptionRef`]); the twelve bits after the
/// milliseconds are the fraction of the millisecond (RFC 9562, 6.2, method 3), so refs sort by creation time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderRef(pub Uuid);

/// A subscription's ref: its order's ref with the item's position, from 1, in the last ten bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubscriptionRef(pub Uuid);

const ITEM_BITS: u128 = 0x3FF;

impl OrderRef {
    /// The ref of an order created `at`; `chance` fills the 52 random bits.
    pub fn mint(at: Instant, chance: u64) -> OrderRef {
        let bits = u128::from(chance & 0x000F_FFFF_FFFF_FFFF) << 10;
        OrderRef(Uuid::from_u128(Self::time_bits(at) | bits))
    }

    /// The smallest ref that an order created at or after `at` can have.
    pub fn first_at(at: Instant) -> OrderRef {
        OrderRef(Uuid::from_u128(Self::time_bits(at)))
    }

    fn time_bits(at: Instant) -> u128 {
        let micros = u128::try_from(at.0.max(0)).unwrap_or(0);
        let millis = (micros / 1000) & 0xFFFF_FFFF_FFFF;
        let fraction = (micros % 1000) * 4096 / 1000;
        (millis << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62)
    }

    /// Reads a ref: the 36 characters of its hyphenated form, in either case.
    pub fn parse(text: &str) -> Option<OrderRef> {
        hyphenated_uuid(text).filter(|uuid| uuid.as_u128() & ITEM_BITS == 0).map(OrderRef)
    }

    /// The ref of the subscription for the item at `position`, from 1 to 1000.
    pub fn subscription(self, position: u16) -> SubscriptionRef {
        SubscriptionRef(Uuid::from_u128(self.0.as_u128() | (u128::from(position) & ITEM_BITS)))
    }
}

impl SubscriptionRef {
    /// Reads a ref: the 36 characters of its hyphenated form, in either case.
    pub fn parse(text: &str) -> Option<SubscriptionRef> {
        hyphenated_uuid(text).filter(|uuid| uuid.as_u128() & ITEM_BITS != 0).map(SubscriptionRef)
    }

    /// The order that made this subscription.
    pub fn order(self) -> OrderRef {
        OrderRef(Uuid::from_u128(self.0.as_u128() & !ITEM_BITS))
    }

    /// The position, from 1, of the item in the offer.
    pub fn position(self) -> u16 {
        u16::try_from(self.0.as_u128() & ITEM_BITS).unwrap_or(0)
    }
}

/// The 36 characters of the canonical form; upper-case digits are the same (RFC 9562, 4).
fn hyphenated_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

impl fmt::Display for OrderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SubscriptionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
