//! Load: connections that ask again as soon as they are answered, or at a fixed rate.
//!
//! Every run is bounded by a count of requests and in time, and fails if one answer is not the expected status:
//! a figure that holds errors is no figure.

use crate::http::{Connection, Request};
use anyhow::{Context, ensure};
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// After this a run sends no more.
const TIME_MAX: Duration = Duration::from_mins(1);
/// After this a run that still waits for answers has failed.
const WAIT_MAX: Duration = Duration::from_mins(2);

/// Sends loads, one after the other, from one thread, and never the same number twice.
pub struct Generator {
    runtime: Runtime,
    next: u64,
}

impl Generator {
    /// One that begins with number 1.
    pub fn new() -> anyhow::Result<Generator> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Generator { runtime, next: 1 })
    }

    /// Waits for something.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Requests as fast as the answers come, over so many connections, to these servers.
    pub fn closed(
        &mut self,
        at: &[SocketAddr],
        requests: &[Request],
        lanes: u64,
        count: u64,
    ) -> anyhow::Result<Measured> {
        let load = self.load(at, requests, lanes, count);
        self.wait(load.closed())
    }

    /// The same at a fixed rate.
    pub fn paced(
        &mut self,
        at: SocketAddr,
        requests: &[Request],
        lanes: u64,
        (count, rate): (u64, f64),
    ) -> anyhow::Result<Measured> {
        let load = self.load(&[at], requests, lanes, count);
        self.wait(load.paced(rate))
    }

    fn load(&mut self, at: &[SocketAddr], requests: &[Request], connections: u64, count: u64) -> Load {
        let first = self.next;
        self.next += count;
        Load { addresses: at.to_vec(), requests: requests.to_vec(), status: 200, connections, count, first }
    }
}

/// What is sent, to whom, and how much of it.
#[derive(Clone)]
pub struct Load {
    /// The servers; each gets as many connections as the others.
    pub addresses: Vec<SocketAddr>,
    /// The requests, taken in turn by the connections.
    pub requests: Vec<Request>,
    /// The status of every answer.
    pub status: u16,
    /// Connections.
    pub connections: u64,
    /// Requests in all.
    pub count: u64,
    /// The number of the first request; numbers never repeat within a run of the program.
    pub first: u64,
}

/// What a run measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Answers a second.
    pub rate: f64,
    /// The time of each answer in microseconds, sorted.
    pub micros: Vec<u32>,
}

impl Measured {
    /// The time within which this share of the answers came, in microseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        quantile(&self.micros, share)
    }
}

/// The value below which this share of sorted values lies.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub fn quantile(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().map_or(f64::NAN, f64::from)
}

impl Load {
    /// As fast as the answers come.
    pub async fn closed(&self) -> anyhow::Result<Measured> {
        self.drive(None).await
    }

    /// At `rate` requests a second, whether or not the answers come: time counts from when a request was due, unless its
    /// connection was idle and only the timer was late.
    pub async fn paced(&self, rate: f64) -> anyhow::Result<Measured> {
        self.drive(Some(rate)).await
    }

    async fn drive(&self, rate: Option<f64>) -> anyhow::Result<Measured> {
        let mut lanes = Vec::new();
        for lane in 0..self.connections {
            // Not in turns: connections take requests in turns, and each server is to get some of every kind.
            let server = lane * self.addresses.len() as u64 / self.connections;
            lanes.push((lane, Connection::open(self.addresses[usize::try_from(server)?]).await?));
        }
        let begin = Instant::now();
        let mut tasks = JoinSet::new();
        for (lane, connection) in lanes {
            tasks.spawn(self.clone().lane(lane, connection, begin, rate));
        }
        let mut micros = tokio::time::timeout(WAIT_MAX, gather(tasks)).await.context("answers that never came")??;
        let elapsed = begin.elapsed();
        micros.sort_unstable();
        #[allow(clippy::cast_precision_loss)]
        let rate = micros.len() as f64 / elapsed.as_secs_f64();
        Ok(Measured { rate, micros })
    }

    async fn lane(
        self,
        lane: u64,
        mut connection: Connection,
        begin: Instant,
        rate: Option<f64>,
    ) -> anyhow::Result<Vec<u32>> {
        let mut requests = self.requests;
        let mut micros = Vec::new();
        for number in (lane..self.count).step_by(usize::try_from(self.connections)?) {
            let from = match rate {
                None => Instant::now(),
                Some(rate) => due(begin, number, rate).await,
            };
            let turn = usize::try_from(number)? % requests.len();
            let request = requests[turn].numbered(self.first + number);
            let answer = connection.exchange(request).await?;
            let status = answer.status;
            ensure!(
                status == self.status,
                "status {status}, expected {}: {}",
                self.status,
                String::from_utf8_lossy(connection.body(answer))
            );
            micros.push(u32::try_from(from.elapsed().as_micros()).unwrap_or(u32::MAX));
            if begin.elapsed() > TIME_MAX {
                break;
            }
        }
        Ok(micros)
    }
}

async fn gather(mut lanes: JoinSet<anyhow::Result<Vec<u32>>>) -> anyhow::Result<Vec<u32>> {
    let mut micros = Vec::new();
    while let Some(lane) = lanes.join_next().await {
        micros.extend(lane.context("a lane panicked")??);
    }
    Ok(micros)
}

/// Waits until request `number` is due, and tells since when its time counts.
#[allow(clippy::cast_precision_loss)]
async fn due(begin: Instant, number: u64, rate: f64) -> Instant {
    let due = begin + Duration::from_secs_f64(number as f64 / rate);
    if due > Instant::now() {
        tokio::time::sleep_until(due.into()).await;
        Instant::now()
    } else {
        due
    }
}
