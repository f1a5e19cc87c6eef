//! `GET /orders/{ref}`.

use crate::Problem;
use crate::dx::Call;
use crate::wire::{Order, etag};
use axum::response::Response;
use orderpark_domain::OrderRef;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let order = call.target(OrderRef::parse)?;
    let order = call.app.store.get_order(&call.scope, order).await?.ok_or_else(Problem::not_found)?;
    Ok(call.show(&Order::of(&order), &etag::of(order.revision)))
}
