//! `PUT /processingStrategies/{ref}`.

use super::{find, state, strategy_of};
use crate::Problem;
use crate::dx::Call;
use crate::dx::core::as_read;
use crate::wire::{self, etag, text};
use axum::response::Response;
use orderpark_domain::Command;
use orderpark_domain::strategy::UpdateStrategy;

pub(crate) async fn update(call: Call) -> Result<Response, Problem> {
    let current = find(&call).await?;
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let command = UpdateStrategy {
        strategy: current.strategy,
        name: fields.changed("name", text::name),
        description: fields.changed("description", text::description),
        state: fields.changed("state", state),
        settings: fields.changed("settings", text::settings).map(|settings| settings.0),
    };
    fields.finish_against(&as_read(&wire::Strategy::of(&current)))?;
    let done = call.commit(Command::UpdateStrategy(command)).await?;
    let strategy = strategy_of(done.outcome)?;
    Ok(call.done(&wire::Strategy::of(&strategy), &etag::of(strategy.revision), false))
}
