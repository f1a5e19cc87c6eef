//! What goes over the line: strict readers for what comes in, one answer type a noun for what goes out.
//!
//! Only here does anything derive `Serialize` for the API. Reading is by allow-list: a body becomes a [`Json`] tree (no
//! duplicate keys, bounded), [`Fields`] takes the attributes that an operation knows, each through a reader of [`text`],
//! and what is left over is refused by name. All errors of a body are told at once. What the server owns is never bound.

pub(crate) mod accept;
mod asked;
mod endpoint;
pub(crate) mod etag;
mod event;
pub(crate) mod fields;
pub(crate) mod idempotency;
pub(crate) mod json;
mod notification;
mod offer;
mod order;
pub(crate) mod page;
pub(crate) mod parameters;
mod party;
mod product;
mod query;
mod quotas;
pub(crate) mod shown;
mod strategy;
mod subscription;
pub(crate) mod text;
pub(crate) mod time;
mod user;

pub use asked::Asked;
pub use endpoint::{Attempt, ChallengeEvent, Delivery, Endpoint, TestEvent};
pub use event::Event;
pub use fields::{Fields, Meaning};
pub use json::Json;
pub use notification::{Notification, read_notification};
pub use offer::{Offer, OfferItem};
pub use order::Order;
pub use parameters::Parameters;
pub use party::{Closing, Party, Subscriber};
pub use product::{Application, ConnectivityPlan};
pub use query::Query;
pub(crate) use query::{flag, wrong};
pub use quotas::Quotas;
pub(crate) use shown::quoted;
pub use strategy::Strategy;
pub use subscription::Subscription;
pub(crate) use text::is_hidden;
pub use text::is_segment;
pub use time::{Time, parse as parse_time};
pub use user::{Contained, FirstUser, User};

/// Serializes a ref as a JSON string (domain.md, conventions).
fn as_text<T: std::fmt::Display, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A count as a decimal string (domain.md, "Resources").
#[derive(Clone, Copy, Debug)]
struct Count(u64);

impl serde::Serialize for Count {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
