//! What all drills have: nodes on a database, clients that write to them, and an end that judges.

use super::node::Node;
use super::{Engine, Setting};
use crate::chance::{self, Chance};
use crate::figures::{self, Table, progress, seconds};
use crate::run::{Record, Run};
use crate::task::{self, Found};
use anyhow::{Context, ensure};
use orderpark_bench::world::Login;
use std::fs::Permissions;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// A blow comes after so many acknowledged writes at most,
const ACKNOWLEDGED_MAX: u64 = 300;
/// and up to so many microseconds later.
const PAUSE_MICROS: u64 = 3_000;
/// Writes go on within this after whatever was done, or the drill has failed.
const FLOW_MAX: Duration = Duration::from_mins(1);
/// A node has made its keys within this.
const KEYS_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Below the ports that the machine gives to clients, so that no client sits on the port of a node that is down.
const PORTS: std::ops::Range<u64> = 20_000..32_000;

/// A place for a drill. What is dropped first stops first: the nodes, then the folder.
pub struct Stage {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The choices of this drill.
    pub chance: Chance,
    run: Option<Run>,
    runtime: Runtime,
    interrupted: Arc<AtomicBool>,
    setting: Setting,
    folder: TempDir,
}

/// How a drill ended.
pub struct Ended {
    /// What the clients know.
    pub record: Record,
    /// What the judge found.
    pub found: Found,
    /// Whether `orderpark verify` found nothing.
    pub verified: bool,
    ready: Vec<Duration>,
}

impl Stage {
    /// An empty place.
    pub fn new(setting: &Setting) -> anyhow::Result<Stage> {
        let mut folder = tempfile::Builder::new().prefix("soak-").tempdir_in(&setting.folder).context("a folder")?;
        // PostgreSQL, which may run as another user, has a folder of its own in it.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711))?;
        folder.disable_cleanup(setting.keep);
        let runtime = Runtime::new()?;
        let interrupted = Arc::new(AtomicBool::new(false));
        runtime.spawn(listen_for_the_end(interrupted.clone()));
        let mut setting = setting.clone();
        let seed = *setting.manner.seed.get_or_insert_with(chance::fresh);
        progress(&format!("seed {seed}, in {}", folder.path().display()));
        let chance = Chance::seeded(seed).part();
        Ok(Stage { nodes: Vec::new(), chance, run: None, runtime, interrupted, setting, folder })
    }

    /// Where things may be kept.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A database in the folder, for one node.
    pub fn sqlite(&self) -> String {
        format!("sqlite:{}", self.folder().join("orderpark.db").display())
    }

