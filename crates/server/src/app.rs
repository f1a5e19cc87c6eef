//! What every handler is given.

use crate::Settings;
use crate::access::Access;
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
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub chance: Arc<dyn Chance>,
    /// Whether a shutdown has begun: not ready any more, and connections are not kept.
    pub draining: AtomicBool,
}

impl App {
    /// Now.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// A random UUID, for names that only have to be different.
    pub fn random_uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.chance.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
