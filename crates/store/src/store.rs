//! The store: one type in front, a closed set of engines behind.

use crate::committer::{self, BooksSubmission, Committer, Failing, IntentSubmission, Queue, Submission, Watched};
use crate::deliveries::books::{Books, Kept};
use crate::load::lookups;
use crate::moves::Moves;
use crate::postgres::Postgres;
use crate::query::{Dialect, Query};
use crate::reads::{Bound, Rows};
use crate::row::{Read, Row};
use crate::sqlite::Sqlite;
use crate::trial::Trial;
use crate::write_state::{JournalTime, WriteState};
use crate::{Clock, CommitError, Committed, Database, OpenError, Options, ReadError};
use orderpark_domain::{Head, Intent, Need, Stamp, World};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{oneshot, watch};

/// A deployment's data. Cheap to clone; the last clone that is dropped, or [`Store::close`], ends its threads.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What whoever comes too late is told.
const CLOSED: &str = "the store is closed";
const STOPPED: &str = "the committer has stopped";

/// Dropped in this order: no more intents, and only then the engine.
struct Inner {
    /// Absent once closed.
    queue: Mutex<Option<Queue>>,
    committer: Mutex<Option<JoinHandle<()>>>,
    clock: Arc<dyn Clock>,
    options: Options,
    watched: Watched,
    engine: Engine,
}

/// The databases that there are.
enum Engine {
    Sqlite(Arc<Sqlite>),
    Postgres(Box<Postgres>),
}

impl Store {
    /// Opens the database, makes a SQLite file if it is missing, and brings the schema up to date.
    ///
    /// May wait for the disk or the network, for a few seconds at most.
    pub fn open(database: &Database, options: Options) -> Result<Store, OpenError> {
        let (moves, journal_time) = (Moves::new(), Arc::new(JournalTime::new(options.accept_clock_behind)));
        let (engine, (writer, end), clock) = match database {
            Database::Sqlite(path) => {
                let (sqlite, writer) = Sqlite::open(path, &options)?;
                (Engine::Sqlite(Arc::new(sqlite)), writer, Arc::clone(&options.clock))
            }
            Database::Postgres(address) => {
                let (postgres, writer) = Postgres::open(address, &options, &moves)?;
                let clock = postgres.clock();
                (Engine::Postgres(Box::new(postgres)), writer, clock)
            }
        };
        journal_time.ends_at(end);
        journal_time.ahead_of(clock.now());
        let options = Options { clock: Arc::clone(&clock), ..options };
        let watched = Watched { moves, journal_time, failing: Failing::default() };
        let committer = committer::start(writer, options.clone(), watched.clone());
        let Committer { queue, thread } = committer.map_err(|error| OpenError::Database(error.to_string()))?;
        let (queue, committer) = (Mutex::new(Some(queue)), Mutex::new(Some(thread)));
        Ok(Store { inner: Arc::new(Inner { queue, committer, clock, options, watched, engine }) })
    }

