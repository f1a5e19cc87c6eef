//! Settles an order that was placed just now: asks, and writes down what came of it.

use super::ask::{self, Verdict};
use super::{Settled, settled_by_another};
use crate::dx::unexpected;
use crate::{App, Problem};
use orderpark_domain::order::{Refused, SettleOrder};
use orderpark_domain::{Command, Intent, Order, Outcome, ProductRef, Refusal, Tenant};
use orderpark_store::{CommitError, faults};
use std::sync::Arc;
use std::time::Duration;

/// How often a settlement is tried that the store does not take now. Then the sweeper will refuse the order.
const TRIES_MAX: u32 = 5;
/// How long an answer waits for the log of the questions, so that whoever has it finds them there.
const LOG_WAIT_MAX: Duration = Duration::from_millis(100);
/// The pause before the second try; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Asks the suppliers of an order, and settles it; in a task of its own, which nobody's leaving ends.
pub(super) async fn new(app: Arc<App>, order: Order) -> Result<Settled, Problem> {
    let work = tokio::spawn(async move {
        faults::point("TRY next");
        let (verdict, attempts) = ask::ask(&app, &order).await.map_err(Problem::done_but_unread)?;
        faults::point("all TRY answered");
        let log = tokio::spawn({
            let app = Arc::clone(&app);
            async move { ask::log(&app, attempts).await }
        });
        let settled = settle(&app, &order, verdict).await?;
        // It goes on by itself: an order does not wait for bookkeeping that has a backlog.
        let _ = tokio::time::timeout(LOG_WAIT_MAX, log).await;
        faults::point("settlement committed");
        Ok(settled)
    });
    work.await.unwrap_or_else(|panic| Err(Problem::internal(format!("asking suppliers panicked: {panic}"))))
}

/// Writes down what came of the asking, or finds what somebody else has written down before.
async fn settle(app: &App, order: &Order, verdict: Verdict) -> Result<Settled, Problem> {
    let Verdict { refused, declined, full } = verdict;
    let mut pause = FIRST_PAUSE;
    for attempt in 1.. {
        match commit(app, order, refused, &declined).await {
            Ok(Outcome::Order(order)) => return Ok(Settled { order: *order, refused, full }),
            Ok(other) => return Err(unexpected(&other)),
            Err(CommitError::Refused(Refusal::OrderNotPending)) => break,
            Err(error) if attempt >= TRIES_MAX || !may_pass(&error) => return Err(unsettled(&error)),
            Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    let settled = settled_by_another(app, order.order).await.map_err(Problem::done_but_unread)?;
    settled.ok_or_else(|| Problem::internal("an order that is not PENDING is not settled"))
}

/// Commits a settlement.
pub(super) async fn commit(
    app: &App,
    order: &Order,
    refused: Option<Refused>,
    declined: &[ProductRef],
) -> Result<Outcome, CommitError> {
    let command = SettleOrder { order: order.order, refused, declined: declined.to_vec() };
    // It takes its turn with the buyer's own changes, of which each leads to one.
    let tenant = Some(Tenant::new(order.subscriber, Some(order.vendor)));
    let intent = Intent { tenant, ..Intent::system(Command::SettleOrder(command), "its suppliers were asked") };
    app.store.commit(intent).await.map(|committed| committed.outcome)
}

/// Whether the same may go well in a moment. Done twice, a settlement is done once.
fn may_pass(error: &CommitError) -> bool {
    use CommitError::{Busy, OutcomeUnknown, TenantBusy, Unavailable};
    matches!(error, Busy | TenantBusy(_) | Unavailable(_) | OutcomeUnknown(_))
}

/// The order is there, so nothing may look as if it was not.
fn unsettled(error: &CommitError) -> Problem {
    Problem::outcome_unknown(format!("an order was placed and not settled: {error}"))
}
