//! Drills: the program, and PostgreSQL below it, are killed again and again under writers; then the judge, then
//! `orderpark verify`.
//!
//! Everything runs on this machine, on loopback, in a folder that is gone in the end, and is stopped by its own process
//! id. `stage` is what all drills have: nodes, a database and a run; `cluster` is a PostgreSQL server made with its own tools.

mod cluster;
mod deliveries;
mod failover;
mod kills;
mod node;
mod stage;

use crate::run::Manner;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What is done to the program while writers write.
#[derive(Subcommand)]
pub enum Drill {
    /// Kill the program with -9 and start it again, so many times.
    Kill {
        #[command(flatten)]
        setting: Setting,
        /// On which database.
        #[arg(long, default_value = "sqlite")]
        database: Engine,
    },
    /// Two nodes on one PostgreSQL: kill either with -9, and start it again.
    Nodes(Setting),
    /// Stop every node with SIGTERM and start it again, one after the other; no request may fail.
    Roll {
        #[command(flatten)]
        setting: Setting,
        /// On which database; on SQLite there is only one node.
        #[arg(long, default_value = "postgres")]
        database: Engine,
    },
    /// Two nodes on one PostgreSQL: kill PostgreSQL, and start it again.
    Postgres(Setting),
    /// Kill nodes with -9 while they deliver to a receiver that checks signatures, bodies, order, and that nothing is lost; two
    /// of them on PostgreSQL.
    Deliver {
        #[command(flatten)]
        setting: Setting,
        /// On which database.
        #[arg(long, default_value = "sqlite")]
        database: Engine,
        /// Endpoints.
        #[arg(long, default_value_t = 4)]
        endpoints: usize,
        /// Deliveries at least.
        #[arg(long, default_value_t = 10_000)]
        deliveries: u64,
    },
    /// Two nodes, a primary and its standby: kill the primary, promote the standby, build another one.
    Failover {
        #[command(flatten)]
        setting: Setting,
        /// Without synchronous replication, and the standby cut off before the kill: acknowledged orders must be lost, and
        /// it is a failure if the check does not see it.
        #[arg(long)]
        control: bool,
    },
}

/// A database to run on.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Engine {
    /// Built in.
    Sqlite,
    /// A server that the drill makes.
    Postgres,
}

/// What every drill can be told.
#[derive(Args, Clone, Debug)]
pub struct Setting {
    /// How often.
    #[arg(long, default_value_t = 20)]
    rounds: u64,
    /// The program.
    #[arg(long, default_value = "target/release/orderpark")]
    program: PathBuf,
    /// Where PostgreSQL's programs are [default: the newest below /usr/lib/postgresql, else what `pg_config` says]
    #[arg(long, value_name = "FOLDER")]
    postgres_bin: Option<PathBuf>,
    /// Where databases are made, and removed again.
    #[arg(long, default_value = "/tmp")]
    folder: PathBuf,
    /// Leave the folder there for a look.
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    manner: Manner,
}

impl Drill {
    /// Runs it; false if a promise was broken.
    pub fn run(self) -> anyhow::Result<bool> {
        match self {
            Drill::Kill { setting, database } => kills::one(&setting, database),
            Drill::Nodes(setting) => kills::either(&setting),
            Drill::Roll { setting, database } => kills::roll(&setting, database),
            Drill::Postgres(setting) => kills::postgres(&setting),
            Drill::Deliver { setting, database, endpoints, deliveries } => {
                deliveries::run(&setting, database, endpoints, deliveries)
            }
            Drill::Failover { setting, control } => failover::run(&setting, control),
        }
    }
}
