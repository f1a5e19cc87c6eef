//! `run` and `check`: against nodes that somebody else started.

use crate::check::{Judge, Violation};
use crate::figures::{self, Table};
use crate::listing;
use crate::log::{self, Entry};
use crate::plant::Plant;
use crate::run::{Manner, Run};
use crate::wish::Wishes;
use anyhow::Context;
use clap::Args;
use orderpark_bench::program::{CLIENT, SECRET};
use orderpark_bench::world::Login;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How often it is looked whether a file has appeared.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Which nodes, and who asks.
#[derive(Args)]
struct Where {
    /// A node; several may be named, of one deployment.
    #[arg(long = "node", value_name = "URL", required = true, value_parser = address)]
    nodes: Vec<SocketAddr>,
    /// The operator's client.
    #[arg(long, value_name = "ID", default_value = CLIENT)]
    client_id: String,
    /// A file with its secret [default: that of a benchmark's database]
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// Lie to the check, to see that it notices.
    #[arg(long)]
    plant: Option<Plant>,
}

/// Write to nodes that run already, then check what they have.
#[derive(Args)]
pub struct Write {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    manner: Manner,
    /// How long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// End before that, as soon as this file is there.
    #[arg(long, value_name = "FILE")]
    until_file: Option<PathBuf>,
}

/// Check nodes against the log of a run.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    at: Where,
    /// The log.
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
}

impl Where {
    fn operator(&self) -> anyhow::Result<Login> {
        let secret = match &self.client_secret_file {
            Some(file) => std::fs::read_to_string(file).context("the client's secret")?.trim().to_owned(),
            None => SECRET.to_owned(),
        };
        Ok(Login { client: self.client_id.clone(), secret })
    }
}

impl Write {
    /// Writes, then checks; false if a promise was broken.
    pub fn run(self) -> anyhow::Result<bool> {
        let operator = self.at.operator()?;
        Runtime::new()?.block_on(async {
            let run = Run::start(&self.manner, self.at.nodes.clone(), &operator).await?;
            self.wait().await;
            let record = run.finish().await?;
            let mut table = Table::default();
            table.run(&record);
            let found = check(&self.at.nodes, &operator, &record.wishes, &record.entries, self.at.plant).await?;
            Ok(told(table, &found))
        })
    }

    async fn wait(&self) {
        let begin = Instant::now();
        let is_there = || self.until_file.as_ref().is_some_and(|file| file.exists());
        while begin.elapsed() < Duration::from_secs(self.seconds) && !is_there() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Check {
    /// Checks; false if a promise was broken.
    pub fn run(self) -> anyhow::Result<bool> {
        let operator = self.at.operator()?;
        let (wishes, entries) = log::read(&self.log)?;
        let found = check(&self.at.nodes, &operator, &wishes, &entries, self.at.plant);
        Ok(told(Table::default(), &Runtime::new()?.block_on(found)?))
    }
}

/// What a check found.
pub struct Found {
    /// Orders that all nodes together listed.
    pub listed: u64,
    /// Wishes that never had an answer.
    pub unanswered: usize,
    /// Promises that were broken.
    pub violations: Vec<Violation>,
}

/// Holds what every node lists against a log.
pub async fn check(
    nodes: &[SocketAddr],
    operator: &Login,
    wishes: &Wishes,
    entries: &[Entry],
    plant: Option<Plant>,
) -> anyhow::Result<Found> {
    let mut judge = Judge::new(wishes, entries);
    let mut listed = 0;
    for (number, node) in nodes.iter().enumerate() {
        let look = |order: &serde_json::Value| {
            listed += 1;
            judge.order(number, order);
        };
        listing::walk(*node, operator, wishes, plant, look).await.with_context(|| format!("listing at {node}"))?;
        judge.listed(number);
    }
    Ok(Found { listed, unanswered: judge.unanswered(), violations: judge.violations() })
}

impl Found {
    /// Adds what was found to a table.
    pub fn tell(&self, table: &mut Table) {
        table.row("wishes that never had an answer", &self.unanswered);
        table.row("orders read back, from all nodes", &self.listed);
        table.violations(&self.violations);
    }
}

fn told(mut table: Table, found: &Found) -> bool {
    found.tell(&mut table);
    table.print();
    figures::show(&found.violations);
    found.violations.is_empty()
}

fn address(url: &str) -> Result<SocketAddr, String> {
    let address = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    address.parse().map_err(|_| format!("'{url}' is not http://ADDRESS:PORT"))
}
