//! The built program with a small world in it, and what a test needs to trouble the two.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]
#![allow(dead_code, reason = "each test file uses its part of this")]

pub mod fleet;
pub mod http;
#[path = "../program/mod.rs"]
pub mod program;
pub mod world;

use http::Connection;
use orderpark_testbed::{Engine, Proxy, TestDatabase};
use program::Running;
use rustix::process::Signal;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The login of the operator's first client.
pub const LOGIN: &str = "ops@operator.example";
/// Its secret.
pub const SECRET: &str = "only-for-tests-on-loopback-0123456789";

/// What `serve` calls its key files.
const KEYS: [&str; 2] = ["secret.key", "signing.key"];

/// A node: a folder with the program's data, or its keys at least, and the program while it serves.
pub struct Deployment {
    running: Option<Running>,
    folder: TempDir,
    /// Where the data are, if not in the folder.
    database: Option<Arc<TestDatabase>>,
    /// How it gets there, if not straight.
    through: Option<String>,
}

impl Deployment {
    /// Starts the program for the first time, on SQLite.
    pub fn start(more: &[&str]) -> Deployment {
        Deployment::on(Engine::Sqlite, more)
    }

    /// Starts the program for the first time.
    pub fn on(engine: Engine, more: &[&str]) -> Deployment {
        let database = (engine == Engine::Postgres).then(|| Arc::new(engine.fresh()));
        let mut deployment =
            Deployment { running: None, folder: tempfile::tempdir().unwrap(), database, through: None };
        let secret = deployment.secret();
        let first = ["--bootstrap-client-id", LOGIN, "--bootstrap-client-secret-file", secret.to_str().unwrap()];
        deployment.serve(&[&first[..], more].concat());
        deployment
    }

    /// A backup of one that was stopped, not started yet: its database as it is now, and its keys.
    pub fn backup(&self) -> Deployment {
        let database = self.database.as_ref().map(|database| Arc::new(database.copied()));
        let backup = Deployment { running: None, folder: tempfile::tempdir().unwrap(), database, through: None };
        backup.copy_keys(self);
        if self.database.is_none() {
            fs::copy(self.data().join("orderpark.db"), backup.data().join("orderpark.db")).unwrap();
        }
        backup
    }

    /// Starts another node on the same database, with the same keys.
    pub fn beside(&self, more: &[&str]) -> Deployment {
        self.other(None, more)
    }

    /// The same, on the other side of a bad network.
    pub fn beside_through(&self, proxy: &Proxy) -> Deployment {
        self.other(Some(self.database().url_through(proxy)), &[])
    }

    fn other(&self, through: Option<String>, more: &[&str]) -> Deployment {
        let database = self.database.clone();
        let mut other = Deployment { running: None, folder: tempfile::tempdir().unwrap(), database, through };
        other.copy_keys(self);
        other.serve(more);
        other
    }

    /// Takes the keys of another node.
    pub fn copy_keys(&self, from: &Deployment) {
        fs::create_dir_all(self.data()).unwrap();
        for key in KEYS {
            fs::copy(from.data().join(key), self.data().join(key)).unwrap();
        }
    }

    /// Starts the program.
    pub fn serve(&mut self, more: &[&str]) {
        let database = self.through.clone().unwrap_or_else(|| self.database_url());
        self.running = Some(Running::serve(&self.data(), &[&["--database", &database], more].concat()));
    }

    /// A file with [`SECRET`] in it.
    fn secret(&self) -> PathBuf {
        let secret = self.folder.path().join("secret");
        program::write_secret(&secret, SECRET);
        secret
    }

    /// The folder with the data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// How the database is named on a command line.
    pub fn database_url(&self) -> String {
        let file = || format!("sqlite:{}", self.data().join("orderpark.db").display());
        self.database.as_ref().map_or_else(file, |database| database.url())
    }

    /// The database that nodes share.
    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().unwrap()
    }

    /// The program.
    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running().address.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// Connects.
    pub fn connect(&self) -> Connection {
        Connection::open(self.address()).unwrap()
    }

    /// Kills the program at once, as a crash would.
    pub fn kill(&mut self) {
        self.running.take().unwrap().stop(Signal::KILL);
    }

    /// Asks the program to stop, and waits until it has; answers its exit code and how long it took.
    pub fn stop(&mut self) -> (Option<i32>, Duration) {
        let asked = Instant::now();
        let (status, _) = self.running.take().unwrap().stop(Signal::TERM);
        (status.code(), asked.elapsed())
    }

    /// Starts the program again; answers how long it took until it said that it was ready.
    pub fn restart(&mut self) -> Duration {
        let begun = Instant::now();
        self.serve(&[]);
        let answer = self.connect().exchange(&http::get("/health/ready").bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        begun.elapsed()
    }

    /// Runs `orderpark verify`, which must find nothing.
    pub fn verify(&self) {
        let output = program::run(&["verify", "--database", &self.database_url()]);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{stdout}{}", program::stderr(&output));
        assert!(stdout.ends_with("no violation\n"), "{stdout}");
    }
}

/// Every file in a folder, with its content.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    files.collect()
}
