//! `GET /suppliers`, `/vendors`, `/subscribers`.

use super::Shown;
use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::page;
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Party, PartyKind, PartyRef, Scope};
use orderpark_store::{PartyFilter, ReadError, Rows, Slice};

pub(crate) async fn suppliers(call: Call) -> Result<Response, Problem> {
    companies(&call, PartyKind::Supplier, "supplierId").await
}

pub(crate) async fn vendors(call: Call) -> Result<Response, Problem> {
    companies(&call, PartyKind::Vendor, "vendorId").await
}

pub(crate) async fn subscribers(call: Call) -> Result<Response, Problem> {
    let asked = |name| call.query.name(name);
    let filter = PartyFilter {
        id: asked("subscriberId")?,
        contact_email: asked("contactEmail")?,
        product_id: asked("applicationId")?,
    };
    list::answer(&call, Parties { kind: PartyKind::Subscriber, filter }, page::by_index(&call.query)?).await
}

async fn companies(call: &Call, kind: PartyKind, id: &str) -> Result<Response, Problem> {
    let filter = PartyFilter { id: call.query.name(id)?, ..PartyFilter::default() };
    list::answer(call, Parties { kind, filter }, page::by_index(&call.query)?).await
}

struct Parties {
    kind: PartyKind,
    filter: PartyFilter,
}

impl Listing for Parties {
    type Row = Party;
    type Ref = PartyRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<PartyRef>) -> Result<Rows<Party>, ReadError> {
        app.store.page_parties(scope, self.kind, &self.filter, slice).await
    }

    fn ref_of(row: &Party) -> PartyRef {
        row.party
    }

    fn write(_: &Scope, row: &Party, text: &mut Vec<u8>) {
        answer::write_json(&Shown::of(row, None), text);
    }
}
