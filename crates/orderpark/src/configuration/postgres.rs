//! The table `[postgres]`: what one node asks of the server at most.

use anyhow::ensure;
use orderpark_store::Limits;
use serde::Deserialize;
use std::time::Duration;

/// Connections that one node may be given for reads, or for lists.
const CONNECTIONS_MAX: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Postgres {
    connect_max_ms: Option<u32>,
    statement_max_ms: Option<u32>,
    lock_max_ms: Option<u32>,
    idle_in_transaction_max_ms: Option<u32>,
    silence_max_ms: Option<u32>,
    reads_max: Option<usize>,
    lists_max: Option<usize>,
    pool_wait_max_ms: Option<u32>,
    resolve_max_ms: Option<u32>,
    reconnect_after_ms: Option<u32>,
}

impl Postgres {
    /// The limits, where they agree with each other.
    pub(super) fn limits(&self) -> anyhow::Result<Limits> {
        let mut limits = Limits::default();
        let mut set = |name: &str, value: Option<u32>, limit: fn(&mut Limits) -> &mut Duration| {
            if let Some(value) = value {
                ensure!(value > 0, "postgres.{name}: 0 would be never");
                *limit(&mut limits) = Duration::from_millis(value.into());
            }
            Ok(())
        };
        set("connect_max_ms", self.connect_max_ms, |limits| &mut limits.connect_max)?;
        set("statement_max_ms", self.statement_max_ms, |limits| &mut limits.statement_max)?;
        set("lock_max_ms", self.lock_max_ms, |limits| &mut limits.lock_max)?;
        set("idle_in_transaction_max_ms", self.idle_in_transaction_max_ms, |limits| {
            &mut limits.idle_in_transaction_max
        })?;
        set("silence_max_ms", self.silence_max_ms, |limits| &mut limits.silence_max)?;
        set("pool_wait_max_ms", self.pool_wait_max_ms, |limits| &mut limits.pool_wait_max)?;
        set("resolve_max_ms", self.resolve_max_ms, |limits| &mut limits.resolve_max)?;
        set("reconnect_after_ms", self.reconnect_after_ms, |limits| &mut limits.reconnect_after)?;
        limits.reads_max = connections("reads_max", self.reads_max, limits.reads_max)?;
        limits.lists_max = connections("lists_max", self.lists_max, limits.lists_max)?;
        check(&limits)?;
        Ok(limits)
    }
}

fn connections(name: &str, value: Option<usize>, default: usize) -> anyhow::Result<usize> {
    let count = value.unwrap_or(default);
    ensure!((1..=CONNECTIONS_MAX).contains(&count), "postgres.{name}: it must be between 1 and {CONNECTIONS_MAX}");
    Ok(count)
}

/// Whoever waits for a stalled node's lock must outlast that node, and then be told by the lock's own limit.
fn check(limits: &Limits) -> anyhow::Result<()> {
    ensure!(
        limits.idle_in_transaction_max < limits.lock_max,
        "postgres.lock_max_ms: it must be longer than idle_in_transaction_max_ms"
    );
    ensure!(limits.lock_max < limits.statement_max, "postgres.statement_max_ms: it must be longer than lock_max_ms");
    Ok(())
}
