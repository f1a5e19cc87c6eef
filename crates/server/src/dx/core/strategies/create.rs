//! `POST /processingStrategies`.

use super::{state, strategy_of};
use crate::Problem;
use crate::dx::Call;
use crate::wire::{self, etag, text};
use axum::response::Response;
use orderpark_domain::strategy::CreateStrategy;
use orderpark_domain::{Command, StrategyState};

pub(crate) async fn create(call: Call) -> Result<Response, Problem> {
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let id = fields.required("id", text::strategy_id);
    let command = CreateStrategy {
        name: fields.or("name", id.clone(), text::name),
        id,
        description: fields.optional("description", text::description),
        state: fields.or("state", StrategyState::default(), state),
        settings: fields.or("settings", text::Settings("{}".to_owned()), text::settings).0,
    };
    let body = fields.finish()?;
    let done = call.commit_once(Command::CreateStrategy(command), Some(&body)).await?;
    let strategy = strategy_of(done.outcome)?;
    Ok(call.made(&wire::Strategy::of(&strategy), &etag::of(strategy.revision), strategy.strategy, done.replayed))
}
