//! How long, and how many: everything that bounds what this program asks of a PostgreSQL server.

use std::time::Duration;

/// Bounds on the work of one node. Durations are whole milliseconds to the server; less than one is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long connecting may take, over all hosts, with the checks behind it.
    pub connect_max: Duration,
    /// How long one statement may take, waiting for locks included; then the server ends it.
    pub statement_max: Duration,
    /// How long a statement may wait for a lock: longer than a stalled node may keep one, shorter than `statement_max`.
    pub lock_max: Duration,
    /// How long a transaction may stand still before the server ends it, and with it a stalled node's locks.
    pub idle_in_transaction_max: Duration,
    /// How long sent bytes may stay unacknowledged before either side gives the connection up.
    pub silence_max: Duration,
    /// Connections that reads of one row share.
    pub reads_max: usize,
    /// Connections for lists.
    pub lists_max: usize,
    /// How long a read may wait for a connection.
    pub pool_wait_max: Duration,
    /// How long the outcome of a commit is looked for after its connection was lost.
    pub resolve_max: Duration,
    /// How long to wait between two attempts to connect.
    pub reconnect_after: Duration,
}

/// What the way of an answer may add to the time that the server takes for it.
const WAY_MAX: Duration = Duration::from_secs(1);

impl Limits {
    /// For a walk over everything: either end may be busy with something else for minutes, and leave what the network holds.
    pub(super) fn of_a_walk() -> Limits {
        Limits { silence_max: Duration::from_mins(2), ..Limits::default() }
    }

    /// How long to wait for an answer before the connection is given up: a network that swallows everything, and yet
    /// acknowledges, is noticed by nobody else.
    pub(super) fn answer_max(&self) -> Duration {
        self.statement_max + WAY_MAX
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect_max: Duration::from_secs(2),
            statement_max: Duration::from_secs(5),
            lock_max: Duration::from_secs(3),
            idle_in_transaction_max: Duration::from_millis(1500),
            silence_max: Duration::from_secs(2),
            reads_max: 4,
            lists_max: 4,
            pool_wait_max: Duration::from_secs(2),
            resolve_max: Duration::from_secs(10),
            reconnect_after: Duration::from_millis(100),
        }
    }
}
