//! One attempt to send one message.

use super::body::{Progress, Watched};
use super::names::Vetted;
use super::networks::Networks;
use super::{AddressFault, Failure, Message, Names, OutsideSettings, Reply, Stage};
use super::{address, answer, signature, trouble, trust};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use orderpark_store::Clock;
use reqwest::redirect::Policy;
use reqwest::{Body, Client, Request};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a connection is kept for the next message. Shorter than servers usually keep one (5 s or more), so that a message does
/// not meet a connection that is just being closed.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// Connections to one receiver that are kept.
const IDLE_PER_RECEIVER_MAX: usize = 16;

/// Sends messages to receivers outside. Connections are shared by all messages to the same host and port.
pub struct Outside {
    client: Client,
    networks: Networks,
    clock: Arc<dyn Clock>,
    attempt_max: Duration,
}

/// Why nothing can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The certificates to trust cannot be read.
    #[error("{0}")]
    Certificates(String),
    /// The client cannot be made.
    #[error("requests cannot be sent: {0}")]
    Client(String),
}

impl Outside {
    /// Reads the certificates to trust.
    pub fn new(
        settings: &OutsideSettings,
        clock: Arc<dyn Clock>,
        names: Arc<dyn Names>,
    ) -> Result<Outside, OutsideError> {
        let networks = Networks::new(&settings.allow_networks);
        let attempt_max = Duration::from_millis(settings.attempt_max_ms);
        let client = Client::builder()
            .tls_backend_preconfigured(trust::tls(settings.ca_file.as_deref())?)
            .dns_resolver(Vetted { names, networks: networks.clone() })
            .http1_only()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(&settings.user_agent)
            .connect_timeout(attempt_max)
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_PER_RECEIVER_MAX)
            .build()
            .map_err(|error| OutsideError::Client(error.to_string()))?;
        Ok(Outside { client, networks, clock, attempt_max })
    }

    /// How long one attempt may take.
    pub fn attempt_max(&self) -> Duration {
        self.attempt_max
    }

    /// Whether messages can be sent to this address as far as it alone tells: its form, and its host if that is no name. To be asked
    /// before an address is registered; a name is vetted whenever it is connected to.
    pub fn check_url(&self, url: &str) -> Result<(), AddressFault> {
        address::read(url, &self.networks).map(drop)
    }

    /// Sends a message once. Ends `within` the span whatever the receiver does; never fails otherwise than by its reply. The receiver has
    /// taken the message if the head of its answer came in time and says 200 to 299.
    pub async fn send(&self, message: &Message, within: Duration) -> Reply {
        let began = Instant::now();
        let mut reply = self.attempt(message, began + within).await.unwrap_or_else(failed);
        reply.took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        reply
    }

    async fn attempt(&self, message: &Message, deadline: Instant) -> Result<Reply, Failure> {
        let progress = Progress::default();
        let request = self.request(message, progress.clone())?;
        match timeout_at(deadline, self.client.execute(request)).await {
            Ok(Ok(answer)) => Ok(answer::read(answer, self.clock.now(), deadline).await),
            Ok(Err(error)) => Err(trouble::failure(&error)),
            Err(_) if progress.is_connected() => Err(Failure::TimedOut(Stage::Answer)),
            Err(_) => Err(Failure::TimedOut(Stage::Connecting)),
        }
    }

    fn request(&self, message: &Message, progress: Progress) -> Result<Request, Failure> {
        // Hosts that are no names never come to the resolver, so this is where they are vetted.
        let url = address::read(&message.url, &self.networks).map_err(|fault| match fault {
            AddressFault::NotPublic => Failure::NotPublic,
            fault => Failure::Url(fault),
        })?;
        let mut request = Request::new(Method::POST, url);
        *request.headers_mut() = signature::headers(message, self.clock.now()).map_err(|_| Failure::NotSent)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(message.content_type));
        *request.body_mut() = Some(Body::wrap(Watched::new(message.body.clone(), progress)));
        Ok(request)
    }
}

fn failed(failure: Failure) -> Reply {
    Reply { status: None, failure: Some(failure), retry_after_s: None, excerpt: None, took_us: 0 }
}
