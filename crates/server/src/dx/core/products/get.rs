//! `GET /applications/{ref}`, `/connectivityPlans/{ref}`.

use super::{find, shown};
use crate::Problem;
use crate::dx::Call;
use axum::response::Response;
use orderpark_domain::ProductKind;

pub(crate) async fn application(call: Call) -> Result<Response, Problem> {
    get(&call, ProductKind::Application).await
}

pub(crate) async fn plan(call: Call) -> Result<Response, Problem> {
    get(&call, ProductKind::ConnectivityPlan).await
}

async fn get(call: &Call, kind: ProductKind) -> Result<Response, Problem> {
    let product = find(call, kind).await?;
    let (shown, etag) = shown(call, &product).await?;
    Ok(call.show(&shown, &etag))
}
