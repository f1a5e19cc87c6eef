//! Asking suppliers (`TRY_COMMIT`; domain.md, "Notifications to suppliers").
//!
//! An order with a product whose supplier wants to be asked is committed as `PENDING`. Then, outside any transaction, those
//! suppliers are asked, all at once and five seconds in all ([`ask`]); what came of it is committed as a settlement, and from
//! there on the feed of events tells them `COMMIT` or `CANCEL`, until they take it. So there are two records that a crash can fall
//! between, and no third:
//!
//! | the program dies | what is there | who goes on |
//! |---|---|---|
//! | before, while or after they are asked | an order in `PENDING` | the sweeper ([`sweep`]) refuses it: `CANCEL` to all |
//! | after the settlement | an order that is `ACTIVE` or `REJECTED` | the deliveries, from their cursor: `COMMIT` to all, or `CANCEL` |
//!
//! Only the first settlement of an order counts, so that whoever is late, the asker or a sweeper, reads what the other one
//! decided. A supplier that was never asked, because it only wants to be told, hears nothing of an order that is refused.
//!
//! The asking is a task of its own: a client that hangs up cancels nothing. One that comes again with its request key, or
//! with the same `externalId`, waits up to two seconds for what the first one is waiting for.

mod ask;
mod settle;
pub mod sweep;

pub(crate) use ask::{parties, signed};

use crate::limits::{self, Full, Shared};
use crate::problem::Reason;
use crate::{App, Problem};
use orderpark_domain::order::Refused;
use orderpark_domain::{Order, OrderRef, OrderState, Refusal, Scope, feed};
use orderpark_store::ReadError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long whoever asks again waits for an order that is being settled.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// After how many seconds an order is worth a new try whose buyer had too many questions under way.
const RETRY_AFTER_S: u64 = 5;
/// The end of the message for an order whose buyer has too many questions under way.
const SO_REJECTED: &str = ", so the order was rejected (with a new Idempotency-Key it may succeed)";
/// The shortest while between two looks at an order that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// An order whose suppliers were asked, as it was right after.
struct Settled {
    order: Order,
    /// The product whose supplier did not agree.
    refused: Option<Refused>,
    /// Its buyer had too many questions under way itself, so that not all were asked.
    full: Option<Full>,
}

/// What placing an order comes to for its client, once its suppliers were asked. `is_new`: it was placed just now, so that
/// nobody has asked them yet.
pub async fn answer(app: &Arc<App>, scope: &Scope, order: Order, is_new: bool) -> Result<Order, Problem> {
    match order.state {
        OrderState::Active | OrderState::Cancelled => Ok(order),
        OrderState::Pending if is_new => {
            let settled = settle::new(Arc::clone(app), order).await?;
            if settled.order.state == OrderState::Rejected { Err(rejected(&settled)) } else { Ok(settled.order) }
        }
        OrderState::Pending => of_others(app, wait(app, scope, order.order).await?).await,
        OrderState::Rejected => of_others(app, order).await,
    }
}

/// What another request, or the sweeper, has settled.
async fn of_others(app: &App, order: Order) -> Result<Order, Problem> {
    if order.state != OrderState::Rejected {
        return Ok(order);
    }
    let refused = app.store.get_refused(&order).await?;
    Err(rejected(&Settled { order, refused, full: None }))
}

/// Waits for an order that is being settled, and answers it as it was then.
async fn wait(app: &App, scope: &Scope, order: OrderRef) -> Result<Order, Problem> {
    let until = Instant::now() + WAIT_MAX;
    let mut moves = app.store.moved();
    loop {
        moves.borrow_and_update();
        let row = app.store.get_order(scope, order).await?.ok_or_else(Problem::not_found)?;
        if let Some(settled) = feed::settled(&row) {
            return Ok(settled);
        }
        let looked = Instant::now();
        if !matches!(timeout_at(until, moves.changed()).await, Ok(Ok(()))) {
            return Err(Refusal::OrderPending.into());
        }
        sleep_until((looked + LOOK_EVERY).min(until)).await;
    }
}

fn rejected(settled: &Settled) -> Problem {
    let of_product = |product| settled.order.subscriptions.iter().find(|subscription| subscription.product == product);
    let whose = match settled.refused.and_then(|refused| of_product(refused.product)) {
        Some(subscription) => format!("the supplier of {}", subscription.product_id),
        None => "a supplier".to_owned(),
    };
    if let Some(full) = settled.full {
        return limits::refused_so(full, Shared::Questions, SO_REJECTED, RETRY_AFTER_S);
    }
    if settled.refused.is_some_and(|refused| refused.unreachable) {
        let again = "place it again later, with a new Idempotency-Key if you use one; the externalId is free again";
        let message = format!("{whose} could not be reached, so the order was rejected: {again}");
        return Problem::new(Reason::SupplierUnreachable, message);
    }
    let message = format!(
        "{whose} refused the order, so it was rejected; ask the supplier for the cause. A new attempt needs a new \
         Idempotency-Key"
    );
    Problem::new(Reason::RejectedBySupplier, message)
}

/// The order with this ref as it was settled, by whomever.
async fn settled_by_another(app: &App, order: OrderRef) -> Result<Option<Settled>, ReadError> {
    let scope = Scope::system("what was settled meanwhile is read again");
    let row = app.store.get_order(&scope, order).await?;
    let Some(order) = row.as_ref().and_then(feed::settled) else { return Ok(None) };
    let refused = app.store.get_refused(&order).await?;
    Ok(Some(Settled { order, refused, full: None }))
}