    /// Hands an intent to the committer and waits until its outcome is on the disk. Dropping the future cancels nothing.
    pub async fn commit(&self, intent: Intent) -> Result<Committed, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.submit(IntentSubmission { intent, answer })?;
        answered.await.unwrap_or_else(|_| Err(CommitError::OutcomeUnknown("the committer stopped".into())))
    }

    /// Decides an intent on what the database holds now, and records nothing: its answer if it
    /// changes nothing, or `None` if it is to be committed.
    pub async fn try_out(&self, intent: Intent) -> Result<Option<Result<Committed, CommitError>>, ReadError> {
        let stamp = Stamp { at: self.inner.clock.now(), chance: self.inner.options.chance.number() };
        let trial = Trial::new(intent, self.dialect(), self.inner.options.budget, stamp);
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => {
                let sqlite = Arc::clone(sqlite);
                let tried = tokio::task::spawn_blocking(move || sqlite.try_out(trial));
                tried.await.unwrap_or_else(|panic| Err(ReadError::Unavailable(panic.to_string())))
            }
            Engine::Postgres(postgres) => Box::pin(postgres.try_out(trial)).await,
        }
    }

    /// [`Store::commit`] for a thread that may block.
    pub fn commit_blocking(&self, intent: Intent) -> Result<Committed, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.submit(IntentSubmission { intent, answer })?;
        answered.blocking_recv().unwrap_or_else(|_| Err(CommitError::OutcomeUnknown("the committer stopped".into())))
    }

    fn submit(&self, intent: IntentSubmission) -> Result<(), CommitError> {
        let queue = self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or_else(|| CommitError::Unavailable(CLOSED.into()))?;
        let place = queue.place_of_intent(&intent.intent)?;
        let submitted = queue.submit(Submission::Intent(intent), place);
        submitted.then_some(()).ok_or_else(|| CommitError::Unavailable(STOPPED.into()))
    }

    /// Bookkeeping waits for a place, of which there are fewer: it never takes one that an order could have.
    async fn submit_books(&self, books: BooksSubmission) -> Result<(), ReadError> {
        let queue = || self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || ReadError::Unavailable(CLOSED.into());
        let place = queue().as_ref().map(Queue::place_of_books).ok_or_else(closed)?;
        let place = place.await.ok_or_else(closed)?;
        // It may have been closed meanwhile.
        let submitted = queue().as_ref().ok_or_else(closed)?.submit(Submission::Books(books), place);
        submitted.then_some(()).ok_or_else(|| ReadError::Unavailable(STOPPED.into()))
    }

    /// Writes bookkeeping, all of it or none, and answers when it is on the disk. Dropping the future cancels nothing that
    /// has begun.
    pub(crate) async fn keep(&self, books: Books) -> Result<Kept, ReadError> {
        #[cfg(test)]
        books.0.iter().for_each(crate::query::heard::hear);
        match &self.inner.engine {
            Engine::Sqlite(_) => {
                let (answer, answered) = oneshot::channel();
                self.submit_books(BooksSubmission { books, answer }).await?;
                answered.await.unwrap_or_else(|_| Err(ReadError::Unavailable(STOPPED.into())))
            }
            Engine::Postgres(postgres) => Box::pin(postgres.keep(&books)).await,
        }
    }

    /// Takes no more intents, finishes those that wait, and leaves the database in order.
    pub async fn close(&self) {
        let inner = Arc::clone(&self.inner);
        // A panic in there would have stopped the committer's thread, which `stop` reports.
        let _ = tokio::task::spawn_blocking(move || inner.stop()).await;
    }

    /// Whether [`Store::write_state`] is [`WriteState::Taken`].
    pub fn takes_writes(&self) -> bool {
        self.write_state() == WriteState::Taken
    }

    /// Whether changes are taken, and why not.
    pub fn write_state(&self) -> WriteState {
        let queue = self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.as_ref().is_none_or(Queue::is_closed) {
            return WriteState::Stopped;
        }
        if matches!(&self.inner.engine, Engine::Postgres(postgres) if !postgres.is_reachable()) {
            return WriteState::Unreachable;
        }
        if self.inner.watched.failing.is_set() {
            return WriteState::Failing;
        }
        let now = self.inner.clock.now();
        let ahead = self.inner.watched.journal_time.ahead_of(now);
        ahead.map_or(WriteState::Taken, |journal| WriteState::ClockBehind { journal, now })
    }

    /// The clock by which the journal is written: what the options gave, on PostgreSQL set right by the database's own,
    /// so that all nodes have one.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.inner.clock)
    }

    /// Whether other processes may work on the same database.
    pub fn is_shared(&self) -> bool {
        matches!(self.inner.engine, Engine::Postgres(_))
    }

    /// Moves whenever other nodes may have ended a token: who remembers tokens forgets them then. It comes within
    /// milliseconds, or, if the network loses it, not at all, so nobody remembers a token for longer than a second anyway.
    pub fn revocations(&self) -> watch::Receiver<u64> {
        match &self.inner.engine {
            Engine::Sqlite(_) => watch::channel(0).1,
            Engine::Postgres(postgres) => postgres.revocations(),
        }
    }

    /// Moves whenever the journal has a new entry, to the number of the newest one: at once for what this process commits,
    /// within milliseconds for what other nodes do, or within half a second if the network loses the notice.
    pub fn moved(&self) -> watch::Receiver<u64> {
        self.inner.watched.moves.follow()
    }

    /// Whether all nodes of this database hold the same keys, of which `fingerprint` is a digest. The first node that asks is
    /// right; with `adopt`, this one is, whatever was before. A SQLite file has one process, which is always right.
    pub async fn agree_on_keys(&self, fingerprint: [u8; 32], adopt: bool) -> Result<bool, ReadError> {
        match &self.inner.engine {
            Engine::Sqlite(_) => Ok(true),
            Engine::Postgres(postgres) => Box::pin(postgres.agree_on_keys(fingerprint, adopt)).await,
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self.inner.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// A read of one row or a few: short enough to be made in an async task.
    pub(crate) async fn read<A>(
        &self,
        query: Query,
        mut all: A,
        step: impl Fn(&mut A, &dyn Row) -> Read<()>,
    ) -> Result<A, ReadError> {
        #[cfg(test)]
        crate::query::heard::hear(&query);
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.read(&query, &mut |row| step(&mut all, row))?,
            Engine::Postgres(postgres) => {
                // In a box, or every request would carry the room for it, on the other engine too.
                for row in Box::pin(postgres.read(&query)).await? {
                    step(&mut all, &row)?;
                }
            }
        }
        Ok(all)
    }

    /// A read that may have to look at many rows: on connections of its own, and not for ever.
    pub(crate) async fn read_many<A: Send + 'static>(
        &self,
        query: Query,
        mut all: A,
        step: impl Fn(&mut A, &dyn Row) -> Read<()> + Send + 'static,
    ) -> Result<A, ReadError> {
        #[cfg(test)]
        crate::query::heard::hear(&query);
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => {
                let sqlite = Arc::clone(sqlite);
                let read = tokio::task::spawn_blocking(move || {
                    sqlite.read_many(&query, &mut |row| step(&mut all, row))?;
                    Ok(all)
                });
                read.await.unwrap_or_else(|panic| Err(ReadError::Unavailable(panic.to_string())))
            }
            Engine::Postgres(postgres) => {
                for row in Box::pin(postgres.read_many(&query)).await? {
                    step(&mut all, &row)?;
                }
                Ok(all)
            }
        }
    }

    /// As [`Store::read_many`], but not beyond what a slice may hold; and whether it ended there.
    pub(crate) async fn read_slice<A: Send + 'static>(
        &self,
        query: Query,
        mut all: A,
        step: impl Fn(&mut A, &dyn Row) -> Read<()> + Send + 'static,
    ) -> Result<(A, bool), ReadError> {
        match &self.inner.engine {
            Engine::Sqlite(_) => {
                let bounded = move |(all, bound): &mut (A, Bound), row: &dyn Row| {
                    if bound.takes(row) { step(all, row) } else { Ok(()) }
                };
                let (all, bound) = self.read_many(query, (all, Bound::SLICE), bounded).await?;
                Ok((all, bound.is_reached))
            }
            Engine::Postgres(postgres) => {
                #[cfg(test)]
                crate::query::heard::hear(&query);
                let (rows, is_reached) = Box::pin(postgres.read_within(&query, Bound::SLICE)).await?;
                for row in rows {
                    step(&mut all, &row)?;
                }
                Ok((all, is_reached))
            }
        }
    }

    /// The rows that were named, on the connections for lists.
    pub(crate) async fn look_up(&self, needs: BTreeSet<Need>) -> Result<World, ReadError> {
        let mut world = World::working_set(Head::EMPTY);
        if needs.is_empty() {
            return Ok(world);
        }
        let mut lookups = lookups(self.dialect(), needs);
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => {
                let sqlite = Arc::clone(sqlite);
                let looked = tokio::task::spawn_blocking(move || {
                    for mut lookup in lookups {
                        lookup.begin(&mut world);
                        let query = lookup.query.clone();
                        sqlite.read_many(&query, &mut |row| lookup.file(&mut world, row))?;
                        lookup.end(&mut world);
                    }
                    Ok(world)
                });
                looked.await.unwrap_or_else(|panic| Err(ReadError::Unavailable(panic.to_string())))
            }
            Engine::Postgres(postgres) => {
                for lookup in &mut lookups {
                    lookup.begin(&mut world);
                    for row in Box::pin(postgres.read_many(&lookup.query)).await? {
                        lookup.file(&mut world, &row)?;
                    }
                }
                for lookup in lookups {
                    lookup.end(&mut world);
                }
                Ok(world)
            }
        }
    }

    /// The one row of a short read.
    pub(crate) async fn get<T>(
        &self,
        query: Query,
        read: impl Fn(&dyn Row) -> Read<T>,
    ) -> Result<Option<T>, ReadError> {
        let found = self.read(query, None, |found, row| {
            *found = Some(read(row)?);
            Ok(())
        });
        found.await
    }

    /// The rows of a slice.
    pub(crate) async fn page<T: Send + 'static>(
        &self,
        query: Query,
        read: impl Fn(&dyn Row) -> Read<T> + Send + 'static,
    ) -> Result<Rows<T>, ReadError> {
        let push = move |all: &mut Vec<T>, row: &dyn Row| {
            all.push(read(row)?);
            Ok(())
        };
        let (rows, is_cut) = self.read_slice(query, Vec::new(), push).await?;
        Ok(Rows { rows, is_cut })
    }

    /// The rows of a read that may have to look at many.
    pub(crate) async fn list<T: Send + 'static>(
        &self,
        query: Query,
        read: impl Fn(&dyn Row) -> Read<T> + Send + 'static,
    ) -> Result<Vec<T>, ReadError> {
        let push = move |all: &mut Vec<T>, row: &dyn Row| {
            all.push(read(row)?);
            Ok(())
        };
        self.read_many(query, Vec::new(), push).await
    }
}

impl Inner {
    fn stop(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if committer.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the committer panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("takes_writes", &self.takes_writes()).finish_non_exhaustive()
    }
}
