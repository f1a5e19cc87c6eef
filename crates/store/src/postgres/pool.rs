//! A pool of connections that are lent one by one, for lists and for bookkeeping. It does not hand out dead connections for long.
//!
//! A connection that was used a moment ago is handed out as it is; one that has rested is asked first, and must answer soon.
//! When one turns out to be dead, all that were made before that moment are suspected of having the same server, and are
//! thrown away unasked: after a failover a pool does not find out about its connections one after the other.

use super::connect::{ConnectError, Connector, Role, sentence};
use super::session::SessionError;
use deadpool::Runtime;
use deadpool::managed::{self, Manager, Metrics, PoolError, QueueMode, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// How long a connection may rest and still be handed out unasked.
const FRESH: Duration = Duration::from_millis(500);

/// How long a connection that has rested may take to say that it lives.
const SIGN_OF_LIFE_MAX: Duration = Duration::from_millis(500);

/// After this a connection is made anew, so that names are looked up again and the server's memory is freed.
const AGE_MAX: Duration = Duration::from_mins(10);

pub(super) type Pool = managed::Pool<Lender>;

/// A borrowed connection.
pub(super) type Object = managed::Object<Lender>;

/// A pool of so many connections; it connects when it is first asked.
pub(super) fn pool(connector: &Connector, role: Role, connections: usize) -> Result<Pool, ConnectError> {
    let lender = Lender { connector: connector.clone(), role, generation: AtomicU64::new(0) };
    let pool = Pool::builder(lender)
        .max_size(connections)
        .wait_timeout(Some(connector.limits().pool_wait_max))
        .runtime(Runtime::Tokio1);
    // What was used last has its statements prepared and was alive a moment ago.
    pool.queue_mode(QueueMode::Lifo).build().map_err(|error| ConnectError::Unreachable(sentence(&error)))
}

/// What a pool says when it has no connection to give.
pub(super) fn error(error: PoolError<ConnectError>) -> SessionError {
    match error {
        PoolError::Backend(error) => SessionError::Refused(error),
        PoolError::Timeout(_) => SessionError::Unreachable("all connections to the database are in use"),
        _ => SessionError::Unreachable("there is no connection to the database"),
    }
}

/// Makes a pool's connections, and says which of them may be lent again.
#[derive(Debug)]
pub(super) struct Lender {
    connector: Connector,
    role: Role,
    /// Connections of earlier generations are suspected to be dead.
    generation: AtomicU64,
}

impl Lender {
    /// Has every connection that exists now thrown away instead of lent, because one of them is dead.
    pub(super) fn suspect_all(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    fn suspect(&self, lent: &Lent) {
        let (now, next) = (lent.generation, lent.generation + 1);
        // Another one of the same generation may have said so already.
        let _ = self.generation.compare_exchange(now, next, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// A connection with its prepared statements.
#[derive(Debug)]
pub(super) struct Lent {
    client: ClientWrapper,
    generation: u64,
    /// A question was asked whose answer nobody has waited for: the next one would have to.
    asking: AtomicBool,
}

impl Lent {
    /// Says that a question is under way; until [`Lent::answered`] the connection is not lent again.
    pub(super) fn asking(&self) {
        self.asking.store(true, Ordering::Relaxed);
    }

    /// Says that the answer is there.
    pub(super) fn answered(&self) {
        self.asking.store(false, Ordering::Relaxed);
    }
}

impl Deref for Lent {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        &self.client
    }
}

impl Manager for Lender {
    type Type = Lent;
    type Error = ConnectError;

    async fn create(&self) -> Result<Lent, ConnectError> {
        // Before connecting: what is found out meanwhile may be about this one.
        let generation = self.generation.load(Ordering::Relaxed);
        let (client, wire) = self.connector.connect(self.role).await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = wire.await {
                tracing::debug!(%error, "a lent connection ended");
            }
        });
        let lent = Lent { client: ClientWrapper::new(client, driver), generation, asking: AtomicBool::new(false) };
        Ok(lent)
    }

    async fn recycle(&self, lent: &mut Lent, metrics: &Metrics) -> RecycleResult<ConnectError> {
        if lent.generation != self.generation.load(Ordering::Relaxed) || metrics.age() > AGE_MAX {
            return Err(RecycleError::message("it is too old"));
        }
        if lent.asking.load(Ordering::Relaxed) {
            return Err(RecycleError::message("it still works on what nobody waits for"));
        }
        if lent.is_closed() {
            self.suspect(lent);
            return Err(RecycleError::message("it is closed"));
        }
        if metrics.last_used() < FRESH {
            return Ok(());
        }
        if let Ok(Ok(_)) = timeout(SIGN_OF_LIFE_MAX, lent.simple_query("")).await {
            return Ok(());
        }
        self.suspect(lent);
        Err(RecycleError::message("it gives no sign of life"))
    }
}

#[cfg(test)]
mod tests;
