//! A PostgreSQL server of our own, made, copied, killed and promoted with PostgreSQL's own tools.
//!
//! The superuser comes through a socket in a folder that nobody else may enter, replication too; over TCP there is only
//! the program's role, with a password. PostgreSQL refuses to run as root, so as root it runs as `postgres` or `nobody`.

use super::stage::Stage;
use crate::chance::Chance;
use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs::{self, OpenOptions, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program's role, its password, and its database.
const ROLE: &str = "orderpark";
const PASSWORD: &str = "only-for-one-drill";
const SUPERUSER: &str = "postgres";

/// A server that was killed has recovered within this.
const START_MAX: Duration = Duration::from_mins(1);

const SETTINGS: &str = "
fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = replica
max_connections = 100
max_wal_senders = 10
wal_keep_size = 512MB
hot_standby = on
recovery_init_sync_method = syncfs
wal_receiver_status_interval = 1
log_min_messages = warning
";

const ACCESS: &str = "
local all all trust
local replication all trust
host all orderpark 127.0.0.1/32 scram-sha-256
";

/// How a server is killed.
#[derive(Clone, Copy, Debug)]
pub enum Blow {
    /// As `pg_ctl stop -m immediate` does.
    Immediate,
    /// Its first process with -9; what it started has to notice by itself.
    Kill,
}

impl Blow {
    /// One of the two.
    pub fn any(chance: &mut Chance) -> Blow {
        if chance.below(2) == 0 { Blow::Immediate } else { Blow::Kill }
    }
}

/// A server.
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    owner: Option<(u32, u32)>,
    running: Option<Child>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Cluster {
    /// Makes an empty server.
    pub fn make(bin: Option<&Path>, folder: &Path, name: &str, address: SocketAddr) -> anyhow::Result<Cluster> {
        let bin = bin.map_or_else(newest, |bin| Ok(bin.to_owned()))?;
        let cluster = Cluster { bin, folder: folder.join(name), owner: owner()?, running: None, address };
        cluster.make_folder()?;
        let data = cluster.data();
        // Programs are killed here, not the machine: what is made before the first order may stay in its memory.
        let how = ["--auth=trust", "-E", "UTF8", "--locale=C", "--wal-segsize=4", "--no-sync"];
        cluster.run("initdb", &[&["-U", SUPERUSER, "-D", &data], &how[..]].concat())?;
        let configuration = PathBuf::from(cluster.data()).join("postgresql.conf");
        let settings = fs::read_to_string(&configuration)? + SETTINGS;
        fs::write(configuration, settings)?;
        fs::write(PathBuf::from(cluster.data()).join("pg_hba.conf"), ACCESS)?;
        Ok(cluster)
    }

    /// Makes a standby of this server, with another name and address, which follows as soon as it is started.
    pub fn standby(&self, name: &str, address: SocketAddr) -> anyhow::Result<Cluster> {
        let folder = self.folder.with_file_name(name);
        let standby = Cluster { bin: self.bin.clone(), folder, owner: self.owner, running: None, address };
        if standby.folder.exists() {
            fs::remove_dir_all(&standby.folder)?;
        }
        standby.make_folder()?;
        let (host, port) = (self.sockets(), self.address.port());
        let from = format!("host={host} port={port} user={SUPERUSER} application_name=standby");
        let how = ["-R", "-X", "stream", "-c", "fast", "--no-sync"];
        standby.run("pg_basebackup", &[&["-d", &from, "-D", &standby.data()], &how[..]].concat())?;
        // A new primary has no standby yet; that it waits for one is said when it has it.
        let own = PathBuf::from(standby.data()).join("postgresql.auto.conf");
        let settings = fs::read_to_string(&own)? + "synchronous_standby_names = ''\n";
        fs::write(own, settings)?;
        Ok(standby)
    }

    /// Starts it and waits until it takes connections. After a blow what is left of it may need a moment to go.
    pub fn start(&mut self, stage: &Stage) -> anyhow::Result<()> {
        stage.until("PostgreSQL", START_MAX, || {
            if !self.is_running()? {
                self.running = Some(self.spawn()?);
            }
            std::thread::sleep(Duration::from_millis(10));
            Ok(self.command("pg_isready", &["-q", "-h", &self.sockets()]).status()?.success())
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Makes the program's role and its database.
    pub fn make_database(&self) -> anyhow::Result<()> {
        self.sql(&format!("create role {ROLE} login password '{PASSWORD}'"))?;
        self.sql(&format!("create database {ROLE} owner {ROLE}")).map(drop)
    }

    /// What the program is told.
    pub fn url(&self) -> String {
        format!("postgres://{ROLE}:{PASSWORD}@{}/{ROLE}", self.address)
    }

    /// What the program is told of two servers that take turns.
    pub fn url_with(&self, other: &Cluster) -> String {
        let hosts = format!("{},{}", self.address, other.address);
        format!("postgres://{ROLE}:{PASSWORD}@{hosts}/{ROLE}?target_session_attrs=read-write")
    }

    /// Kills it, without any chance to write what it has in mind.
    pub fn kill(&mut self, blow: Blow) -> anyhow::Result<()> {
        let mut child = self.running.take().context("it does not run")?;
        let signal = match blow {
            Blow::Immediate => Signal::QUIT,
            Blow::Kill => Signal::KILL,
        };
        kill_process(Pid::from_child(&child), signal)?;
        child.wait()?;
        Ok(())
    }

    /// Makes a primary of a standby.
    pub fn promote(&self) -> anyhow::Result<()> {
        let promoted = self.sql("select pg_promote(true, 60)")?;
        ensure!(promoted == "t", "not promoted: {promoted}");
        Ok(())
    }

    /// Runs a statement as superuser and answers its first column.
    pub fn sql(&self, statement: &str) -> anyhow::Result<String> {
        self.run("psql", &["-h", &self.sockets(), "-U", SUPERUSER, "-d", "postgres", "-XAtqc", statement])
    }

    /// Sets a setting for good and lets it count.
    pub fn set(&self, name: &str, value: &str) -> anyhow::Result<()> {
        self.sql(&format!("alter system set {name} = '{value}'"))?;
        self.sql("select pg_reload_conf()").map(drop)
    }

    fn is_running(&mut self) -> anyhow::Result<bool> {
        let Some(child) = &mut self.running else { return Ok(false) };
        Ok(child.try_wait()?.is_none())
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.with_extension("log"))?;
        let port = self.address.port().to_string();
        let mut command = self.command("postgres", &["-D", &self.data(), "-p", &port, "-k", &self.sockets()]);
        command.args(["-c", "listen_addresses=127.0.0.1"]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("starting postgres")
    }

    /// Runs a tool to its end and answers what it printed.
    fn run(&self, tool: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(tool, arguments).stdin(Stdio::null()).output().with_context(|| tool.to_owned())?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{tool}: {}: {error}", output.status);
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn command(&self, tool: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.bin.join(tool));
        command.args(arguments).current_dir("/").env("PGPORT", self.address.port().to_string());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn make_folder(&self) -> anyhow::Result<()> {
        fs::create_dir(&self.folder)?;
        fs::create_dir(self.folder.join("sockets"))?;
        fs::set_permissions(&self.folder, Permissions::from_mode(0o700))?;
        if let Some((user, group)) = self.owner {
            chown(&self.folder, Some(user), Some(group))?;
            chown(self.folder.join("sockets"), Some(user), Some(group))?;
        }
        Ok(())
    }

    fn data(&self) -> String {
        self.folder.join("server").display().to_string()
    }

    fn sockets(&self) -> String {
        self.folder.join("sockets").display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.running.is_some() {
            // It may have ended by itself; there is nothing to do about that here.
            let _ = self.kill(Blow::Immediate);
        }
    }
}

/// Who PostgreSQL runs as, if it cannot be us.
fn owner() -> anyhow::Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let found = fields.find(|fields| fields.len() > 3 && fields[0] == name)?;
        Some((found[2].parse().ok()?, found[3].parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).context("no user for PostgreSQL: neither postgres nor nobody").map(Some)
}

/// The folder with the programs of the newest PostgreSQL.
fn newest() -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: PathBuf| Some((path.file_name()?.to_str()?.parse::<u32>().ok()?, path.join("bin")));
    let installed = versions.filter_map(|entry| version(entry.path())).filter(|(_, bin)| bin.join("postgres").exists());
    if let Some((_, bin)) = installed.max() {
        return Ok(bin);
    }
    let said = Command::new("pg_config").arg("--bindir").output().context("no PostgreSQL: see --postgres-bin")?;
    Ok(PathBuf::from(String::from_utf8(said.stdout)?.trim()))
}