    /// An address that nobody has.
    pub fn free_address(&mut self) -> anyhow::Result<SocketAddr> {
        for _ in 0..100 {
            let port = PORTS.start + self.chance.below(PORTS.end - PORTS.start);
            let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port)?));
            if TcpListener::bind(address).is_ok() {
                return Ok(address);
            }
        }
        anyhow::bail!("no free port in {PORTS:?}")
    }

    /// Starts so many nodes on a database, and the writers.
    pub fn start(&mut self, database: &str, nodes: usize) -> anyhow::Result<()> {
        self.start_nodes(database, nodes)?;
        self.start_writers()
    }

    /// Starts so many nodes on a database.
    pub fn start_nodes(&mut self, database: &str, nodes: usize) -> anyhow::Result<()> {
        for number in 1..=nodes {
            let address = self.free_address()?;
            let data = self.folder().join(format!("node-{number}"));
            if number > 1 {
                self.hand_on_keys(&self.folder().join("node-1"), &data)?;
            }
            let program = self.setting.program.clone();
            let mut node = Node::new(program, data, address, database.to_owned());
            node.start()?;
            self.nodes.push(node);
        }
        Ok(())
    }

    /// Starts the writers.
    pub fn start_writers(&mut self) -> anyhow::Result<()> {
        let operator = Login::default();
        let run = Run::start(&self.setting.manner, self.addresses(), &operator);
        self.run = Some(self.runtime.block_on(run)?);
        Ok(())
    }

    /// Nodes of one deployment hold the same keys: the first one makes them, the others get them before they start.
    fn hand_on_keys(&self, first: &Path, other: &Path) -> anyhow::Result<()> {
        std::fs::create_dir(other)?;
        std::fs::set_permissions(other, Permissions::from_mode(0o700))?;
        for key in ["secret.key", "signing.key"] {
            self.until(key, KEYS_MAX, || Ok(first.join(key).exists()))?;
            std::fs::copy(first.join(key), other.join(key))?;
        }
        Ok(())
    }

    /// Lets the writers write, and comes back at a moment that nobody can foresee.
    pub fn let_write(&mut self) -> anyhow::Result<()> {
        let more = 1 + self.chance.below(ACKNOWLEDGED_MAX);
        self.flows(more)?;
        self.pause();
        Ok(())
    }

    /// Waits for a moment whose length nobody can foresee.
    pub fn pause(&mut self) {
        std::thread::sleep(Duration::from_micros(self.chance.below(PAUSE_MICROS)));
    }

    /// Does something beside the writers.
    pub fn on_runtime<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        self.runtime.block_on(work)
    }

    /// Waits until so many more writes are acknowledged.
    pub fn flows(&self, more: u64) -> anyhow::Result<()> {
        let enough = self.run()?.acknowledged() + more;
        self.until("acknowledged writes", FLOW_MAX, || Ok(self.run()?.acknowledged() >= enough))
    }

    /// Notes that something is done to the program.
    pub fn fault(&mut self) -> anyhow::Result<()> {
        self.run.as_mut().context("no run")?.fault();
        Ok(())
    }

    /// Waits for something, within a bound, unless somebody wants the drill to end.
    pub fn until(
        &self,
        what: &str,
        max: Duration,
        mut is_so: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let begin = Instant::now();
        while !is_so()? {
            ensure!(!self.interrupted.load(Ordering::Relaxed), "interrupted");
            ensure!(begin.elapsed() < max, "no {what} within {max:?}");
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Lets every wish have its answer, judges, stops the nodes, and verifies the database.
    pub fn finish(&mut self, database: &str) -> anyhow::Result<Ended> {
        let judged = self.judge()?;
        self.end(judged, database)
    }

    /// Lets every wish have its answer, and judges.
    pub fn judge(&mut self) -> anyhow::Result<(Record, Found)> {
        progress("waiting for answers, then reading everything back");
        let nodes = self.addresses();
        let record = self.runtime.block_on(self.run.take().context("no run")?.finish())?;
        let operator = Login::default();
        let found = task::check(&nodes, &operator, &record.wishes, &record.entries, None);
        let found = self.runtime.block_on(found)?;
        Ok((record, found))
    }

    /// Stops the nodes, and verifies the database.
    pub fn end(&mut self, judged: (Record, Found), database: &str) -> anyhow::Result<Ended> {
        let (record, found) = judged;
        self.nodes.iter_mut().try_for_each(Node::end)?;
        let ready = self.nodes.iter().flat_map(|node| node.ready.clone()).collect();
        let verified = verify(&self.setting.program, database)?;
        Ok(Ended { record, found, verified, ready })
    }

    fn run(&self) -> anyhow::Result<&Run> {
        self.run.as_ref().context("no run")
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }
}

impl Ended {
    /// All figures of a drill.
    pub fn table(&mut self, what: &str) -> Table {
        let mut table = Table::default();
        table.row("drill", &what);
        table.run(&self.record);
        self.ready.sort_unstable();
        table.row("start of a node until it listens", &figures::spread(&self.ready));
        self.found.tell(&mut table);
        table.row("orderpark verify", &if self.verified { "no violation" } else { "VIOLATIONS" });
        table
    }

    /// Prints the figures, and more of this drill alone; false if a promise was broken.
    pub fn tell(mut self, what: &str, more: &[(&str, String)]) -> bool {
        let mut table = self.table(what);
        for (what, figure) in more {
            table.row(what, figure);
        }
        table.print();
        figures::show(&self.found.violations);
        self.found.violations.is_empty() && self.verified
    }
}

/// Runs `orderpark verify`, which prints what it checked.
fn verify(program: &PathBuf, database: &str) -> anyhow::Result<bool> {
    let begin = Instant::now();
    let status = Command::new(program).args(["verify", "--database", database]).status().context("verify")?;
    progress(&format!("verify took {}", seconds(begin.elapsed())));
    Ok(status.success())
}

async fn listen_for_the_end(interrupted: Arc<AtomicBool>) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    interrupted.store(true, Ordering::Relaxed);
}

/// A title that names the database.
pub fn title(what: &str, database: Engine, rounds: u64) -> String {
    let database = match database {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    format!("{what} x {rounds}, on {database}")
}
