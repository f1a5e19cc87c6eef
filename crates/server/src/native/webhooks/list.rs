//! `GET /webhookEndpoints[?scope=]`.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Action, Endpoint, EndpointRef, Grant, Scope};
use orderpark_store::{Creators, EndpointFilter, ReadError, Rows, Slice};
use std::sync::Arc;

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let page = page::by_index(&call.query)?;
    let owner = call.query.read("scope", "must be a scope such as VENDOR:12", Grant::parse)?;
    let readable = call.caller.may(Action::ReadUsers)?;
    list::answer(&call, Endpoints { owner, readable }, page).await
}

struct Endpoints {
    owner: Option<Grant>,
    /// The users whose logins may be shown as makers.
    readable: Scope,
}

impl Listing for Endpoints {
    type Row = (Endpoint, Arc<Creators>);
    type Ref = EndpointRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<EndpointRef>) -> Result<Rows<Self::Row>, ReadError> {
        let filter = EndpointFilter { owner: self.owner.map(|owner| owner.party) };
        let mut page = app.store.page_endpoints(scope, &filter, slice).await?;
        // A ref names one party, of one kind: either all of them are meant, or none.
        page.rows.retain(|row| self.owner.is_none_or(|owner| row.owner == owner));
        let makers = page.iter().filter_map(|endpoint| endpoint.created_by).collect();
        let creators = Arc::new(app.store.get_creators(&self.readable, makers).await?);
        Ok(page.map(|endpoint| (endpoint, Arc::clone(&creators))))
    }

    fn ref_of((row, _): &Self::Row) -> EndpointRef {
        row.endpoint
    }

    fn write(_: &Scope, (row, creators): &Self::Row, text: &mut Vec<u8>) {
        answer::write_json(&wire::Endpoint::of(row).made_by(creators), text);
    }
}
