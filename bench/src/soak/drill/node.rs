//! One node: the program at an address that stays the same, stopped and started again.

use anyhow::{Context, ensure};
use orderpark_bench::program::Program;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// After SIGTERM it has ended within this.
const END_MAX: Duration = Duration::from_secs(30);

/// A node.
pub struct Node {
    program: PathBuf,
    data: PathBuf,
    database: String,
    running: Option<Program>,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long each start took until it listened.
    pub ready: Vec<Duration>,
}

impl Node {
    /// A node that was not started yet.
    pub fn new(program: PathBuf, data: PathBuf, address: SocketAddr, database: String) -> Node {
        Node { program, data, database, running: None, address, ready: Vec::new() }
    }

    /// Starts it and waits until it listens.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let program = Program::orderpark_on(&self.program, &self.data, self.address, &self.database)
            .with_context(|| format!("see {}", self.data.with_extension("log").display()))?;
        self.ready.push(program.ready);
        self.running = Some(program);
        Ok(())
    }

    /// Kills it with -9.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Stops it with SIGTERM; it has to end with 0.
    pub fn end(&mut self) -> anyhow::Result<()> {
        let status = self.running.take().context("it does not run")?.end(END_MAX)?;
        ensure!(status.success(), "it ended with {status} after SIGTERM");
        Ok(())
    }
}
