//! `GET /applications/{ref}`, `/connectivityPlans/{ref}`.

use super::{find, shown};
use crate::Problem;
use crate::dx::Call;
use axum::response::Response;
use orderpark_domain::ProductKind;

pub(crate) async fn application(call: Call) -> Result<Response, Problem> {
    get(&call, ProductKind::Application)
}

pub(crate) async fn plan(call: Call) -> Result<Response, Problem> {
    get(&call, ProductKind::ConnectivityPlan)
}

fn get(call: &Call, kind: ProductKind) -> Result<Response, Problem> {
    let product = find(call, kind)?;
    let (shown, etag) = shown(&call.app, &call.scope, &product)?;
    Ok(call.show(&shown, &etag))
}
