//! Why a decision was refused. Typed: no logic ever reads a sentence.

use crate::{PartyKind, Quota};
use std::borrow::Cow;

/// What still stands in the way of deleting something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InUse {
    /// Orders that are `ACTIVE` or `PENDING`.
    Orders,
    /// Offers that contain the product, or that the vendor publishes.
    Offers,
    /// Processing strategies of the vendor.
    Strategies,
    /// Subscribers of the vendor.
    Subscribers,
    /// Products of the supplier.
    Products,
    /// The last user who can act for the operator.
    LastOperator,
}

/// A command that was understood and will not be done. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Who asks was deleted since it was authenticated (401).
    CallerGone,
    /// The object does not exist within the scope; the two are never told apart (404).
    NotFound,
    /// An attribute names something that does not exist within the scope (400).
    Unknown {
        /// The attribute of the body or the query.
        attribute: &'static str,
    },
    /// An attribute has a value that this object cannot take (400).
    Invalid {
        /// The attribute of the body.
        attribute: &'static str,
        /// What it has to be, as a sentence for the caller.
        rule: Cow<'static, str>,
    },
    /// `withProcessingStrategyId` names no active strategy that this order may use (400).
    UnknownStrategy,
    /// The caller grants a scope that it does not hold (403).
    GrantNotHeld,
    /// The offer is not `ACTIVE` (409).
    OfferNotOrderable {
        /// The state that it has, for a caller of its vendor.
        state: Option<&'static str>,
    },
    /// A product asks its supplier first (`TRY_COMMIT`), and this server cannot ask (409).
    SupplierCannotBeAsked {
        /// The product.
        product_id: String,
    },
    /// Another living object has this id (409).
    IdTaken {
        /// The attribute that is taken.
        attribute: &'static str,
    },
    /// The subscriber has an order with this `externalId` and other content (409).
    ExternalIdTaken,
    /// Something still needs it (409).
    InUse(InUse),
    /// The order waits for its suppliers (409, try again).
    OrderPending,
    /// The order is not `PENDING` any more (409).
    OrderNotPending,
    /// More connections are in use than would remain granted (409).
    ConnectionsInUse {
        /// The product.
        product_id: String,
        /// Connections in use.
        used: u64,
        /// Connections that would remain granted.
        remaining: u64,
    },
    /// A subscriber that is to be closed uses connections of some product (409).
    SubscriberUsesConnections,
    /// The party that something new is for is being closed (409).
    PartyClosing {
        /// What it is.
        kind: PartyKind,
    },
    /// More connections are reported in use than are granted (409).
    ConnectionsNotGranted {
        /// Connections granted.
        granted: u64,
    },
    /// The sum of granted connections would exceed what can be counted (409).
    TooManyConnections,
    /// The state table has no such transition (409).
    IllegalTransition {
        /// The state that it has.
        from: &'static str,
        /// The state that was asked for.
        to: &'static str,
    },
    /// It would look at, or change, more than is decided at once (409).
    TooLargeAtOnce,
    /// A party has as many as its quota allows, or more (409).
    QuotaReached {
        /// Of what.
        quota: Quota,
        /// How many it may have.
        max: u32,
        /// The kind of the party: a vendor's quota of orders counts those of all its subscribers.
        whose: PartyKind,
    },
    /// The object was changed since the caller read it (412).
    Stale,
    /// The request key was used with another body (422).
    KeyReused,
    /// The deployment has its operator already.
    AlreadyBootstrapped,
}
