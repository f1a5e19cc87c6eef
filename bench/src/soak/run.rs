//! One run: a world, its writers, and in the end the log of what they asked and were answered.

use crate::chance::{self, Chance};
use crate::log::{Action, Entry, Log};
use crate::wish::Wishes;
use crate::writer::{Writer, render};
use anyhow::Context;
use clap::Args;
use orderpark_bench::world::{Api, Login, World};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How the writers write.
#[derive(Args, Clone, Debug)]
pub struct Manner {
    /// Writers.
    #[arg(long, default_value_t = 32)]
    pub writers: u64,
    /// The usual pause of a writer between two actions, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 2)]
    pub pause: u64,
    /// How long a writer waits for one answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub patience: u64,
    /// How long writers may go on to repeat what is unanswered when the run is over, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub grace: u64,
    /// Where the choices begin; without it anywhere.
    #[arg(long)]
    pub seed: Option<u64>,
    /// A file for the log, as JSON lines.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// What all writers share.
pub struct Shared {
    /// Whom they ask.
    pub nodes: Arc<[SocketAddr]>,
    /// How many they are.
    pub writers: u64,
    /// Their pause.
    pub pause: Duration,
    /// Their patience.
    pub patience: Duration,
    /// What they asked and were answered.
    pub log: Log,
    wishes: Wishes,
    login: Login,
    token: Mutex<String>,
    ends: AtomicBool,
    over: OnceLock<Instant>,
}

impl Shared {
    /// Whether nothing new shall be begun.
    pub fn ends(&self) -> bool {
        self.ends.load(Ordering::Relaxed)
    }

    /// Whether nothing shall be repeated any more.
    pub fn is_over(&self) -> bool {
        self.over.get().is_some_and(|over| Instant::now() > *over)
    }

    /// A request with the token of now.
    pub fn request(&self, action: Action, number: u64, reference: &str) -> anyhow::Result<Vec<u8>> {
        let token = self.token.lock().map_err(|_| anyhow::anyhow!("a writer panicked"))?;
        let body = if action == Action::Place { self.wishes.body(number) } else { String::new() };
        Ok(render(action, &self.wishes.run, number, reference, &body, &token))
    }

    /// Asks a node for another token. If it gives none, the next attempt will tell.
    pub async fn renew(&self, node: usize) {
        let renewed = async { Api::open(self.nodes[node], &self.login).await?.log_in(&self.login).await };
        if let Ok(Ok(renewed)) = tokio::time::timeout(self.patience, renewed).await
            && let Ok(mut token) = self.token.lock()
        {
            *token = renewed;
        }
    }
}

/// A run that goes on.
pub struct Run {
    shared: Arc<Shared>,
    writers: JoinSet<anyhow::Result<()>>,
    faults: Vec<Duration>,
    grace: Duration,
    seed: u64,
}

/// What a run leaves.
pub struct Record {
    /// What was wanted.
    pub wishes: Wishes,
    /// What was asked and answered.
    pub entries: Vec<Entry>,
    /// When something was done to the program, since the run began.
    pub faults: Vec<Duration>,
    /// How long new things were begun.
    pub lasted: Duration,
    /// Where the choices began.
    pub seed: u64,
}

impl Run {
    /// Makes the world and starts the writers.
    pub async fn start(manner: &Manner, nodes: Vec<SocketAddr>, operator: &Login) -> anyhow::Result<Run> {
        let seed = manner.seed.unwrap_or_else(chance::fresh);
        let first = *nodes.first().context("a node")?;
        let run = format!("{:08x}", chance::fresh() >> 32);
        let world = World::named(first, operator, &format!("-{run}")).await.context("making a world")?;
        let wishes = Wishes { run, offer: world.offer, subscribers: world.subscribers };
        let shared = Arc::new(Shared {
            nodes: nodes.into(),
            writers: manner.writers,
            pause: Duration::from_millis(manner.pause),
            patience: Duration::from_secs(manner.patience),
            log: Log::new(&wishes, manner.log.as_deref())?,
            wishes,
            login: world.login,
            token: Mutex::new(world.token),
            ends: AtomicBool::new(false),
            over: OnceLock::new(),
        });
        let mut chance = Chance::seeded(seed);
        let mut writers = JoinSet::new();
        for number in 0..manner.writers {
            writers.spawn(Writer::new(shared.clone(), chance.part(), number).work());
        }
        Ok(Run { shared, writers, faults: Vec::new(), grace: Duration::from_secs(manner.grace), seed })
    }

    /// How many changes were acknowledged up to now.
    pub fn acknowledged(&self) -> u64 {
        self.shared.log.acknowledged()
    }

    /// Notes that now something is done to the program.
    pub fn fault(&mut self) {
        self.faults.push(self.shared.log.begin.elapsed());
    }

    /// Begins nothing new, waits until everything has its answer or the grace ends, and hands over the log.
    pub async fn finish(mut self) -> anyhow::Result<Record> {
        let lasted = self.shared.log.begin.elapsed();
        self.shared.over.get_or_init(|| Instant::now() + self.grace);
        self.shared.ends.store(true, Ordering::Relaxed);
        while let Some(writer) = self.writers.join_next().await {
            writer.context("a writer panicked")??;
        }
        let entries = self.shared.log.take()?;
        let wishes = self.shared.wishes.clone();
        Ok(Record { wishes, entries, faults: self.faults, lasted, seed: self.seed })
    }
}
