//! `DELETE /orders/{ref}[?dryRun=true]`: cancels all subscriptions of the order.

use super::order_of;
use crate::dx::Call;
use crate::wire::{Order, etag};
use crate::{Problem, answer};
use axum::response::Response;
use orderpark_domain::order::CancelOrder;
use orderpark_domain::{Command, OrderRef};

pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    let order = call.target(OrderRef::parse)?;
    let dry_run = call.query.flag("dryRun")?.unwrap_or(false);
    let command = Command::CancelOrder(CancelOrder { order, dry_run });
    // A rehearsal keeps no key: the same key may do it in earnest afterwards.
    let done = if dry_run { call.commit(command).await? } else { call.commit_once(command, None).await? };
    let order = order_of(done.outcome)?;
    if dry_run {
        // The revision that it would have is not there, so it has no tag.
        return Ok(answer::json(&Order::of(&order)));
    }
    Ok(Call::done(&Order::of(&order), &etag::of(order.revision), done.replayed))
}
