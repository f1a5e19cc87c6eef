//! The Core API: one folder a resource, one file an operation.

pub(crate) mod offers;
pub(crate) mod orders;
pub(crate) mod parties;
pub(crate) mod products;
pub(crate) mod strategies;
pub(crate) mod subscriptions;
pub(crate) mod users;

use crate::answer;
use crate::wire::{Json, json};
use serde::Serialize;

/// An object as a caller reads it: what the echo in a PUT is compared with.
pub(crate) fn as_read(object: &impl Serialize) -> Json {
    json::parse(&answer::to_json(object)).unwrap_or(Json::Null)
}
