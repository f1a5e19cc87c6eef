//! What is measured, in which order, against which goal.
//!
//! Figures and their references alternate within each of three rounds, so that a slow minute of the machine hits both.
//! Then the database grows, and writing and paging are measured again: they should not care how much there is. In the end
//! `orderpark verify` must find nothing.

use crate::bench::Bench;
use crate::deliveries;
use crate::postgres::{Postgres, Server};
use crate::program::Program;
use crate::report::{self, Goal, Row, median, progress};
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Each figure is the median of so many.
pub const ROUNDS: usize = 3;

/// A program that was just started makes its signing key in the background; then it is idle.
const SETTLING: Duration = Duration::from_secs(1);

/// What to measure.
#[derive(Args)]
pub struct Plan {
    /// The program.
    #[arg(long, default_value = "target/release/orderpark")]
    pub program: PathBuf,
    /// What makes every sync of a preloaded program a millisecond slower.
    #[arg(long, default_value = "target/slow_sync.so")]
    pub slow_sync: PathBuf,
    /// Where databases are made, and removed again; on the disk to be measured.
    #[arg(long, default_value = "target")]
    folder: PathBuf,
    /// Where the results are written.
    #[arg(long, default_value = "bench/results.json")]
    results: PathBuf,
    /// Orders of one round.
    #[arg(long, default_value_t = 20_000)]
    pub orders: u64,
    /// Orders that the database grows to at the end.
    #[arg(long, default_value_t = 290_000)]
    pub grown: u64,
    /// Connections of a full load.
    #[arg(long, default_value_t = 64)]
    pub connections: u64,
    /// Endpoints beside which orders are placed.
    #[arg(long, default_value_t = 100)]
    pub endpoints: usize,
    /// Measure this part only.
    #[arg(long)]
    only: Option<Part>,
    /// Where PostgreSQL is.
    #[command(flatten)]
    pub server: Server,
}

/// A part of the measurements.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    Sqlite,
    Postgres,
    /// What deliveries cost, on SQLite; nothing is written to the results.
    Deliveries,
}

impl Plan {
    /// Measures everything, prints the table and writes it as JSON.
    pub fn run(self) -> anyhow::Result<()> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&self.folder).context("a folder")?;
        let mut rows = Vec::new();
        if self.only == Some(Part::Deliveries) {
            deliveries::rows(&self, folder.path(), &mut rows)?;
            report::print(&rows);
            return Ok(());
        }
        if self.only != Some(Part::Postgres) {
            self.on_sqlite(folder.path(), &mut rows)?;
        }
        if self.only != Some(Part::Sqlite) && self.server.is_given() {
            self.on_postgres(folder.path(), &mut rows)?;
        }
        report::print(&rows);
        report::write(&self.results, &rows)
    }

    fn on_sqlite(&self, folder: &Path, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        rows.extend(start_rows(&self.program, folder)?);
        let mut bench = Bench::start(self, folder)?;
        bench.rounds(rows)?;
        rows.push(bench.slow_disk()?);
        bench.pace(rows)?;
        bench.grow(rows)?;
        self.verify(&bench.database())?;
        drop(bench);
        deliveries::rows(self, folder, rows)
    }

    fn on_postgres(&self, folder: &Path, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        let mut bench = Postgres::start(self, folder)?;
        bench.rounds(rows)?;
        bench.grow(rows)?;
        self.verify(bench.database())
    }

    /// Figures of a program that loses something would be worth nothing.
    fn verify(&self, database: &str) -> anyhow::Result<()> {
        progress("verifying what was written");
        Program::verify(&self.program, database)
    }
}

/// What needs no load: ready time, memory, size.
#[allow(clippy::cast_precision_loss)]
fn start_rows(program: &Path, folder: &Path) -> anyhow::Result<Vec<Row>> {
    progress("starting on an empty database");
    let (mut ready, mut idle) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let started = Program::orderpark(program, &folder.join(format!("empty-{round}")))?;
        ready.push(started.ready.as_secs_f64() * 1000.0);
        std::thread::sleep(SETTLING);
        idle.push(started.memory_now()?);
    }
    let size = std::fs::metadata(program).context("the program")?.len() as f64 / 1024.0 / 1024.0;
    Ok(vec![
        limit("ready on an empty database", "ms", median(&ready), 100.0),
        limit("memory, idle", "MiB", median(&idle), 25.0),
        limit("the stripped program", "MiB", size, 30.0),
    ])
}

/// A row with an absolute limit.
pub fn limit(what: &str, unit: &'static str, figure: f64, most: f64) -> Row {
    let against = "an absolute limit".to_owned();
    Row { what: what.to_owned(), unit, figure, against, reference: most, goal: Goal::AtMost(1.0) }
}
