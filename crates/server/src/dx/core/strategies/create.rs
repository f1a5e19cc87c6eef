//! `POST /processingStrategies`.

use super::{state, strategy_of};
use crate::Problem;
use crate::dx::Call;
use crate::wire::{self, etag, text};
use axum::response::Response;
use orderpark_domain::Command;
use orderpark_domain::strategy::CreateStrategy;

pub(crate) async fn create(call: Call) -> Result<Response, Problem> {
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let id = fields.required("id", text::strategy_id);
    let command = CreateStrategy {
        name: fields.optional("name", text::name).unwrap_or_else(|| id.clone()),
        id,
        description: fields.optional("description", text::description),
        state: fields.optional("state", state).unwrap_or_default(),
        settings: fields.optional("settings", text::settings).unwrap_or_else(|| "{}".to_owned()),
    };
    fields.finish()?;
    let done = call.commit_once(Command::CreateStrategy(command), Some(&body)).await?;
    let strategy = strategy_of(done.outcome)?;
    Ok(call.made(&wire::Strategy::of(&strategy), &etag::of(strategy.revision), strategy.strategy, done.replayed))
}
