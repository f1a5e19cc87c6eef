//! `GET /applications/{ref}/attempts`, `/connectivityPlans/{ref}/attempts`: the requests to a
//! product's supplier, `TRY` included.

use super::find;
use crate::Problem;
use crate::dx::Call;
use crate::native::webhooks::attempts;
use axum::response::Response;
use orderpark_domain::ProductKind;
use orderpark_store::deliveries::Target;

pub(crate) async fn application(call: Call) -> Result<Response, Problem> {
    list(&call, ProductKind::Application).await
}

pub(crate) async fn plan(call: Call) -> Result<Response, Problem> {
    list(&call, ProductKind::ConnectivityPlan).await
}

async fn list(call: &Call, kind: ProductKind) -> Result<Response, Problem> {
    let product = find(call, kind).await?.product;
    attempts::list_at(call, Target::Supplier(product)).await
}
