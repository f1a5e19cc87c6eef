//! `GET /webhookEndpoints/{ref}/attempts[?eventId=][&failed=true]`: what was sent, newest first, as long as it is kept.

use super::find;
use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, Query, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::Scope;
use orderpark_store::deliveries::{Attempt, AttemptFilter, Target};
use orderpark_store::{FeedPosition, ReadError, Rows, Slice};
use uuid::Uuid;

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let endpoint = find(&call).await?.endpoint;
    list_at(&call, Target::Endpoint(endpoint)).await
}

/// Lists the attempts at a target that the caller may see.
pub(crate) async fn list_at(call: &Call, target: Target) -> Result<Response, Problem> {
    let page = page::by_index_or_ref(&call.query, |text| Uuid::try_parse(text).ok())?;
    match filter(&call.query)? {
        Some(filter) => list::answer(call, Attempts { target, filter }, page).await,
        None => Ok(list::nothing()),
    }
}

/// The filter, or nothing where it can have no hit.
fn filter(query: &Query) -> Result<Option<AttemptFilter>, Problem> {
    let failed = query.flag("failed")?.unwrap_or(false);
    let event = query.name("eventId")?.map(|event| FeedPosition::parse(&event));
    if event == Some(None) {
        return Ok(None);
    }
    Ok(Some(AttemptFilter { event: event.flatten(), failed }))
}

struct Attempts {
    target: Target,
    filter: AttemptFilter,
}

impl Listing for Attempts {
    type Row = Attempt;
    type Ref = Uuid;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<Uuid>) -> Result<Rows<Attempt>, ReadError> {
        app.store.page_attempts(scope, self.target, &self.filter, slice).await
    }

    fn ref_of(row: &Attempt) -> Uuid {
        row.id
    }

    fn write(scope: &Scope, row: &Attempt, text: &mut Vec<u8>) {
        answer::write_json(&wire::Attempt::of(row, scope.is_everything()), text);
    }
}
