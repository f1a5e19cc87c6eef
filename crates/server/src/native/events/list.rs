//! `GET /events[?after=][&limit=]`: a page of the feed, oldest first, and always where to go on.

use super::{position, read};
use crate::dx::{Call, PAGE_BYTES};
use crate::memory::Counted;
use crate::wire::{self, page};
use crate::{Problem, answer};
use axum::response::Response;

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let limit = page::limit(&call.query)?.unwrap_or(page::PAGE_ROWS);
    let after = position(&call.app, &call.query).await?;
    let tenant = call.caller.tenant();
    let reserved = call.app.memory.soon(tenant, PAGE_BYTES).await?;
    let permit = call.app.limits.list_read(tenant).await?;
    let (page, next) = read(&call.app, permit, call.scope.clone(), after, limit).await?;
    let events: Vec<wire::Event<'_>> = page.events.iter().map(wire::Event::of).collect();
    let query = call.query.with("after", &next.to_string());
    let address = format!("{}?{query}", call.address());
    let mut response = answer::bytes(reserved.hold(answer::to_json(&events).into()));
    response.extensions_mut().insert(Counted);
    Ok(answer::with_next(response, &address))
}
