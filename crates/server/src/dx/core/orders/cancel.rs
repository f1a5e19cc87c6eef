//! `DELETE /orders/{ref}`: cancels all subscriptions of the order.

use super::order_of;
use crate::Problem;
use crate::dx::Call;
use crate::wire::{Order, etag};
use axum::response::Response;
use orderpark_domain::order::CancelOrder;
use orderpark_domain::{Command, OrderRef};

pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    let order = call.target(OrderRef::parse)?;
    let done = call.commit_once(Command::CancelOrder(CancelOrder { order }), None).await?;
    let order = order_of(done.outcome)?;
    Ok(call.done(&Order::of(&order), &etag::of(order.revision), done.replayed))
}
