//! `/processingStrategies`: ours (domain.md, "Resources").

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::wire::fields::Read;
use crate::wire::{Json, text};
use orderpark_domain::{Outcome, Strategy, StrategyRef, StrategyState};

fn strategy_of(outcome: Outcome) -> Result<Strategy, Problem> {
    match outcome {
        Outcome::Strategy(strategy) => Ok(*strategy),
        other => Err(unexpected(&other)),
    }
}

/// The living strategy that the path names.
async fn find(call: &Call) -> Result<Strategy, Problem> {
    let strategy = call.target(StrategyRef::parse)?;
    call.app.store.get_strategy(&call.scope, strategy).await?.ok_or_else(Problem::not_found)
}

fn state(value: &Json) -> Read<StrategyState> {
    text::word(value, StrategyState::parse, "ACTIVE, DEACTIVATED")
}
