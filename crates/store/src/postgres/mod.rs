//! The engine for several nodes: one PostgreSQL, whose journal's head is the door that all nodes share.
//!
//! Each node has one connection that writes, in the committer's thread; a few that short reads share, and a pool for lists, so
//! that a long list holds up nobody's token; some for the bookkeeping of deliveries; and one that watches. What goes over them is the same as with the embedded engine: the same decisions,
//! the same tables, the same entries.

mod address;
mod ask;
mod books;
mod bulk;
mod clock;
mod connect;
mod epoch;
mod flush;
mod lanes;
mod limits;
mod migrate;
mod pool;
mod readers;
#[cfg(test)]
mod scratch;
mod session;
mod tls;
mod visit;
mod walk;
mod watch;
mod write;

pub use address::Address;
pub(crate) use bulk::Bulk;
pub use limits::Limits;
pub use visit::OwnSchema;
pub(crate) use visit::{bring_up_to_date, schema};
pub(crate) use walk::Walk;

use crate::committer::OpenWriter;
use crate::deliveries::books::{Books, Kept};
use crate::moves::Moves;
use crate::query::Query;
use crate::reads::Bound;
use crate::row::{blob, instant};
use crate::trial::{Foreseen, Trial};
use crate::{Clock, OpenError, Options, ReadError, copy};
use books::Keepers;
use clock::SharedClock;
use connect::{Connector, Role};
use lanes::Lanes;
use orderpark_domain::Instant;
use readers::Readers;
use session::{Session, SessionError};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use watch::{Status, Watch};
use write::PostgresWriter;

/// Connections for trials.
const TRIALS_MAX: usize = 2;

/// An open database.
pub(crate) struct Postgres {
    lanes: Lanes,
    /// Lists have their own, so that a long one holds up nobody's token.
    lists: Readers,
    trials: Readers,
    keepers: Keepers,
    clock: Arc<SharedClock>,
    status: Arc<Status>,
    connector: Connector,
    _watch: Watch,
}

impl Postgres {
    /// Connects, and brings the schema up to date. With the writer comes the time of the journal's
    /// end.
    pub(crate) fn open(
        address: &Address,
        options: &Options,
        moves: &Moves,
    ) -> Result<(Postgres, OpenWriter), OpenError> {
        let connector = Connector::new(address, &options.postgres)?;
        let clock = Arc::new(SharedClock::new(Arc::clone(&options.clock), options.follows_database_clock));
        let status = Arc::new(Status::new(moves.clone()));
        let lanes = Lanes::new(&connector);
        let lists = Readers::new(&connector, options.postgres.lists_max)?;
        let trials = Readers::new(&connector, TRIALS_MAX)?;
        let keepers = Keepers::new(&connector)?;
        let (runtime, session, end) = elsewhere(|| begin(&connector, &clock))?;
        let watch = Watch::start(connector.clone(), Arc::clone(&clock), Arc::clone(&status));
        let watch = watch.map_err(|error| OpenError::Database(error.to_string()))?;
        let chance = Arc::clone(&options.chance);
        let writer =
            PostgresWriter::new(runtime, session, connector.clone(), (Arc::clone(&clock), Arc::clone(&status)), chance);
        Ok((
            Postgres { lanes, lists, trials, keepers, clock, status, connector, _watch: watch },
            (Box::new(writer), end),
        ))
    }

    /// Asks one of the connections for short reads.
    pub(crate) async fn read(&self, query: &Query) -> Result<Vec<tokio_postgres::Row>, ReadError> {
        self.lanes.read(query).await
    }

    /// Asks one of the connections for lists.
    pub(crate) async fn read_many(&self, query: &Query) -> Result<Vec<tokio_postgres::Row>, ReadError> {
        Ok(self.lists.read(query, Bound::NONE).await?.0)
    }

    /// As [`Postgres::read_many`], up to a bound; and whether it was reached.
    pub(crate) async fn read_within(
        &self,
        query: &Query,
        bound: Bound,
    ) -> Result<(Vec<tokio_postgres::Row>, bool), ReadError> {
        self.lists.read(query, bound).await
    }

    /// Carries out a trial on one snapshot.
    pub(crate) async fn try_out(&self, trial: Trial) -> Result<Foreseen, ReadError> {
        Box::pin(self.trials.try_out(trial)).await
    }

    /// Carries out bookkeeping, all of it or none.
    pub(crate) async fn keep(&self, books: &Books) -> Result<Kept, ReadError> {
        self.keepers.keep(books).await
    }

    /// Keeps the fingerprint where there is none yet, or where it is to be replaced, and compares.
    pub(crate) async fn agree_on_keys(&self, fingerprint: [u8; 32], adopt: bool) -> Result<bool, ReadError> {
        let ask = "select keys_fingerprint from deployment";
        let agree = "update deployment set keys_fingerprint = case when $2 = 1 then $1 else \
                     coalesce(keys_fingerprint, $1) end returning keys_fingerprint";
        let agreed = async {
            let session = Session::open(&self.connector, Role::Writer).await?;
            let kept = session.client.query_one(ask, &[]).await?;
            let is_other = kept.get::<_, Option<&[u8]>>(0).map(|kept| kept != fingerprint);
            match is_other {
                // Most starts change nothing, and so wait for no standby.
                Some(is_other) if !(is_other && adopt) => return Ok(!is_other),
                _ => {}
            }
            let kept = session.client.query_one(agree, &[&fingerprint.as_slice(), &i32::from(adopt)]).await?;
            Ok::<_, SessionError>(blob(&kept, 0)? == fingerprint)
        };
        let silent = SessionError::Unreachable("the database takes no changes; is a synchronous standby missing?");
        Ok(timeout(self.connector.limits().answer_max(), agreed).await.unwrap_or(Err(silent))?)
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    pub(crate) fn revocations(&self) -> tokio::sync::watch::Receiver<u64> {
        self.status.revocations()
    }

    pub(crate) fn is_reachable(&self) -> bool {
        self.status.is_reachable()
    }
}

/// The time of the journal's end, and the time now.
const TIMES: &str = "select at, (extract(epoch from clock_timestamp()) * 1000000)::bigint from head";

/// Brings the schema up to date, opens the connection that writes, and hears the time.
fn begin(connector: &Connector, clock: &SharedClock) -> Result<(Runtime, Session, Instant), OpenError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| OpenError::Database(error.to_string()))?;
    let (session, end) = runtime.block_on(async {
        let mut migrator = Session::open(connector, Role::Migrator).await?;
        migrate::migrate(&mut migrator.client).await?;
        copy::check_finished(migrate::exists(&migrator.client, copy::PROGRESS).await?)?;
        let session = Session::open(connector, Role::Writer).await?;
        let asked_at = std::time::Instant::now();
        let times = session.client.query_one(TIMES, &[]).await.map_err(SessionError::from)?;
        let read = |column| instant(&times, column).map_err(SessionError::from);
        clock.hear(read(1)?, asked_at.elapsed());
        Ok::<_, OpenError>((session, read(0)?))
    })?;
    Ok((runtime, session, end))
}

/// Runs something that waits on a runtime of its own, also from within a task of another one.
fn elsewhere<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}
