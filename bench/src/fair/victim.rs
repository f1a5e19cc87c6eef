//! The work of the other party: one request after the other of each kind, with a pause between.

use super::stage::{Stage, text};
use crate::http::{Connection, Request};
use anyhow::{Context, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(10);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

macro_rules! works {
    ($($name:ident $what:literal,)+) => {
        /// A kind of work.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the text beside each says it")]
        pub enum Work { $($name,)+ }

        impl Work {
            const ALL: &[Work] = &[$(Work::$name,)+];
        }

        impl fmt::Display for Work {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Work::$name => $what,)+ })
            }
        }
    };
}

works! {
    Order "POST /orders",
    AskedOrder "POST /orders, supplier asked",
    Get "GET /orders/{ref}",
    List "GET /orders?limit=10",
    Events "GET /events?limit=10",
    Stream "GET /events/stream, first byte",
    Token "POST /oauth/token",
    Connect "connect and GET /health/live",
    Webhook "order until webhook",
}

/// How long the answers took, in microseconds and sorted, and those that were not what was
/// expected.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The good answers.
    pub micros: Vec<u32>,
    /// How often each other outcome was seen.
    pub refused: BTreeMap<String, usize>,
}

impl Seen {
    /// The time within which this share of the answers came, in milliseconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.micros.len().saturating_sub(1);
        let at = (last as f64 * share).ceil() as usize;
        self.micros.get(at).copied().map_or(f64::NAN, f64::from) / 1000.0
    }
}

/// Does all kinds of work at once, for so long.
pub(super) async fn work(stage: &Stage, measure: Duration) -> Vec<(Work, Seen)> {
    let until = Instant::now() + measure;
    let mut working = JoinSet::new();
    for (number, work) in Work::ALL.iter().enumerate() {
        let worker = Worker::new(stage, *work, stage.node(number));
        working.spawn(async move { (worker.work, worker.run(until).await) });
    }
    let mut seen = working.join_all().await;
    seen.sort_by_key(|(work, _)| *work);
    seen
}

struct Worker {
    work: Work,
    address: SocketAddr,
    request: Request,
    receiver: super::receiver::Receiver,
    connection: Option<Connection>,
}

impl Worker {
    fn new(stage: &Stage, work: Work, address: SocketAddr) -> Worker {
        let victim = &stage.victim;
        let order = |offer| victim.request("POST", "/orders", Some(&victim.order(offer)));
        let request = match work {
            Work::Order | Work::Webhook => order(&victim.offer),
            Work::AskedOrder => order(&victim.asked),
            Work::Get => victim.request("GET", &format!("/orders/{}", stage.victims_order), None),
            Work::List => victim.request("GET", "/orders?limit=10", None),
            Work::Events => victim.request("GET", "/events?limit=10", None),
            Work::Stream => victim.request("GET", "/events/stream?after=latest", None),
            Work::Token => victim.login.request(),
            Work::Connect => Request::new("GET", "/health/live", &[], ""),
        };
        Worker { work, address, request, receiver: stage.receiver.clone(), connection: None }
    }

    async fn run(mut self, until: Instant) -> Seen {
        let mut seen = Seen::default();
        while Instant::now() < until {
            let took = tokio::time::timeout(PATIENCE, self.once()).await;
            match took.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer in {PATIENCE:?}"))) {
                Ok(took) => seen.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)),
                Err(error) => {
                    self.connection = None;
                    *seen.refused.entry(error.to_string()).or_default() += 1;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        seen.micros.sort_unstable();
        seen
    }

    async fn once(&mut self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        match self.work {
            Work::Stream => return self.stream(began).await,
            Work::Connect => self.connection = None,
            _ => {}
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let answer = connection.exchange(self.request.numbered(0)).await?;
        let took = began.elapsed();
        if !matches!(answer.status, 200 | 201) {
            let body: Value = serde_json::from_str(&connection.text(answer)?).unwrap_or_default();
            bail!("{} {}", answer.status, body["reason"].as_str().unwrap_or_default());
        }
        let order = (self.work == Work::Webhook).then(|| connection.text(answer)).transpose()?;
        if !connection.closes(answer) {
            self.connection = Some(connection);
        }
        match order {
            None => Ok(took),
            Some(order) => {
                let order = text(&serde_json::from_str(&order)?, "ref")?;
                let told = self.receiver.told_of(&order, PATIENCE).await.context("no webhook")?;
                Ok(told.saturating_duration_since(began))
            }
        }
    }

    /// Opens a stream, and closes it.
    async fn stream(&mut self, began: Instant) -> anyhow::Result<Duration> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(self.request.numbered(0)).await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        let status = String::from_utf8_lossy(&head[9..]).into_owned();
        anyhow::ensure!(status == "200", "{status}");
        Ok(began.elapsed())
    }
}
