//! A reference to an order that exists, with what can change of it: the order as it was at that
//! moment, in bounded space.
//!
//! Of an order only its state, `closed_at`, revision and the states of its subscriptions change
//! (see `feed::history`), so a later row and this give the order back as it was, but for the
//! vendor's reasons, which no answer shows.

use super::{Order, OrderState};
use crate::event::hex;
use crate::{OrderRef, Subscription, SubscriptionState};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An order that was found, and what could change of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundOrder {
    /// Its ref.
    #[serde(rename = "ref")]
    pub order: OrderRef,
    /// Where it stood.
    pub state: OrderState,
    /// Its revision.
    pub revision: u32,
    /// Its subscriptions that were suspended.
    #[serde(default, skip_serializing_if = "Positions::is_empty")]
    pub suspended: Positions,
}

/// A set of positions of subscriptions: a bit for each, so that a thousand of them are 250
/// hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(Vec<u8>);

impl FoundOrder {
    pub(crate) fn of(order: &Order) -> FoundOrder {
        let is_suspended = |it: &Subscription| it.state == SubscriptionState::Suspended;
        let suspended = order.subscriptions_with_refs().filter(|(_, it)| is_suspended(it)).map(|(it, _)| it.position());
        FoundOrder { order: order.order, state: order.state, revision: order.revision, suspended: suspended.collect() }
    }

    /// The order as it was found, from its row now. An order in an end state does not change any
    /// more.
    pub fn restore(&self, row: &Order) -> Order {
        if row.revision == self.revision {
            return row.clone();
        }
        let mut order = Order { state: self.state, closed_at: None, revision: self.revision, ..row.clone() };
        for (position, subscription) in (1..).zip(&mut order.subscriptions) {
            subscription.state = match self.state {
                OrderState::Pending => SubscriptionState::Pending,
                _ if self.suspended.contains(position) => SubscriptionState::Suspended,
                _ => SubscriptionState::Active,
            };
            (subscription.until, subscription.reason) = (None, None);
        }
        order
    }
}

impl Positions {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this position is one of them.
    pub fn contains(&self, position: u16) -> bool {
        let (byte, bit) = place(position);
        self.0.get(byte).is_some_and(|bits| bits & bit != 0)
    }
}

/// The byte and the bit of a position, which begins with 1.
fn place(position: u16) -> (usize, u8) {
    let index = usize::from(position.saturating_sub(1));
    (index / 8, 1 << (index % 8))
}

impl FromIterator<u16> for Positions {
    fn from_iter<I: IntoIterator<Item = u16>>(positions: I) -> Positions {
        let mut bytes = Vec::new();
        for (byte, bit) in positions.into_iter().map(place) {
            if bytes.len() <= byte {
                bytes.resize(byte + 1, 0);
            }
            bytes[byte] |= bit;
        }
        Positions(bytes)
    }
}

impl Serialize for Positions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::written(&self.0))
    }
}

impl<'de> Deserialize<'de> for Positions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Positions, D::Error> {
        let bytes = hex::read(&String::deserialize(deserializer)?);
        bytes.map(Positions).ok_or_else(|| D::Error::custom("not bytes in hexadecimal digits"))
    }
}
