//! One clock for all nodes: the database's.

use crate::Clock;
use crate::clock::Steady;
use orderpark_domain::Instant;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What two clocks may differ before one is set right, in microseconds; less is the way of a message.
const TOLERATED: i64 = 250_000;

/// The same, as long as an answer may take.
const TOLERATED_WAY: Duration = Duration::from_millis(250);

/// A node's clock, set right by the database's. So a node whose clock is wrong by a day neither dates an order wrongly nor
/// lets a token live a day longer.
pub(super) struct SharedClock {
    own: Arc<dyn Clock>,
    /// Microseconds that the database's clock is ahead of ours.
    ahead: AtomicI64,
    follows: bool,
    /// The database's readings.
    database: Steady,
}

impl SharedClock {
    /// Begins with the node's own time; `follows`: whether the database's is listened to.
    pub(super) fn new(own: Arc<dyn Clock>, follows: bool) -> SharedClock {
        SharedClock { own, ahead: AtomicI64::new(0), follows, database: Steady::new("the database's clock") }
    }

    /// Hears what the database's clock says, in an answer that took so long. One that took too long says nothing of now.
    pub(super) fn hear(&self, database: Instant, took: Duration) {
        if took > TOLERATED_WAY {
            return;
        }
        let ahead = self.database.judge(database).0 - self.own.now().0;
        let known = self.ahead.load(Ordering::Relaxed);
        if self.follows && (ahead - known).abs() > TOLERATED {
            self.ahead.store(ahead, Ordering::Relaxed);
            tracing::warn!(
                ahead_ms = ahead / 1000,
                "the database's clock differs from this node's by so much, and is followed"
            );
        }
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Instant {
        Instant(self.own.now().0 + self.ahead.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests;
