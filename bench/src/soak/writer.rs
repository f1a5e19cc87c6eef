//! A writer: orders, cancels, reads, and sends again what was answered already, each until it has a definite answer.
//!
//! Only its writer touches an order, one action after the other, so the order of its entries in the log is the order in
//! which things happened to it. Sometimes an order is placed by two copies of one request at once, as an impatient client does.

use crate::caller::Caller;
use crate::chance::Chance;
use crate::log::{Action, Entry, Outcome};
use crate::run::Shared;
use orderpark_bench::http::Request;
use orderpark_bench::world::ORDERS;
use std::sync::Arc;
use std::time::Duration;

/// The first pause before an attempt is repeated; each is twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Of so many orders a writer remembers the refs, to come back to them.
const REMEMBERED: usize = 256;

/// One client.
pub struct Writer {
    shared: Arc<Shared>,
    chance: Chance,
    caller: Caller,
    copy: Caller,
    next: u64,
    placed: Vec<Placed>,
}

/// An order that it placed.
#[derive(Clone)]
struct Placed {
    number: u64,
    reference: String,
    regretted: bool,
}

impl Writer {
    /// The writer whose first order has this number.
    pub fn new(shared: Arc<Shared>, chance: Chance, first: u64) -> Writer {
        let caller = || Caller::new(shared.nodes.clone(), shared.patience);
        let (caller, copy) = (caller(), caller());
        Writer { shared, chance, caller, copy, next: first, placed: Vec::new() }
    }

    /// Goes on until the run ends.
    pub async fn work(mut self) -> anyhow::Result<()> {
        while !self.shared.ends() {
            self.step().await?;
            let most = u64::try_from(self.shared.pause.as_micros() * 2).unwrap_or(u64::MAX);
            let pause = Duration::from_micros(self.chance.below(most));
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    async fn step(&mut self) -> anyhow::Result<()> {
        let known = self.chance.index(self.placed.len());
        let choice = self.chance.below(100);
        match self.placed.get(known).cloned() {
            Some(order) if choice < 15 && !order.regretted => self.cancel(known, &order).await,
            Some(order) if choice < 30 => self.settle(Action::Read, order.number, &order.reference).await.map(drop),
            Some(order) if choice < 35 => self.settle(Action::Place, order.number, "").await.map(drop),
            _ => self.order().await,
        }
    }

    /// Places the next order.
    async fn order(&mut self) -> anyhow::Result<()> {
        let number = self.next;
        self.next += self.shared.writers;
        if self.chance.below(100) < 5 {
            self.twice_at_once(number).await?;
        }
        if let Some(body) = self.settle(Action::Place, number, "").await? {
            let body: serde_json::Value = body.parse()?;
            let reference = body["ref"].as_str().unwrap_or_default().to_owned();
            self.remember(Placed { number, reference, regretted: false });
        }
        Ok(())
    }

    fn remember(&mut self, order: Placed) {
        if self.placed.len() < REMEMBERED {
            self.placed.push(order);
        } else {
            let at = self.chance.index(REMEMBERED);
            self.placed[at] = order;
        }
    }

    async fn cancel(&mut self, known: usize, order: &Placed) -> anyhow::Result<()> {
        self.placed[known].regretted = true;
        self.settle(Action::Cancel, order.number, &order.reference).await.map(drop)
    }

    /// Sends two copies of one request at once, each to a node of its own choice.
    async fn twice_at_once(&mut self, number: u64) -> anyhow::Result<()> {
        let request = self.shared.request(Action::Place, number, "")?;
        let count = self.shared.nodes.len();
        let nodes = (self.chance.index(count), self.chance.index(count));
        let from = self.shared.log.begin.elapsed();
        let (one, other) = tokio::join!(self.caller.attempt(nodes.0, &request), self.copy.attempt(nodes.1, &request));
        self.keep(from, number, nodes.0, Action::Place, one)?;
        self.keep(from, number, nodes.1, Action::Place, other)
    }

    /// Repeats a request until its answer is definite, or the grace of the run ends; answers the body of a success.
    async fn settle(&mut self, action: Action, number: u64, reference: &str) -> anyhow::Result<Option<String>> {
        let mut node = self.chance.index(self.shared.nodes.len());
        let mut pause = PAUSE_MIN;
        loop {
            let request = self.shared.request(action, number, reference)?;
            let from = self.shared.log.begin.elapsed();
            let outcome = self.caller.attempt(node, &request).await;
            self.keep(from, number, node, action, outcome.clone())?;
            match outcome {
                Outcome::Done(body) => return Ok(Some(body)),
                Outcome::Refused(..) => return Ok(None),
                Outcome::Again(401, _) => self.shared.renew(node).await,
                Outcome::Again(..) | Outcome::Nothing(_) => {}
            }
            if self.shared.is_over() {
                return Ok(None);
            }
            let half = u64::try_from(pause.as_micros() / 2).unwrap_or(u64::MAX);
            tokio::time::sleep(Duration::from_micros(half + self.chance.below(half))).await;
            pause = PAUSE_MAX.min(pause * 2);
            node = self.elsewhere(node);
        }
    }

    /// Another node, if there is one.
    fn elsewhere(&mut self, node: usize) -> usize {
        let count = self.shared.nodes.len();
        (node + 1 + self.chance.index(count - 1)) % count
    }

    fn keep(&self, from: Duration, number: u64, node: usize, action: Action, outcome: Outcome) -> anyhow::Result<()> {
        let until = self.shared.log.begin.elapsed();
        self.shared.log.keep(Entry { from, until, number, node, action, outcome })
    }
}

/// A request of a writer, as it goes over the line.
pub fn render(action: Action, run: &str, number: u64, reference: &str, body: &str, token: &str) -> Vec<u8> {
    let token = format!("Authorization: Bearer {token}");
    let key = |what: &str| format!("Idempotency-Key: {run}-{number}{what}");
    let order = format!("{ORDERS}/{reference}");
    let request = match action {
        Action::Place => {
            Request::new("POST", ORDERS, &[key(""), token, "Content-Type: application/json".to_owned()], body)
        }
        Action::Cancel => Request::new("DELETE", &order, &[key("-cancel"), token], ""),
        Action::Read => Request::new("GET", &order, &[token], ""),
    };
    request.as_sent()
}
