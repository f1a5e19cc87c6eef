//! `GET /quotas`.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{PartyRef, QuotaDefaults, Scope, Tenant};
use orderpark_store::{QuotaUse, ReadError, Rows, Slice};

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let page = page::by_index(&call.query)?;
    list::answer(&call, AllQuotas, page).await
}

struct AllQuotas;

impl Listing for AllQuotas {
    type Row = (QuotaUse, QuotaDefaults, usize);
    type Ref = PartyRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<PartyRef>) -> Result<Rows<Self::Row>, ReadError> {
        let rows = app.store.page_quotas(scope, slice).await?;
        let with_streams = |row: QuotaUse| {
            let streams = app.limits.streams_of(Tenant::of(&row.party));
            (row, app.settings.quotas, streams)
        };
        Ok(rows.map(with_streams))
    }

    fn ref_of((row, ..): &Self::Row) -> PartyRef {
        row.party.party
    }

    fn write(_: &Scope, (row, defaults, streams): &Self::Row, text: &mut Vec<u8>) {
        answer::write_json(&wire::Quotas::of(row, defaults, *streams), text);
    }
}
