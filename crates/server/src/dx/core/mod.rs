//! The Core API: one folder a resource, one file an operation.

pub(crate) mod offers;
pub(crate) mod orders;
pub(crate) mod parties;
pub(crate) mod products;
pub(crate) mod strategies;
pub(crate) mod subscriptions;
pub(crate) mod users;

use crate::answer;
use crate::wire::fields::Read;
use crate::wire::{Fields, Json, json};
use serde::Serialize;

/// An object as a caller reads it: what the echo in a PUT is compared with.
pub(crate) fn as_read(object: &impl Serialize) -> Json {
    json::parse(&answer::to_json(object)).unwrap_or(Json::Null)
}

/// An attribute that is shown as `""` where there is none, in a change: sent back so, it is as
/// absent.
pub(crate) fn renamed(
    fields: &mut Fields<'_>,
    name: &'static str,
    current: Option<&str>,
    read: fn(&Json) -> Read<String>,
) -> Option<String> {
    let echoed = |value: &Json| current.is_none() && matches!(value, Json::Text(text) if text.is_empty());
    fields.changed(name, |value| if echoed(value) { Ok(None) } else { read(value).map(Some) }).flatten()
}
