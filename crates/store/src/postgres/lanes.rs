//! A few connections that short reads share.
//!
//! Questions are sent as they come and answered in their order, so that many travel in one packet and one wake-up of the
//! server answers them all: the first lane is filled before the second is used. Nobody waits for a connection to be free, and
//! where a lane has not moved for some milliseconds, the next questions take another. One that stands still is left: whoever
//! asks next connects anew. When one turns out to be dead, all that were made before that moment are suspected of having the
//! same server, and are left as well.

use super::ask::ask;
use super::connect::{Connector, Role};
use super::session::SessionError;
use crate::ReadError;
use crate::query::Query;
use deadpool_postgres::ClientWrapper;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::Row;

/// How long a lane may leave every question unanswered.
const STANDSTILL_MAX: Duration = Duration::from_secs(1);

/// How long it may before others are taken, as long as there are others.
const SLOW: Duration = Duration::from_millis(10);

/// How many questions may be under way on a lane before others are taken.
const FULL: usize = 128;

/// After this a connection is made anew, so that names are looked up again and the server's memory is freed.
const AGE_MAX: Duration = Duration::from_mins(10);

/// The shared connections, each made when it is first needed.
pub(super) struct Lanes {
    connector: Connector,
    slots: Vec<Slot>,
    /// Lanes of earlier generations are suspected to be dead.
    generation: AtomicU64,
}

/// A place for a lane.
#[derive(Default)]
struct Slot {
    lane: RwLock<Option<Arc<Lane>>>,
    /// Held by whoever connects, so that the others wait for that one.
    connecting: Mutex<()>,
}

/// A connection with its prepared statements.
struct Lane {
    client: ClientWrapper,
    generation: u64,
    made_at: Instant,
    unanswered: AtomicUsize,
    /// When it last answered, or was asked after a rest; milliseconds after `made_at`.
    moved_at: AtomicU64,
}

impl Lanes {
    pub(super) fn new(connector: &Connector) -> Lanes {
        let slots = (0..connector.limits().reads_max.max(1)).map(|_| Slot::default()).collect();
        Lanes { connector: connector.clone(), slots, generation: AtomicU64::new(0) }
    }

    /// The rows of the answer. What a lane that turns out to be dead has lost is asked once more on another one, unless it
    /// has taken long already.
    pub(super) async fn read(&self, query: &Query) -> Result<Vec<Row>, ReadError> {
        let began = Instant::now();
        match self.ask(query).await {
            Err(error) if error.is_lost() && began.elapsed() < self.connector.limits().pool_wait_max => {
                Ok(self.ask(query).await?)
            }
            answer => Ok(answer?),
        }
    }

    async fn ask(&self, query: &Query) -> Result<Vec<Row>, SessionError> {
        let lane = self.lane(self.slot()).await?;
        let answer = timeout(self.connector.limits().answer_max(), lane.ask(query)).await;
        let answer = answer.unwrap_or(Err(SessionError::SILENT));
        if answer.as_ref().is_err_and(SessionError::is_lost) {
            self.generation.fetch_max(lane.generation + 1, Ordering::Relaxed);
        }
        answer
    }

    /// The first that is free, or that has no lane yet; if none is, the one with the fewest questions.
    fn slot(&self) -> &Slot {
        let is_free = |slot: &&Slot| self.usable(slot).is_none_or(|lane| lane.is_free());
        let questions = |slot: &&Slot| self.usable(slot).map_or(0, |lane| lane.unanswered.load(Ordering::Relaxed));
        let free = self.slots.iter().find(is_free);
        free.or_else(|| self.slots.iter().min_by_key(questions)).expect("there is at least one lane")
    }

    /// The lane of a slot, made anew where it is missing or not to be trusted.
    async fn lane(&self, slot: &Slot) -> Result<Arc<Lane>, SessionError> {
        if let Some(lane) = self.usable(slot) {
            return Ok(lane);
        }
        let waited = timeout(self.connector.limits().pool_wait_max, slot.connecting.lock()).await;
        let _connecting = waited.map_err(|_| SessionError::Unreachable("there is no connection to the database"))?;
        if let Some(lane) = self.usable(slot) {
            return Ok(lane);
        }
        // Before connecting: what is found out meanwhile may be about this one.
        let generation = self.generation.load(Ordering::Relaxed);
        let lane = Arc::new(Lane::open(&self.connector, generation).await?);
        *slot.lane.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&lane));
        Ok(lane)
    }

    fn usable(&self, slot: &Slot) -> Option<Arc<Lane>> {
        let generation = self.generation.load(Ordering::Relaxed);
        let usable = |lane: &&Arc<Lane>| lane.generation >= generation && lane.is_usable();
        slot.lane.read().unwrap_or_else(PoisonError::into_inner).as_ref().filter(usable).cloned()
    }
}

impl Lane {
    async fn open(connector: &Connector, generation: u64) -> Result<Lane, SessionError> {
        let (client, wire) = connector.connect(Role::Reader).await?;
        let driver = tokio::spawn(async move {
            if let Err(error) = wire.await {
                tracing::debug!(%error, "a connection for reads ended");
            }
        });
        let client = ClientWrapper::new(client, driver);
        let (unanswered, moved_at) = (AtomicUsize::new(0), AtomicU64::new(0));
        Ok(Lane { client, generation, made_at: Instant::now(), unanswered, moved_at })
    }

    fn is_usable(&self) -> bool {
        !self.client.is_closed() && self.standstill() < STANDSTILL_MAX && self.age() < AGE_MAX
    }

    fn is_free(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) < FULL && self.standstill() < SLOW
    }

    /// For how long it has answered nothing of what it was asked.
    fn standstill(&self) -> Duration {
        match self.unanswered.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            _ => self.age().saturating_sub(Duration::from_millis(self.moved_at.load(Ordering::Relaxed))),
        }
    }

    async fn ask(&self, query: &Query) -> Result<Vec<Row>, SessionError> {
        let _question = Question::of(self);
        let statement = self.client.prepare_cached(query.sql()).await?;
        Ok(ask(&self.client, &statement, query).await?)
    }

    fn age(&self) -> Duration {
        self.made_at.elapsed()
    }

    fn moves(&self) {
        let now = u64::try_from(self.age().as_millis()).unwrap_or(u64::MAX);
        self.moved_at.store(now, Ordering::Relaxed);
    }
}

/// A question that is under way. Also one whose asker has gone is answered by and by, so it no longer counts.
struct Question<'l>(&'l Lane);

impl Question<'_> {
    fn of(lane: &Lane) -> Question<'_> {
        if lane.unanswered.fetch_add(1, Ordering::Relaxed) == 0 {
            lane.moves();
        }
        Question(lane)
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.0.unanswered.fetch_sub(1, Ordering::Relaxed);
        self.0.moves();
    }
}
