//! `/events` and `/events/stream`: what happened, in the order in which it happened, within the caller's scopes.
//!
//! Both show the same feed, a page at a time or as it comes (docs/events.md). An event's id is its place in the feed, and
//! where to go on after it. Reading takes turns with the lists.

pub(crate) mod list;
mod places;
pub(crate) mod stream;

pub(crate) use places::Streams;

use crate::wire::Query;
use crate::{App, Problem};
use orderpark_domain::Scope;
use orderpark_store::{EventPage, EventPlace};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

const AFTER_RULE: &str = "must be the id of an event, or where a link led to, or latest";

/// Where a reader wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Place(EventPlace),
    Latest,
}

fn parse(text: &str) -> Option<After> {
    if text == "latest" { Some(After::Latest) } else { EventPlace::parse(text).map(After::Place) }
}

/// The place that `after` names; without one the beginning.
async fn place(app: &App, query: &Query) -> Result<EventPlace, Problem> {
    match query.read("after", AFTER_RULE, parse)? {
        None => Ok(EventPlace::BEGINNING),
        Some(After::Place(place)) => Ok(place),
        Some(After::Latest) => Ok(app.store.events_end().await?),
    }
}

/// Reads a page. The turn ends with the read and not with the request, as with lists.
async fn read(
    app: &Arc<App>,
    turn: OwnedSemaphorePermit,
    scope: Scope,
    after: EventPlace,
    limit: u32,
) -> Result<EventPage, Problem> {
    let app = Arc::clone(app);
    let read = tokio::spawn(async move {
        let _turn = turn;
        app.store.page_events(&scope, Some(after), limit).await
    });
    Ok(read.await.map_err(|panic| Problem::internal(panic.to_string()))??)
}

#[cfg(test)]
mod tests;
