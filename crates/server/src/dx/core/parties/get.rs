//! `GET /suppliers/{ref}`, `/vendors/{ref}`, `/subscribers/{ref}`.

use super::{Progress, Shown, etag, find};
use crate::Problem;
use crate::dx::Call;
use axum::response::Response;
use orderpark_domain::PartyKind;

pub(crate) async fn supplier(call: Call) -> Result<Response, Problem> {
    get(&call, PartyKind::Supplier).await
}

pub(crate) async fn vendor(call: Call) -> Result<Response, Problem> {
    get(&call, PartyKind::Vendor).await
}

pub(crate) async fn subscriber(call: Call) -> Result<Response, Problem> {
    get(&call, PartyKind::Subscriber).await
}

async fn get(call: &Call, kind: PartyKind) -> Result<Response, Problem> {
    let party = find(call, kind).await?;
    let progress = Progress::of(call, &party).await?;
    let shown = Shown::of(&party, None).with(progress.as_ref());
    Ok(call.show(&shown, &etag(&party, progress.as_ref())))
}
