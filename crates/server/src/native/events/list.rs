//! `GET /events[?after=][&limit=]`: a page of the feed, oldest first, and always where to go on.

use super::{position, read};
use crate::dx::Call;
use crate::wire::{self, page};
use crate::{Problem, answer};
use axum::response::Response;

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let limit = page::limit(&call.query)?.unwrap_or(page::PAGE_ROWS);
    let after = position(&call.app, &call.query).await?;
    let permit = call.app.limits.list_read(call.caller.tenant()).await?;
    let (page, next) = read(&call.app, permit, call.scope.clone(), after, limit).await?;
    let events: Vec<wire::Event<'_>> = page.events.iter().map(wire::Event::of).collect();
    let query = call.query.with("after", &next.to_string());
    let address = format!("{}?{query}", call.address());
    Ok(answer::with_next(answer::json(&events), &address))
}
