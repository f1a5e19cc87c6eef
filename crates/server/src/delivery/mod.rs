//! Deliveries: every event of the feed, to everybody who asked to be told of it, at least once.
//!
//! Who is told are **targets**: webhook endpoints, and suppliers by their products' notifications. The feed of events is
//! the journal, so nothing has to be written for an event to be delivered: a target has a **cursor** in the feed, and a node that
//! has its **lease** works from there. (Message brokers are targets too, of a simpler kind: see `publish`.)
//!
//! - [`mod@line`] is what decides: the pure state machine of one target. What it promises stands there.
//! - `worker` drives the line of one target with the store and the way out. It lives as long as there is something to do.
//! - `dispatch` is the node's loop: it claims and renews leases, reads the end of the feed once for all targets into a ring
//!   (`feed`), and wakes the workers of those that are concerned. A target that is not concerned costs nothing; the cursors
//!   of all that are idle are moved together, every few seconds.
//! - [`message`] makes an event a message.
//!
//! **A crash** at any instant loses nothing: what is behind the cursor is settled or stands among the retries, in the same
//! transaction, and all the rest is read from the feed again. What was under way or not yet settled is sent once more, with the
//! same id and the same body.
//!
//! **A lease** is given for [`DeliverySettings::lease_ms`] of the database's time. A node starts a request only if it ends
//! within the lease by its own monotonic clock, counted from before it asked for it: so even where a node stands
//! still, or cannot reach the database, no two nodes have requests of one target under way. What it writes names its epoch, and
//! is refused when the lease is somebody else's.
//!
//! **Isolation**: what fails waits in lanes and windows of its own target; requests to failing
//! targets share a small number of places that are not those of healthy ones; of either, a vendor
//! with its subscribers has a share (bulkhead per tenant), so that one whose receivers are slow
//! leaves places for all others; of a target that tenants share, none keeps the others waiting
//! (`line`); a receiver has a rate (`worker/pace`); whatever a target can make us keep in memory
//! has a limit.

mod bodies;
mod dispatch;
mod feed;
mod flight;
pub mod line;
pub mod message;
mod post;
mod probe;
mod settings;
mod whom;
mod worker;

pub(crate) use probe::Probe;
pub use settings::{DeliverySettings, HostRate};
pub(crate) use whom::Whom;

use crate::App;
use orderpark_store::deliveries::Target;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// How many targets may wait to be looked at; beyond that they are seen a little later.
const POKED_MAX: usize = 4096;

/// The handle by which the faces say that there is something new for a target. Without deliveries that run, it does nothing.
#[derive(Clone, Default)]
pub struct Deliveries(Arc<Poked>);

#[derive(Default)]
struct Poked {
    targets: Mutex<BTreeSet<Target>>,
    woken: Notify,
}

/// The deliveries of this node, while they run.
pub struct Running {
    stop: watch::Sender<bool>,
    node: JoinHandle<()>,
}

impl Deliveries {
    /// Has this target looked at now: it was made or changed, or a replay was asked for.
    pub fn poke(&self, target: Target) {
        let mut targets = self.0.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if targets.len() < POKED_MAX {
            targets.insert(target);
        }
        drop(targets);
        self.0.woken.notify_one();
    }

    /// Waits until a target was poked.
    async fn woken(&self) {
        self.0.woken.notified().await;
    }

    /// Which ones were, since the last time.
    fn take(&self) -> BTreeSet<Target> {
        std::mem::take(&mut *self.0.targets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts the deliveries of this node.
pub fn start(app: &Arc<App>) -> Running {
    let (stop, stopping) = watch::channel(false);
    let node = tokio::spawn(dispatch::run(Arc::clone(app), stopping));
    Running { stop, node }
}

impl Running {
    /// Begins nothing more, waits for what is under way as long as the settings say, settles, and gives the leases back.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(panic) = self.node.await {
            tracing::error!(%panic, "the deliveries panicked");
        }
    }
}
