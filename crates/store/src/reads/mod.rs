//! Scoped reads. Each takes a [`Scope`](orderpark_domain::Scope) first and puts it into the SQL itself; only the event
//! feed is filtered behind the SQL, and `events` says why.
//!
//! `get_` answers one row or `None`, which is the same for a row that does not exist and one outside the scope;
//! `page_` answers a [`Slice`] of a list. A `get_` is short, and with SQLite done in the caller's task; a `page_` may have to
//! look at many rows before it finds some, so it has connections of its own, with SQLite a blocking thread, and is
//! given up after five seconds. A walk over everything is a loop of slices, each after the last ref of the one before.

mod beginning;
pub(crate) mod endpoints;
mod events;
mod instants;
mod names;
mod offers;
mod orders;
mod parties;
mod products;
mod quotas;
mod strategies;
mod subscriptions;
mod suppliers;
pub(crate) mod users;

pub use events::{EventPage, EventPlace, FeedEvent};
pub use quotas::QuotaUse;
pub use users::Creators;

use crate::ReadError;
use crate::query::Query;
use crate::row::Row;
use orderpark_domain::{Instant, OrderRef, OrderState, PartyRef, Subscription, SubscriptionRef};
use std::ops::Deref;

type Read<T> = Result<T, ReadError>;

/// Which part of a list: after a ref (keyset), then past `skip` rows, at most `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice<R> {
    /// Only what comes after this one in the order of the list.
    pub after: Option<R>,
    /// Rows to pass over.
    pub skip: u32,
    /// Rows to answer at most.
    pub limit: u32,
}

impl<R> Slice<R> {
    /// The first `limit` rows.
    pub fn first(limit: u32) -> Slice<R> {
        Slice { after: None, skip: 0, limit }
    }

    /// The next `limit` rows after `last`.
    pub fn after(last: R, limit: u32) -> Slice<R> {
        Slice { after: Some(last), skip: 0, limit }
    }

    pub(crate) fn limit(&self, query: &mut Query) {
        query.bind(" limit ?", i64::from(self.limit)).bind(" offset ?", i64::from(self.skip));
    }
}

/// The rows of a slice. Reading stops at 1 MiB, so that a slice is bounded in memory however large
/// a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    /// In the order of the list; one at least, where there is any.
    pub rows: Vec<T>,
    /// Whether reading stopped before the slice was full or the list at its end.
    pub is_cut: bool,
}

impl<T> Rows<T> {
    pub(crate) fn none() -> Rows<T> {
        Rows { rows: Vec::new(), is_cut: false }
    }

    /// The same with other rows, one for each.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Rows<U> {
        Rows { rows: self.rows.into_iter().map(row).collect(), is_cut: self.is_cut }
    }
}

impl<T> Deref for Rows<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.rows
    }
}

impl<T> IntoIterator for Rows<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

/// The size of a slice at which no further row is read, in bytes as the database sends them.
const SLICE_BYTES: usize = 1024 * 1024;

/// The bound of a slice: counts what is read, and says when it is enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    bytes_left: usize,
    rows: usize,
    pub is_reached: bool,
}

impl Bound {
    /// That of a slice.
    pub(crate) const SLICE: Bound = Bound { bytes_left: SLICE_BYTES, rows: 0, is_reached: false };
    /// Everything is read.
    pub(crate) const NONE: Bound = Bound { bytes_left: usize::MAX, rows: 0, is_reached: false };

    /// Whether a row is still read. The first always is.
    pub(crate) fn takes(&mut self, row: &dyn Row) -> bool {
        self.is_reached |= self.rows > 0 && self.bytes_left == 0;
        if !self.is_reached {
            self.rows += 1;
            self.bytes_left = self.bytes_left.saturating_sub(row.bytes());
        }
        !self.is_reached
    }
}

/// Which suppliers, vendors or subscribers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartyFilter {
    /// The party with this id.
    pub id: Option<String>,
    /// Subscribers with this contact, in any letter case.
    pub contact_email: Option<String>,
    /// Subscribers that have a granted subscription to the application with this id.
    pub product_id: Option<String>,
}

/// Which users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Users with this login, in any letter case.
    pub login: Option<String>,
}

/// Which products of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// The product with this id.
    pub id: Option<String>,
}

/// Which offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferFilter {
    /// The offer with this id.
    pub id: Option<String>,
    /// For a subscriber: the active offers of its vendor, instead of those that it has subscribed to.
    pub orderable: bool,
}

/// Which webhook endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointFilter {
    /// Of this party.
    pub owner: Option<PartyRef>,
}

/// Which processing strategies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StrategyFilter {
    /// The strategy with this id.
    pub id: Option<String>,
}

/// Which orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFilter {
    /// In one of these states.
    pub states: Vec<OrderState>,
    /// Of the offer with this id.
    pub offer_id: Option<String>,
    /// For this subscriber.
    pub subscriber: Option<PartyRef>,
    /// With this `externalId`.
    pub external_id: Option<String>,
    /// Or with this one: as it was sent, where an older version kept it so.
    pub external_id_sent: Option<String>,
    /// Created at or after.
    pub created_from: Option<Instant>,
    /// Created before.
    pub created_to: Option<Instant>,
}

impl Default for OrderFilter {
    /// The open orders: what a list shows where no state is asked for (domain.md, "Orders").
    fn default() -> OrderFilter {
        OrderFilter {
            states: vec![OrderState::Pending, OrderState::Active],
            offer_id: None,
            subscriber: None,
            external_id: None,
            external_id_sent: None,
            created_from: None,
            created_to: None,
        }
    }
}

/// Which subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionFilter {
    /// In one of these states; empty: those of open orders.
    pub states: Vec<orderpark_domain::SubscriptionState>,
    /// For this subscriber.
    pub subscriber: Option<PartyRef>,
    /// To the product with this id.
    pub product_id: Option<String>,
    /// Made by this order.
    pub order: Option<OrderRef>,
}

/// A subscription with what its order says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedSubscription {
    /// Its ref, which names its order too.
    pub subscription_ref: SubscriptionRef,
    /// For whom.
    pub subscriber: PartyRef,
    /// The offer's id.
    pub offer_id: String,
    /// The id of the processing strategy.
    pub strategy: Option<String>,
    /// The revision of its order.
    pub revision: u32,
    /// Itself.
    pub subscription: Subscription,
}

/// Connections of one product, summed over the subscribers in a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BalanceTotal {
    /// Granted.
    pub granted: u64,
    /// Used.
    pub used: u64,
}

#[cfg(test)]
mod tests;
