//! What orderpark decides, and nothing else.
//!
//! **Invariant of this crate:** no I/O, no async, no SQL, no HTTP, no clock, no randomness, no environment. Everything a
//! decision depends on is an argument: the [`World`] (rows that were loaded for it), the [`Intent`] (who asks for what,
//! within which [`Scope`]) and the [`Stamp`] (when, and one number drawn by chance).
//!
//! How to read it: a noun has a folder (`order/`), its `mod.rs` is the noun with its states, and each command on it is
//! one file with two functions side by side: `needs`, which names the rows the decision will look at, and `decide`,
//! which turns the command into [`Event`]s or a [`Refusal`]. [`World::apply`] says what an event does to the tables.
//!
//! How to add a command: write the file, add a variant to [`Command`], and if it makes a new kind of fact, a variant to
//! [`Event`] with its arm in `apply`. The committer, the journal and `verify` need no change.

mod abridged;
pub mod access;
pub mod balance;
pub mod endpoint;
mod event;
pub mod feed;
mod intent;
pub mod offer;
pub mod order;
pub mod party;
pub mod product;
pub mod quota;
mod refs;
mod refusal;
pub mod request_key;
pub mod strategy;
pub mod subscription;
pub mod token;
pub mod user;
pub mod world;

pub use abridged::Abridge;
pub use access::{Action, Caller, Forbidden, Grant, MemberMay, Membership, Scope, Tenant};
pub use balance::Balance;
pub use endpoint::{Disabled, DisabledWhy, Endpoint, EndpointState, SealedSecret};
pub use event::{Entry, Event};
pub use intent::{Command, Decision, IfMatch, Intent, Outcome, Stamp};
pub use offer::{Offer, OfferItem, OfferState};
pub use order::{Order, OrderState};
pub use party::{Party, PartyKind};
pub use product::{Notification, NotificationFormat, NotificationMode, Product, ProductKind};
pub use quota::{Quota, QuotaDefaults, Quotas};
pub use refs::{EndpointRef, Instant, OfferRef, OrderRef, PartyRef, ProductRef, StrategyRef, SubscriptionRef, UserRef};
pub use refusal::{InUse, Refusal};
pub use request_key::RequestKey;
pub use strategy::{Strategy, StrategyState};
pub use subscription::{Subscription, SubscriptionState};
pub use token::Token;
pub use user::{Contained, Role, SecretHash, User};
pub use world::{Head, Made, Need, Needs, World};
