//! The committer, the journal, the tables, and the proof that they agree.
//!
//! **Invariant of this crate:** nothing is written but through [`Store::commit`], in one transaction with its journal
//! entries, and nobody is answered before that transaction is on the disk. This crate contains all SQL and no HTTP, and
//! decides nothing: decisions are `orderpark_domain`'s. There are two exceptions: [`copy`], which writes into an empty database
//! what was decided in another one, and the bookkeeping of [`deliveries`], which is no fact of the business.
//!
//! How to read it: `committer` is the door for writes, `journal` the record, `sqlite` and `postgres` the engines behind both,
//! `reads` the scoped reads, one file a noun, and `verify` folds the journal again and compares, with queries of its own.

mod clock;
mod committer;
pub mod copy;
pub mod deliveries;
mod epochs;
mod error;
pub mod faults;
mod journal;
mod load;
mod moves;
mod options;
mod postgres;
pub mod private;
mod query;
mod reads;
mod row;
mod rows;
pub mod schema;
mod sqlite;
mod store;
mod told;
mod trial;
pub mod verify;
mod write_state;

pub use clock::{Chance, Clock, SystemChance, SystemClock};
pub use committer::Committed;
pub use epochs::{Epoch, FeedPosition};
pub use error::{CommitError, OpenError, ReadError};
pub use options::{Budget, Database, Options};
pub use postgres::{Address, Limits, OwnSchema};
pub use reads::{
    BalanceTotal, Creators, EndpointFilter, EventPage, EventPlace, FeedEvent, OfferFilter, OrderFilter, PartyFilter,
    PlacedSubscription, ProductFilter, QuotaUse, Rows, Slice, StrategyFilter, SubscriptionFilter, UserFilter,
};
pub use schema::Schema;
pub use store::Store;
pub use write_state::WriteState;
