//! The sweeper: settles what nobody is going to settle any more, because the program died while suppliers were asked.
//!
//! It runs on every node, at the start and every few seconds. Nobody knows what the suppliers of such an order answered, so it is
//! refused as if they could not be reached, and all who may have been asked are told `CANCEL`.
//!
//! An order is given up when it is old by the clock, or when this node has seen it waiting for as long: a clock that was set
//! back makes orders of before look as if they were never going to be old. One that cannot be read or refused now keeps nobody
//! else waiting, and is tried again the next time.

use super::{ask, settle};
use crate::App;
use crate::background::Background;
use orderpark_domain::order::Refused;
use orderpark_domain::{Order, OrderRef, ProductRef, Refusal, Scope};
use orderpark_store::{CommitError, ReadError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long an order has to be `PENDING` that nobody can still be asking about.
const ABANDONED_AFTER: Duration = Duration::from_secs(15);
/// How often the sweeper looks.
const EVERY: Duration = Duration::from_secs(5);
/// How many orders it looks at at a time.
const ORDERS_MAX: u32 = 100;
/// Of how many orders it remembers since when they wait; further ones are remembered when these are done.
const SEEN_MAX: usize = 10_000;

/// Starts the sweeper of this node.
pub fn start(app: Arc<App>) -> Background {
    Background::start(async move {
        let (mut ticks, mut sweep) = (interval(EVERY), Sweep::default());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match sweep.pass(&app, Instant::now()).await {
                Ok(0) => {}
                Ok(orders) => tracing::warn!(orders, "orders whose suppliers nobody was asking any more are refused"),
                Err(error) => tracing::warn!(%error, "orders that wait for suppliers cannot be looked at"),
            }
        }
    })
}

/// Refuses the orders that are old by the clock; how many.
pub async fn sweep(app: &App) -> Result<usize, ReadError> {
    Sweep::default().pass(app, Instant::now()).await
}

/// What a sweeper remembers.
#[derive(Default)]
pub struct Sweep {
    /// Since when it knows of orders that wait, by a time that nobody sets.
    seen: BTreeMap<OrderRef, Instant>,
}

impl Sweep {
    /// Looks at all orders that wait, and refuses those that have waited too long; how many. `at`: when that is.
    pub async fn pass(&mut self, app: &App, at: Instant) -> Result<usize, ReadError> {
        let scope = Scope::system("the sweeper looks for orders that nobody settles");
        let (mut refused, mut after, mut seen) = (0, None, BTreeMap::new());
        loop {
            let page = app.store.page_pending(&scope, after, ORDERS_MAX).await?;
            let old = app.now().plus_seconds(-i64::try_from(ABANDONED_AFTER.as_secs()).unwrap_or(i64::MAX));
            for (order, created_at) in &page {
                let since = self.seen.get(order).copied().unwrap_or(at);
                if *created_at < old || at.saturating_duration_since(since) >= ABANDONED_AFTER {
                    refused += usize::from(give_up(app, &scope, *order).await);
                }
                if seen.len() < SEEN_MAX {
                    seen.insert(*order, since);
                }
            }
            after = page.last().map(|(order, _)| *order);
            if page.len() < ORDERS_MAX as usize {
                // Whoever does not wait any more is forgotten.
                self.seen = seen;
                return Ok(refused);
            }
        }
    }
}

/// Refuses one order; whether it was this one who did. What stands in its way is its own affair.
async fn give_up(app: &App, scope: &Scope, order: OrderRef) -> bool {
    let refused = match app.store.get_order(scope, order).await {
        Ok(Some(found)) => refuse(app, &found).await,
        Ok(None) => return false,
        Err(error) => Err(error.into()),
    };
    match refused {
        Ok(refused) => refused,
        Err(error) => {
            tracing::warn!(%order, %error, "an order that nobody settles cannot be refused now");
            false
        }
    }
}

async fn refuse(app: &App, order: &Order) -> Result<bool, CommitError> {
    let products = ask::products(app, order).await?;
    let asks = |product: &ProductRef| products.iter().any(|found| found.product == *product && found.asks_first());
    let (asked, others): (Vec<_>, Vec<_>) =
        order.subscriptions.iter().map(|subscription| subscription.product).partition(asks);
    // A supplier may have changed its mind meanwhile about being asked; refused is refused.
    let Some(first) = asked.first().or(others.first()).copied() else { return Ok(false) };
    match settle::commit(app, order, Some(Refused::unreachable(first)), &others).await {
        Ok(_) => Ok(true),
        Err(CommitError::Refused(Refusal::OrderNotPending)) => Ok(false),
        Err(error) => Err(error),
    }
}
