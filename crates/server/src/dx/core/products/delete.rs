//! `DELETE /applications/{ref}`, `/connectivityPlans/{ref}`.

use super::{product_of, shown_done};
use crate::Problem;
use crate::dx::Call;
use axum::response::Response;
use orderpark_domain::product::DeleteProduct;
use orderpark_domain::{Command, ProductKind, ProductRef};

pub(crate) async fn application(call: Call) -> Result<Response, Problem> {
    delete(call, ProductKind::Application).await
}

pub(crate) async fn plan(call: Call) -> Result<Response, Problem> {
    delete(call, ProductKind::ConnectivityPlan).await
}

async fn delete(call: Call, kind: ProductKind) -> Result<Response, Problem> {
    let product = call.target(ProductRef::parse)?;
    let done = call.commit_once(Command::DeleteProduct(DeleteProduct { kind, product }), None).await?;
    let product = product_of(&call, done.outcome)?;
    let (shown, etag) = shown_done(&call, &product).await?;
    Ok(call.done(&shown, &etag, done.replayed))
}
