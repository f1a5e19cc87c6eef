//! `DELETE /processingStrategies/{ref}`.

use super::strategy_of;
use crate::Problem;
use crate::dx::Call;
use crate::wire::{self, etag};
use axum::response::Response;
use orderpark_domain::strategy::DeleteStrategy;
use orderpark_domain::{Command, StrategyRef};

pub(crate) async fn delete(call: Call) -> Result<Response, Problem> {
    let strategy = call.target(StrategyRef::parse)?;
    let done = call.commit_once(Command::DeleteStrategy(DeleteStrategy { strategy }), None).await?;
    let strategy = strategy_of(done.outcome)?;
    Ok(call.done(&wire::Strategy::of(&strategy), &etag::of(strategy.revision), done.replayed))
}
