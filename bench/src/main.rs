//! Measures orderpark on this machine, and prints one table of ratios.
//!
//! Machines differ and are noisy, so no figure here stands alone: each is set against a reference that is measured in
//! the same run, by the same load generator, on the same cores, in three alternating rounds; the table shows medians.
//! References are a bare axum server that parses and answers the same bytes (`reference`), a loop that writes the very
//! rows that the program wrote into a copy of its own database (`raw_sqlite`, in groups that `wal` counts), and one `fdatasync` (`disk`).
//! What deliveries cost is set against the same program without endpoints (`deliveries`).
//! On PostgreSQL it is pgbench on the same server (`postgres`).
//!
//! `program` starts the real program, as a user would, and fills it through its own API; `http` and `load` are the
//! generator: keep-alive connections on one thread, bounded in count and in time. `plan` says what is measured and against
//! which goal; `report` prints it and writes `bench/results.json`. Nothing timed gates a test.

mod bench;
mod deliveries;
mod disk;
mod fairness;
mod load;
mod plan;
mod postgres;
mod raw_sqlite;
mod reference;
mod report;
mod wal;

use clap::{Parser, Subcommand};
use orderpark_bench::{http, program, world};
use std::path::PathBuf;

/// Measures orderpark against references in the same run.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure everything and print the table.
    Run(plan::Plan),
    /// Have one party attack everything that parties share, and show what another party sees of it.
    Fair(fairness::Plan),
    /// Serve the bare reference: POST /orders parses and answers; GET /orders/{ref} answers the bytes of a file.
    Reference {
        /// The body that every request is answered with.
        #[arg(long)]
        answer: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Run(plan) => plan.run(),
        Task::Fair(plan) => plan.run(),
        Task::Reference { answer } => reference::serve(&answer),
    }
}
