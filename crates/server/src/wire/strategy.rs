//! Processing strategies as the API shows them.

use super::as_text;
use super::json::{self, Json};
use orderpark_domain::StrategyRef;
use serde::Serialize;

/// A processing strategy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: StrategyRef,
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    state: &'static str,
    settings: Json,
}

impl<'a> Strategy<'a> {
    /// Shows a strategy.
    pub fn of(strategy: &'a orderpark_domain::Strategy) -> Strategy<'a> {
        Strategy {
            own_ref: strategy.strategy,
            id: &strategy.id,
            name: &strategy.name,
            description: strategy.description.as_deref(),
            state: strategy.state.as_str(),
            // The reader let in nothing that it does not read again.
            settings: json::parse(strategy.settings.as_bytes()).unwrap_or(Json::Object(Vec::new())),
        }
    }
}
