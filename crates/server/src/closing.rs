//! The background task that closes parties in pieces: it runs on every node, and what one node
//! leaves when it dies, another one or the next start goes on with. Each piece is a command of its
//! own, so that two nodes at the same party are no more than twice as fast.
//!
//! Others come first: after each piece the task waits for several times as long as the piece took,
//! so that their requests find the committer free most of the time.

use crate::App;
use crate::background::Background;
use orderpark_domain::party::{ContinueClosing, PARTS_AT_ONCE};
use orderpark_domain::{Command, Intent, Outcome, Scope, Tenant};
use orderpark_store::{CommitError, ReadError, Slice};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// The time between two looks for parties that are being closed, where there is nothing to do.
const EVERY: Duration = Duration::from_secs(1);
/// The number of parties that are read at a time.
const PARTIES_MAX: u32 = 100;
/// The pause after a piece, in multiples of the time that the piece took.
const PAUSE_FACTOR: u32 = 4;
/// The shortest pause after a piece.
const PAUSE_MIN: Duration = Duration::from_millis(20);

/// Starts the task of this node.
pub fn start(app: Arc<App>) -> Background {
    Background::start(async move {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            loop {
                match pass(&app).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "the parties that are being closed cannot be looked at");
                        break;
                    }
                }
            }
        }
    })
}

/// Does one piece of each party that is being closed; how many of them came further by it.
pub async fn pass(app: &App) -> Result<usize, ReadError> {
    let scope = Scope::system("the parties that are being closed are closed");
    let (mut further, mut slice) = (0, Slice::first(PARTIES_MAX));
    loop {
        let page = app.store.page_closing(&scope, slice).await?;
        for tenant in &page {
            further += usize::from(close(app, *tenant).await);
        }
        let Some(last) = page.last().filter(|_| page.len() >= PARTIES_MAX as usize) else { return Ok(further) };
        slice = Slice::after(last.party, PARTIES_MAX);
    }
}

/// Does one piece of one party; whether it came further by it. A piece that cannot be done now
/// keeps no other party waiting.
async fn close(app: &App, tenant: Tenant) -> bool {
    let began = Instant::now();
    let piece = piece(app, tenant).await;
    sleep((began.elapsed() * PAUSE_FACTOR).max(PAUSE_MIN)).await;
    piece.unwrap_or_else(|error| {
        tracing::warn!(party = %tenant.party, %error, "a party cannot be closed further now; it is tried again");
        false
    })
}

/// No token ends by it that the beginning of the closing has not ended, so that it leaves the cache
/// of tokens alone.
async fn piece(app: &App, tenant: Tenant) -> Result<bool, CommitError> {
    let command = Command::ContinueClosing(ContinueClosing { party: tenant.party, parts_max: PARTS_AT_ONCE });
    let intent = Intent { tenant: Some(tenant), ..Intent::system(command, "a party is closed in pieces") };
    let committed = app.store.commit(intent).await?;
    Ok(!matches!(committed.outcome, Outcome::Nothing))
}
