//! The built program with a small world in it, and what a test needs to trouble the two.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]
#![allow(dead_code, reason = "each test file uses its part of this")]

pub mod chance;
pub mod http;
#[path = "../program/mod.rs"]
pub mod program;
pub mod world;

use http::Connection;
use program::Running;
use rustix::process::Signal;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The login of the operator's first client.
pub const LOGIN: &str = "ops@operator.example";
/// Its secret.
pub const SECRET: &str = "only-for-tests-on-loopback-0123456789";

/// A folder with the program's data, and the program while it serves them.
pub struct Deployment {
    running: Option<Running>,
    folder: TempDir,
}

impl Deployment {
    /// Starts the program for the first time.
    pub fn start(more: &[&str]) -> Deployment {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, SECRET).unwrap();
        let first = ["--bootstrap-client-id", LOGIN, "--bootstrap-client-secret-file", secret.to_str().unwrap()];
        let running = Running::serve(&folder.path().join("data"), &[&first[..], more].concat());
        Deployment { running: Some(running), folder }
    }

    /// The folder with the data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
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
        self.running = Some(Running::serve(&self.data(), &[]));
        let answer = self.connect().exchange(&http::get("/health/ready").bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        begun.elapsed()
    }

    /// Runs `orderpark verify`, which must find nothing.
    pub fn verify(&self) {
        let database = format!("sqlite:{}", self.data().join("orderpark.db").display());
        let output = program::run(&["verify", "--database", &database]);
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
