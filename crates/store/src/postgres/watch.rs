//! Watches the database: whether it can be reached, what its clock says, how far the journal is, and which tokens other
//! nodes have ended.
//!
//! A thread of its own listens on one connection, and looks twice a second. Every commit that writes notifies, unless nobody
//! else is there, so that who follows the journal on one node hears of what was committed on another; and once more if it
//! may end a token, so that a token that was revoked on one node is refused on all of them at once. A notice only says that
//! it is worth looking: what counts is the head, which is looked at, so that a notice that is lost costs half a second and
//! one that is made up, a look.

use super::clock::SharedClock;
use super::connect::{Connector, judge_again};
use super::session::{Heard, Session, SessionError};
use crate::moves::Moves;
use crate::row::{instant, number};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

/// How often the database is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// How long to rest between two looks, however much is told.
const PAUSE: Duration = Duration::from_millis(5);

const END: &str = "select seq from head";

/// The time, and how many listen, as this node does.
const AROUND: &str = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint, \
    (select count(*) from pg_stat_activity where application_name = 'orderpark listener' and datname = current_database())";

/// What is known of the database.
#[derive(Debug)]
pub(super) struct Status {
    reachable: AtomicBool,
    /// Whether nobody else listens: then nobody needs to be told anything.
    alone: AtomicBool,
    /// Whether the server's settings are no longer such that it may be trusted.
    doubted: AtomicBool,
    revocations: watch::Sender<u64>,
    moves: Moves,
}

impl Status {
    pub(super) fn new(moves: Moves) -> Status {
        Status {
            reachable: AtomicBool::new(true),
            alone: AtomicBool::new(false),
            doubted: AtomicBool::new(false),
            revocations: watch::Sender::new(0),
            moves,
        }
    }

    /// Some token may have ended.
    fn revoked(&self) {
        self.revocations.send_modify(|count| *count += 1);
    }

    pub(super) fn revocations(&self) -> watch::Receiver<u64> {
        self.revocations.subscribe()
    }

    pub(super) fn is_alone(&self) -> bool {
        self.alone.load(Ordering::Relaxed)
    }

    pub(super) fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed)
    }

    pub(super) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    pub(super) fn reached(&self, reachable: bool) {
        if self.reachable.swap(reachable, Ordering::Relaxed) != reachable {
            if reachable {
                tracing::info!("the database can be reached again");
            } else {
                tracing::error!("the database cannot be reached");
            }
        }
    }
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(connector: Connector, clock: Arc<SharedClock>, status: Arc<Status>) -> std::io::Result<Watch> {
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            // Made here, because here it may end as well.
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return tracing::error!(%error, "the database is not watched"),
            };
            runtime.block_on(async {
                tokio::select! {
                    () = watch(&connector, &clock, &status) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("watch".into()).spawn(run)?;
        Ok(Watch { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn watch(connector: &Connector, clock: &SharedClock, status: &Status) {
    let limits = connector.limits();
    loop {
        let listening = timeout(limits.connect_max + limits.answer_max(), Session::listen(connector)).await;
        match listening.unwrap_or(Err(SessionError::SILENT)) {
            // That this one connection ended says nothing yet: whether there can be another one does.
            Ok(listening) => {
                status.doubted.store(false, Ordering::Relaxed);
                let Err(error) = look_on(listening, connector, clock, status).await;
                tracing::debug!(%error, "the database is not watched for a moment");
                sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::debug!(%error, "the database cannot be watched");
                status.reached(false);
                sleep(EVERY).await;
            }
        }
    }
}

/// Looks again and again, until the connection is lost.
async fn look_on(
    (mut session, mut heard): (Session, Heard),
    connector: &Connector,
    clock: &SharedClock,
    status: &Status,
) -> Result<Infallible, SessionError> {
    let limits = connector.limits();
    // Whatever was notified while nobody listened.
    status.revoked();
    let mut looked_around_at = None;
    loop {
        if looked_around_at.is_none_or(|at: Instant| at.elapsed() >= EVERY) {
            timeout(limits.answer_max(), look_around(&mut session, clock, status))
                .await
                .unwrap_or(Err(SessionError::SILENT))?;
            looked_around_at = Some(Instant::now());
        }
        let known = status.moves.known();
        let looked = timeout(limits.answer_max(), look(&mut session)).await;
        status.moves.found(looked.unwrap_or(Err(SessionError::SILENT))?, known);
        status.reached(true);
        match timeout(EVERY, hear(&mut heard, status)).await {
            Ok(true) => sleep(PAUSE).await,
            Ok(false) => return Err(SessionError::Unreachable("the connection was closed")),
            Err(_) => {}
        }
    }
}

/// Waits until it is worth looking; false: nothing will ever be heard again.
async fn hear(heard: &mut Heard, status: &Status) -> bool {
    loop {
        tokio::select! {
            revoked = heard.revocations.recv() => {
                status.revoked();
                return revoked.is_some();
            }
            told = heard.journal.changed() => {
                // What this node has committed itself is heard here as well, and known already.
                let news = *heard.journal.borrow_and_update() > status.moves.known();
                if told.is_err() || news {
                    return told.is_ok();
                }
            }
        }
    }
}

/// Looks at the end of the journal.
async fn look(session: &mut Session) -> Result<u64, SessionError> {
    let statement = session.prepare(END).await?;
    Ok(number(&session.client.query_one(&statement, &[]).await?, 0)?)
}

/// Looks at the clock, and who else listens. A node that comes is told nothing for half a second, in which it looks for itself.
async fn look_around(session: &mut Session, clock: &SharedClock, status: &Status) -> Result<(), SessionError> {
    if let Err(refused) = judge_again(&session.client).await {
        status.doubted.store(!refused.may_pass(), Ordering::Relaxed);
        return Err(refused.into());
    }
    let statement = session.prepare(AROUND).await?;
    let asked_at = Instant::now();
    let row = session.client.query_one(&statement, &[]).await?;
    clock.hear(instant(&row, 0)?, asked_at.elapsed());
    status.alone.store(number(&row, 1)? < 2, Ordering::Relaxed);
    Ok(())
}
