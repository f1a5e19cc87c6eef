//! Processing strategies: predefined ways to process the data of what was bought.

mod create;
mod delete;
mod update;

pub use create::CreateStrategy;
pub use delete::DeleteStrategy;
pub use update::UpdateStrategy;

use crate::{Instant, Intent, PartyRef, Refusal, StrategyRef, World};
use serde::{Deserialize, Serialize};

/// Whether a strategy can be named on new orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StrategyState {
    /// It can.
    #[default]
    Active,
    /// It cannot; orders that named it keep it.
    Deactivated,
}

impl StrategyState {
    /// Every state.
    pub const ALL: [StrategyState; 2] = [StrategyState::Active, StrategyState::Deactivated];

    /// The word in capitals, as in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            StrategyState::Active => "ACTIVE",
            StrategyState::Deactivated => "DEACTIVATED",
        }
    }

    /// Reads the word in capitals.
    pub fn parse(text: &str) -> Option<StrategyState> {
        StrategyState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A predefined way to process data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    /// Its ref.
    #[serde(rename = "ref")]
    pub strategy: StrategyRef,
    /// Whose it is; absent: the operator's, for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<PartyRef>,
    /// Its id; a vendor's is `<vendor-id>/<name>`; never changes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it can be named on new orders.
    pub state: StrategyState,
    /// Its settings: a JSON object, as text.
    pub settings: String,
    /// Grows with every change.
    pub revision: u32,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Instant>,
}

/// The living strategy, for those who may change it: the operator all, a vendor its own.
fn writable<'w>(world: &'w World, intent: &Intent, strategy: StrategyRef) -> Result<&'w Strategy, Refusal> {
    world
        .strategies
        .get(&strategy)
        .filter(|strategy| strategy.deleted_at.is_none())
        .filter(|strategy| match strategy.vendor {
            None => intent.scope.is_everything(),
            Some(vendor) => intent.scope.has_vendor(vendor),
        })
        .ok_or(Refusal::NotFound)
}
