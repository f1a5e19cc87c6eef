//! A PostgreSQL server of a test's own, to be killed and started again.

use std::path::PathBuf;
use std::process::{Command, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");

/// A server in a folder of its own; stopped and removed when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
}

impl Cluster {
    /// Starts one with these settings, such as `fsync=off`.
    pub fn start(settings: &[&str]) -> Cluster {
        let cluster = Cluster { folder: PathBuf::from(script(&["folder"]).trim_end()) };
        cluster.launch(settings);
        cluster
    }

    /// Starts it again, where it was; more settings may be given.
    pub fn launch(&self, settings: &[&str]) {
        let folder = self.folder.to_str().expect("a path that is text");
        script(&[&["start", folder], settings].concat());
    }

    /// The URL of its first database.
    pub fn url(&self) -> String {
        script(&["url", self.folder.to_str().expect("a path that is text")]).trim_end().to_owned()
    }

    /// Where it keeps everything: `data` is the server's own folder, `log` what it says.
    pub fn folder(&self) -> &PathBuf {
        &self.folder
    }

    /// Kills it at once, as a crash would.
    pub fn kill(&self) {
        script(&["kill", self.folder.to_str().expect("a path that is text")]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(SCRIPT).arg("stop").arg(&self.folder).stdin(Stdio::null()).status();
    }
}

/// Runs `scripts/postgres`; answers what it prints.
fn script(arguments: &[&str]) -> String {
    let mut command = Command::new(SCRIPT);
    let output = command.args(arguments).stdin(Stdio::null()).output().expect("scripts/postgres runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "scripts/postgres {}: {told}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("text")
}
