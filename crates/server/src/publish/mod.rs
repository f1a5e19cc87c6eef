//! Publishers: the whole feed of events, as it comes, to a message broker of the operator's (docs/publishers.md).
//!
//! A publisher is a target of deliveries like any other (docs/decisions/0026): it has a cursor, behind which everything is
//! confirmed by the broker, and a lease, so that one node at a time works on it. It differs in that it has no retries: a broker
//! is one receiver, and what it refuses is either refused always or soon no more. So the publisher stays where it is and
//! tries again, and nobody else waits for it.
//!
//! Each of the two is a cargo feature, off by default. [`settings`] is what the operator says, `runner` the loop that all
//! publishers share, `row` how many messages are under way at once, `broker` what both need of a broker, and `nats` and
//! `mqtt` the two that there are.

#[cfg(any(feature = "nats", feature = "mqtt"))]
mod broker;
#[cfg(any(feature = "nats", feature = "mqtt"))]
mod message;
#[cfg(feature = "mqtt")]
mod mqtt;
#[cfg(feature = "nats")]
mod nats;
#[cfg(any(feature = "nats", feature = "mqtt"))]
mod outage;
#[cfg(any(feature = "nats", feature = "mqtt"))]
mod row;
#[cfg(any(feature = "nats", feature = "mqtt"))]
mod runner;
#[cfg(any(feature = "nats", feature = "mqtt"))]
mod secret;
pub mod settings;
#[cfg(feature = "mqtt")]
mod tls;

pub use settings::PublishSettings;

#[cfg(any(feature = "nats", feature = "mqtt"))]
use orderpark_store::deliveries::Publisher;
use orderpark_store::{Chance, Store};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Why publishers cannot be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The program can do without what it would need, and was built so.
    #[error("this program was built without {0}: build it with the feature `{0}` (docs/publishers.md)")]
    NotBuilt(&'static str),
}

impl PublishSettings {
    /// Whether this program was built with what they need.
    pub fn check(&self) -> Result<(), StartError> {
        let missing = match self {
            PublishSettings { nats: Some(_), .. } if !cfg!(feature = "nats") => "nats",
            PublishSettings { mqtt: Some(_), .. } if !cfg!(feature = "mqtt") => "mqtt",
            _ => return Ok(()),
        };
        Err(StartError::NotBuilt(missing))
    }
}

/// The publishers of this node.
pub struct Publishers {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

/// Starts whatever publishers are configured.
#[cfg_attr(not(any(feature = "nats", feature = "mqtt")), allow(unused_variables, unused_mut))]
pub fn start(store: &Store, chance: &Arc<dyn Chance>, settings: &PublishSettings) -> Result<Publishers, StartError> {
    settings.check()?;
    let stop = watch::Sender::new(false);
    let mut running = JoinSet::new();
    #[cfg(feature = "nats")]
    if let Some(nats) = &settings.nats {
        let ground = runner::Ground::new(Publisher::Nats, store, chance, &nats.common, &stop);
        running.spawn(told(runner::Runner::new(ground, nats::Nats(nats.clone())).run()));
    }
    #[cfg(feature = "mqtt")]
    if let Some(mqtt) = &settings.mqtt {
        let ground = runner::Ground::new(Publisher::Mqtt, store, chance, &mqtt.common, &stop);
        running.spawn(told(runner::Runner::new(ground, mqtt::Mqtt(mqtt.clone())).run()));
    }
    Ok(Publishers { stop, running })
}

impl Publishers {
    /// Lets each finish what it has begun, and give its lease back.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.running.join_next().await.is_some() {}
    }
}

/// Lets a publisher run, and tells at once if it ends in a panic.
#[cfg(any(feature = "nats", feature = "mqtt"))]
async fn told(publisher: impl Future<Output = ()> + Send + 'static) {
    if let Err(panic) = tokio::spawn(publisher).await {
        tracing::error!(%panic, "a publisher has ended until the next start");
    }
}
