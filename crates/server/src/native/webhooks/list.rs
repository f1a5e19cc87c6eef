//! `GET /webhookEndpoints[?scope=]`.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Endpoint, EndpointRef, Grant, Scope};
use orderpark_store::{EndpointFilter, ReadError, Rows, Slice};

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let page = page::by_index(&call.query)?;
    let owner = call.query.read("scope", "must be a scope such as VENDOR:12", Grant::parse)?;
    list::answer(&call, Endpoints { owner }, page).await
}

struct Endpoints {
    owner: Option<Grant>,
}

impl Listing for Endpoints {
    type Row = Endpoint;
    type Ref = EndpointRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<EndpointRef>) -> Result<Rows<Endpoint>, ReadError> {
        let filter = EndpointFilter { owner: self.owner.map(|owner| owner.party) };
        let mut page = app.store.page_endpoints(scope, &filter, slice).await?;
        // A ref names one party, of one kind: either all of them are meant, or none.
        page.rows.retain(|row| self.owner.is_none_or(|owner| row.owner == owner));
        Ok(page)
    }

    fn ref_of(row: &Endpoint) -> EndpointRef {
        row.endpoint
    }

    fn write(_: &Scope, row: &Endpoint, text: &mut Vec<u8>) {
        answer::write_json(&wire::Endpoint::of(row), text);
    }
}
