//! What every handler is given.

use crate::Settings;
use crate::access::{Access, Signer};
use crate::delivery::Deliveries;
use crate::limits::Limits;
use crate::log_limit::LogLimits;
use crate::memory::MemoryBudget;
use crate::native::events::Streams;
use crate::outage::Outages;
use crate::outside::{Outside, Sealer};
use orderpark_domain::Instant;
use orderpark_store::{Chance, Clock, Store};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use uuid::Uuid;

/// A running deployment, shared by all requests.
pub struct App {
    /// The data.
    pub store: Store,
    /// What the operator configured.
    pub settings: Settings,
    /// Tokens: who asks.
    pub access: Access,
    /// The way out.
    pub outside: Arc<Outside>,
    /// What keeps the secrets of endpoints.
    pub sealer: Sealer,
    /// Where to say that there is something new for a target of deliveries.
    pub deliveries: Deliveries,
    /// The receivers that fail, as operators are told of them.
    pub(crate) outages: Outages,
    /// The limits of what parties share.
    pub(crate) limits: Limits,
    /// The end of all streams of events.
    pub(crate) streams: Streams,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub chance: Arc<dyn Chance>,
    /// Whether a shutdown has begun: not ready any more, and connections are not kept.
    pub draining: AtomicBool,
    /// The memory budget of what is held for clients.
    pub(crate) memory: MemoryBudget,
    /// The rate limits of log lines that clients cause.
    pub(crate) log_limits: LogLimits,
}

impl App {
    /// A deployment on `store`, whose clock it goes by. Tokens that another node ends are forgotten here, so this is to be called where
    /// tasks can run.
    pub fn new(
        store: Store,
        settings: Settings,
        signer: Signer,
        outside: Arc<Outside>,
        chance: Arc<dyn Chance>,
    ) -> App {
        let sealer = Sealer::of(&signer);
        let access = Access::new(signer, settings.token_validity_max_s);
        access.follow(store.revocations());
        let clock = store.clock();
        let (deliveries, outages) = (Deliveries::default(), Outages::default());
        let draining = AtomicBool::new(false);
        let (limits, streams, log_limits) = (Limits::new(), Streams::new(), LogLimits::new());
        App {
            store,
            settings,
            access,
            outside,
            sealer,
            deliveries,
            outages,
            limits,
            streams,
            clock,
            chance,
            draining,
            memory: MemoryBudget::new(),
            log_limits,
        }
    }

    /// Now.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// A `UUIDv7` (RFC 9562) of this instant, for what is listed by time.
    pub fn ordered_uuid(&self, at: Instant) -> Uuid {
        let mut bytes = [0; 10];
        self.chance.fill(&mut bytes);
        let millis = u64::try_from(at.0 / 1000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// A random UUID, for names that only have to be different.
    pub fn random_uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.chance.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
