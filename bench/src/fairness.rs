//! `orderpark-bench fair`: starts deployments, has each attacked, and prints the table.

use crate::postgres::Server;
use crate::program::Program;
use anyhow::Context;
use clap::Args;
use orderpark_bench::fair::{self, Attack, Figure, Seen, Size};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How much longer the p99 of another party may be.
const TIMES_MAX: f64 = 3.0;
/// How much memory an attack may cost, in MiB.
const MEMORY_MAX: f64 = 256.0;

/// The attacks of a run and their size.
#[derive(Args)]
pub struct Plan {
    /// The orderpark program.
    #[arg(long)]
    program: PathBuf,
    /// Where databases are made for the run.
    #[arg(long)]
    folder: PathBuf,
    /// Connections of the attacking party.
    #[arg(long, default_value_t = 500)]
    connections: usize,
    /// Seconds for which each row is measured.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Orders that the attacking party has before.
    #[arg(long, default_value_t = 5_000)]
    orders: usize,
    /// Only this row; may be repeated.
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,
    #[command(flatten)]
    server: Server,
}

impl Plan {
    /// Runs on SQLite, and where a PostgreSQL server is given on one node and on two.
    pub fn run(&self) -> anyhow::Result<()> {
        let folder = tempfile::Builder::new().prefix("fair-").tempdir_in(&self.folder)?;
        let mut is_kept = true;
        let sqlite = Program::orderpark(&self.program, &folder.path().join("sqlite"))?;
        is_kept &= self.attack("SQLite", &[sqlite])?;
        if self.server.is_given() {
            for nodes in [1, 2] {
                let name = format!("PostgreSQL, {nodes} node{}", if nodes == 1 { "" } else { "s" });
                is_kept &= self.attack(&name, &self.nodes(folder.path(), nodes)?)?;
            }
        }
        anyhow::ensure!(is_kept, "a promise is not kept");
        Ok(())
    }

    fn nodes(&self, folder: &Path, count: usize) -> anyhow::Result<Vec<Program>> {
        let database = self.server.make("fair_orderpark")?;
        let data = |number: usize| folder.join(format!("node-{count}-{number}"));
        let mut nodes: Vec<Program> = Vec::new();
        for number in 0..count {
            if number > 0 {
                orderpark_bench::program::hand_on_keys(&data(0), &data(number))?;
            }
            nodes.push(Program::orderpark_on(&self.program, &data(number), "127.0.0.1:0".parse()?, &database)?);
        }
        Ok(nodes)
    }

    fn attack(&self, deployment: &str, nodes: &[Program]) -> anyhow::Result<bool> {
        let (connections, measure) = (self.connections, Duration::from_secs(self.seconds));
        let size = Size { connections, measure, orders: self.orders };
        let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
        let tell = |what: &str| crate::report::progress(&format!("{deployment}: {what}"));
        let before = nodes.first().context("a node")?.memory_now()?;
        let figures = fair::run(&addresses, &self.rows()?, size, tell)?;
        let grown = nodes[0].memory_most()? - before;
        print(deployment, &figures, grown);
        Ok(grown <= MEMORY_MAX && figures.iter().all(is_kept))
    }

    fn rows(&self) -> anyhow::Result<Vec<Attack>> {
        let named = |id: &String| {
            let found = Attack::ALL.iter().find(|attack| attack.id() == id);
            found.copied().with_context(|| format!("there is no row '{id}'"))
        };
        if self.only.is_empty() { Ok(Attack::ALL.to_vec()) } else { self.only.iter().map(named).collect() }
    }
}

fn is_kept(figure: &Figure) -> bool {
    figure.beside.refused.is_empty() && figure.beside.quantile(0.99) <= TIMES_MAX * figure.alone.quantile(0.99)
}

#[allow(clippy::print_stdout, reason = "this is what the program is run for")]
fn print(deployment: &str, figures: &[Figure], grown: f64) {
    println!("\n{deployment}: memory grew by {grown:.0} MiB (at most {MEMORY_MAX:.0})");
    println!(
        "{:<19} {:<30} {:>18} {:>18} {:>6}",
        "attacked", "another party", "alone p50/p99 ms", "meanwhile", "times"
    );
    for figure in figures {
        let times = figure.beside.quantile(0.99) / figure.alone.quantile(0.99);
        let verdict = if is_kept(figure) { String::new() } else { format!("  SHORT {:?}", figure.beside.refused) };
        println!(
            "{:<19} {:<30} {:>18} {:>18} {times:>6.1}{verdict}",
            figure.attack.id(),
            figure.work.to_string(),
            both(&figure.alone),
            both(&figure.beside)
        );
    }
}

fn both(seen: &Seen) -> String {
    format!("{:.1} / {:.1}", seen.quantile(0.5), seen.quantile(0.99))
}
