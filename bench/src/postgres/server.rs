//! The PostgreSQL server that both sides use, as `scripts/postgres` started it, and its own tools.

use anyhow::{Context, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The server.
#[derive(Args)]
pub struct Server {
    /// A PostgreSQL server, as a role that may create databases; without it nothing is measured there.
    #[arg(long = "postgres", value_name = "URL", requires = "bin")]
    url: Option<String>,
    /// The folder with psql and pgbench.
    #[arg(long = "postgres-bin", value_name = "FOLDER")]
    bin: Option<PathBuf>,
}

impl Server {
    /// Whether there is one.
    pub fn is_given(&self) -> bool {
        self.url.is_some()
    }

    /// Makes an empty database, in place of what an earlier run left, and answers its URL.
    pub fn make(&self, name: &str) -> anyhow::Result<String> {
        let url = self.url.as_deref().context("no PostgreSQL")?;
        self.ask(url, &format!("drop database if exists {name}"))?;
        self.ask(url, &format!("create database {name}"))?;
        let (server, _) = url.rsplit_once('/').context("a URL with a database")?;
        Ok(format!("{server}/{name}"))
    }

    /// Runs a statement and answers what it printed.
    pub fn ask(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        Ok(self.run("psql", &["-XAtqd", database, "-v", "ON_ERROR_STOP=1", "-c", sql])?.trim().to_owned())
    }

    /// Writes out what is dirty, so that nobody pays for what another one left.
    pub fn settle(&self, database: &str) -> anyhow::Result<()> {
        self.ask(database, "checkpoint").map(drop)
    }

    /// Runs a script about `count` times over so many connections, each statement prepared once; answers how often a second.
    pub fn pgbench(&self, database: &str, script: &Script, connections: u64, count: u64) -> anyhow::Result<f64> {
        let (clients, each) = (connections.to_string(), (count / connections).max(1).to_string());
        let file = script.file.to_str().context("a path in UTF-8")?;
        let mut arguments = vec!["-n", "-M", "prepared", "-j", "2", "-c", &clients, "-t", &each, "-f", file];
        let variables: Vec<String> = script.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        arguments.extend(variables.iter().flat_map(|variable| ["-D", variable]));
        arguments.push(database);
        let said = self.run("pgbench", &arguments)?;
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.with_context(|| format!("pgbench said no rate but {said}"))
    }

    fn run(&self, tool: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let path = self.bin.as_deref().context("no tools of PostgreSQL")?.join(tool);
        let output = Command::new(path).args(arguments).stdin(Stdio::null()).output().context("starting a tool")?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{tool}: {}: {error}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// What pgbench does again and again.
pub struct Script {
    file: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Script {
    /// Writes a script to a file.
    pub fn write(file: &Path, text: &str, variables: Vec<(&'static str, String)>) -> anyhow::Result<Script> {
        std::fs::write(file, text)?;
        Ok(Script { file: file.to_owned(), variables })
    }
}
