//! `/events` and `/events/stream`: what happened, in the order in which it happened, within the caller's scopes.
//!
//! Both show the same feed, a page at a time or as it comes (docs/events.md). An event's id is its place in the feed, and
//! where to go on after it. Reading takes turns with the lists.

pub(crate) mod list;
mod places;
pub(crate) mod stream;

pub(crate) use places::Streams;

use crate::limits::Permit;
use crate::problem::Reason;
use crate::wire::Query;
use crate::{App, Problem};
use orderpark_domain::Scope;
use orderpark_store::{EventPage, FeedPosition};
use std::sync::Arc;

const AFTER_RULE: &str = "must be the id of an event, the after of a Link header, or latest";

/// Where a reader wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Position(FeedPosition),
    Latest,
}

fn parse(text: &str) -> Option<After> {
    if text == "latest" { Some(After::Latest) } else { FeedPosition::parse(text).map(After::Position) }
}

/// The position that `after` names; without one the beginning.
async fn position(app: &App, query: &Query) -> Result<FeedPosition, Problem> {
    match query.read("after", AFTER_RULE, parse)? {
        None => Ok(FeedPosition::BEGINNING),
        Some(After::Position(position)) => Ok(position),
        Some(After::Latest) => Ok(app.store.events_end().await?),
    }
}

/// Reads a page, and where to go on. The permit ends with the read and not with the request, as
/// with lists.
async fn read(
    app: &Arc<App>,
    permit: Permit,
    scope: Scope,
    after: FeedPosition,
    limit: u32,
) -> Result<(EventPage, FeedPosition), Problem> {
    let app = Arc::clone(app);
    let read = tokio::spawn(async move {
        let _permit = permit;
        app.store.follow_events(&scope, after, limit).await
    });
    let page = read.await.map_err(|panic| Problem::internal(panic.to_string()))??;
    page.ok_or_else(|| unknown("after", after))
}

/// A position that this journal never gave out, as the parameter or attribute of this name.
pub(crate) fn unknown(name: &str, position: FeedPosition) -> Problem {
    let message = format!(
        "{name} {position} is not a position of this event feed: the database was restored to an earlier point, or the \
         position is from another server. GET /events?after=latest and keep its Link, read the objects again, then \
         follow that Link"
    );
    Problem::new(Reason::PositionUnknown, message)
}

#[cfg(test)]
mod tests;
