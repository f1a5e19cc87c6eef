//! The bookkeeping of deliveries: who is told of what, how far that is, and what has failed.
//!
//! What is delivered stands in the journal; *that* it was delivered does not, because it is no fact of the business. So this
//! is the one thing that is written beside the committer's door, and it has rules of its own:
//!
//! - A **target** is who is delivered to. Its **cursor** is a place in the feed: everything before it is delivered, is not
//!   for it, or stands among its **retries**. The committer writes a target's row together with the endpoint or the product
//!   that it is for; from then on it is the bookkeeping's.
//! - A **lease** is the right of one node to work on a target, on the database's time. Each time that it is given to
//!   somebody its **epoch** grows. Whatever a worker writes names its node and its epoch, and does nothing if they are not
//!   the row's: a node that stood still and wakes up with a lease that was lost overwrites nothing.
//! - What is settled is written in one transaction: cursor, retries and attempts go together, or not at all.
//!
//! If the last of this is lost in a crash, what was under way is delivered once more. That is why on PostgreSQL it need not
//! wait for standbys, and has connections of its own that never touch the journal's head. With SQLite it shares the
//! committer's transactions, because a file has one writer (see `books`).

mod attempts;
pub(crate) mod books;
mod leases;
mod publishers;
mod repair;
mod replays;
mod retries;
mod settle;
mod targets;

pub use attempts::{Attempt, AttemptFilter};
pub use leases::{Claim, Lease, Node};
pub use replays::{Replay, ReplayAsk};
pub use retries::{Retry, RetryState};
pub use settle::Settlement;
pub(crate) use targets::TELL_TARGETS;
pub use targets::{DeliveryStatus, Publisher, Target, TargetState};

#[cfg(test)]
mod tests;
