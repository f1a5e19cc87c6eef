//! One attempt to send one message.

use super::address::Read;
use super::body::{Progress, Watched};
use super::names::Vetted;
use super::own::{self, Own};
use super::policy::{Gate, Policy, Standing};
use super::seen::{Destination, Seen};
use super::{AddressFault, Failure, Message, Names, OutsideSettings, Reply, Stage};
use super::{address, answer, signature, trouble, trust};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use orderpark_domain::PartyKind;
use orderpark_store::Clock;
use reqwest::{Body, Client, Request, redirect};
use rustls::ClientConfig;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::Url;

/// How long a connection is kept for the next message. Shorter than servers usually keep one (5 s or more), so that a message does
/// not meet a connection that is just being closed.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// Connections to one receiver that are kept.
const IDLE_PER_RECEIVER_MAX: usize = 16;

/// Sends messages to receivers outside. Connections are shared by all messages to the same host and
/// port that pass the same gate.
pub struct Outside {
    /// One client for each gate: a connection that one party may have is not one for all.
    clients: Mutex<HashMap<Gate, Client>>,
    tls: ClientConfig,
    user_agent: String,
    names: Arc<dyn Names>,
    seen: Arc<Seen>,
    policy: Policy,
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
        let outside = Outside {
            clients: Mutex::default(),
            tls: trust::tls(settings.ca_file.as_deref())?,
            user_agent: settings.user_agent.clone(),
            names,
            seen: Arc::default(),
            policy: Policy::new(&settings.allow_networks, &settings.deny_networks, Own::System),
            clock,
            attempt_max: Duration::from_millis(settings.attempt_max_ms),
        };
        outside.client(&outside.policy.gate(PartyKind::Subscriber, 443).to_public())?;
        Ok(outside)
    }

    /// This server listens on this port: nothing is sent there.
    pub fn listens_on(&self, port: u16) {
        self.policy.listens_on(port);
    }

    /// The destinations that rates of messages to this address count for.
    pub fn destinations(&self, url: &str) -> Vec<Destination> {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        self.seen.destinations(&host.unwrap_or_default())
    }

    /// [`Outside::destinations`], after the name was resolved, where it was not yet.
    pub async fn locate(&self, url: &str) -> Vec<Destination> {
        let known = self.destinations(url);
        let [Destination::Name(host)] = known.as_slice() else { return known };
        if let Ok(Ok(addresses)) = tokio::time::timeout(self.attempt_max, self.names.resolve(host)).await {
            self.seen.resolved(host, &addresses);
        }
        self.destinations(url)
    }

    /// The client for what passes the gate.
    fn client(&self, gate: &Gate) -> Result<Client, OutsideError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(gate) {
            return Ok(client.clone());
        }
        let (names, seen) = (Arc::clone(&self.names), Arc::clone(&self.seen));
        let client = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Vetted { names, seen, gate: gate.clone() })
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(&self.user_agent)
            .connect_timeout(self.attempt_max)
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_PER_RECEIVER_MAX)
            .build()
            .map_err(|error| OutsideError::Client(error.to_string()))?;
        clients.insert(gate.clone(), client.clone());
        Ok(client)
    }

    /// How long one attempt may take.
    pub fn attempt_max(&self) -> Duration {
        self.attempt_max
    }

    /// Whether messages can be sent to this address as far as it alone tells: its form, and its
    /// host if that is no name. To be asked before an address is registered by a party of this
    /// kind; a name is vetted whenever it is connected to.
    pub fn check_url(&self, url: &str, kind: PartyKind) -> Result<(), AddressFault> {
        address::read(url, &self.policy, kind).map(drop)
    }

    /// Sends a message once. Ends `within` the span whatever the receiver does; never fails otherwise than by its reply. The receiver has
    /// taken the message if the head of its answer came in time and says 200 to 299.
    pub async fn send(&self, message: &Message, within: Duration) -> Reply {
        let began = Instant::now();
        let mut inside = false;
        let mut reply = self.attempt(message, began + within, &mut inside).await.unwrap_or_else(Reply::unsaid);
        reply.took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        reply.inside = inside;
        reply
    }

    async fn attempt(&self, message: &Message, deadline: Instant, inside: &mut bool) -> Result<Reply, Failure> {
        // Hosts that are no names never come to the resolver, so this is where they are vetted.
        let Read { url, gate, literal } =
            address::read(&message.url, &self.policy, message.kind).map_err(|fault| match fault {
                AddressFault::NotPublic => Failure::NotPublic,
                fault => Failure::Url(fault),
            })?;
        let standing = literal.map(|address| gate.judge(address));
        if standing == Some(Standing::Closed) {
            return Err(if own::is_out_of_descriptors() { Failure::Ours } else { Failure::NotPublic });
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let public = gate.to_public();
        *inside = standing == Some(Standing::Inside) || self.seen.was_inside(&host);
        if !*inside || gate == public {
            match self.execute(message, &url, &public, deadline).await {
                // Nothing was sent yet: the name may lead where this party is allowed to go.
                Err(Failure::NotPublic) if gate != public => {}
                done => return done,
            }
        }
        let reply = self.execute(message, &url, &gate, deadline).await;
        *inside = reply != Err(Failure::NotPublic);
        if *inside {
            self.seen.is_inside(&host);
        }
        reply
    }

    async fn execute(&self, message: &Message, url: &Url, gate: &Gate, deadline: Instant) -> Result<Reply, Failure> {
        let progress = Progress::default();
        let client = self.client(gate).map_err(|_| Failure::NotSent)?;
        let request = self.request(message, url.clone(), progress.clone())?;
        match timeout_at(deadline, client.execute(request)).await {
            Ok(Ok(answer)) => Ok(answer::read(answer, self.clock.now(), deadline).await),
            Ok(Err(error)) => Err(trouble::failure(&error)),
            Err(_) if progress.is_connected() => Err(Failure::TimedOut(Stage::Answer)),
            Err(_) => Err(Failure::TimedOut(Stage::Connecting)),
        }
    }

    fn request(&self, message: &Message, url: Url, progress: Progress) -> Result<Request, Failure> {
        let mut request = Request::new(Method::POST, url);
        *request.headers_mut() = signature::headers(message, self.clock.now()).map_err(|_| Failure::NotSent)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(message.content_type));
        *request.body_mut() = Some(Body::wrap(Watched::new(message.body.clone(), progress)));
        Ok(request)
    }
}
