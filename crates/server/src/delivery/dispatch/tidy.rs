//! Removes what nobody needs any more. It may take long, so it is a task of its own that ends with the node, and it
//! goes in pieces with pauses, so that neither deliveries nor orders wait for it.

use super::Ground;
use orderpark_store::ReadError;
use orderpark_store::deliveries::Target;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How many pieces of one kind are removed in one round; the next round goes on.
const PIECES_MAX: usize = 300;
/// How many exhausted events of one target are kept.
const EXHAUSTED_MAX: u32 = 10_000;
/// How many targets are looked at before there is a pause.
const TARGETS_AT_ONCE: usize = 64;

/// One round, for the targets that this node has.
pub(super) async fn tidy(ground: Arc<Ground>, targets: Vec<Target>) {
    if let Err(error) = round(&ground, &targets).await {
        tracing::warn!(%error, targets = targets.len(), "deliveries could not be tidied up");
    }
}

async fn round(ground: &Ground, targets: &[Target]) -> Result<(), ReadError> {
    let app = &ground.app;
    let settings = &app.settings.deliveries;
    let pause = || sleep(Duration::from_millis(settings.tidy_pause_ms));
    app.store.repair_targets().await?;
    let before = app.now().plus_seconds(-i64::from(settings.attempts_days) * 86_400);
    for _ in 0..PIECES_MAX {
        if app.store.forget_attempts(before, settings.tidy_piece).await? < u64::from(settings.tidy_piece) {
            break;
        }
        pause().await;
    }
    for some in targets.chunks(TARGETS_AT_ONCE) {
        for target in some {
            keep_newest(ground, *target).await?;
            keep_newest_exhausted(ground, *target).await?;
        }
        pause().await;
    }
    Ok(())
}

async fn keep_newest(ground: &Ground, target: Target) -> Result<(), ReadError> {
    let settings = &ground.app.settings.deliveries;
    let (keep, piece) = (settings.attempts_of_target, settings.tidy_piece);
    for _ in 0..PIECES_MAX {
        if ground.app.store.keep_newest_attempts(target, keep, piece).await? < u64::from(piece) {
            break;
        }
        sleep(Duration::from_millis(settings.tidy_pause_ms)).await;
    }
    Ok(())
}

async fn keep_newest_exhausted(ground: &Ground, target: Target) -> Result<(), ReadError> {
    let settings = &ground.app.settings.deliveries;
    let (piece, mut forgotten) = (settings.tidy_piece, 0);
    for _ in 0..PIECES_MAX {
        let events = ground.app.store.keep_newest_exhausted(target, EXHAUSTED_MAX, piece).await?;
        forgotten += events;
        if events < u64::from(piece) {
            break;
        }
        sleep(Duration::from_millis(settings.tidy_pause_ms)).await;
    }
    if forgotten > 0 {
        tracing::warn!(?target, events = forgotten, "the oldest exhausted events are forgotten: there are too many");
    }
    Ok(())
}
