//! Message brokers of a test's own: the real ones, on a port of this machine, to be stopped, killed and started again.
//!
//! `./test` installs them. Their services are not used, and need not run.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use tempfile::TempDir;

/// Below the ports that the system gives away by itself, so that a server that is started again finds its own free.
const PORTS: std::ops::Range<u32> = 20_000..32_000;

static PICKED: AtomicU32 = AtomicU32::new(0);

/// Which broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerKind {
    /// `nats-server`, with JetStream.
    Nats,
    /// `mosquitto`.
    Mosquitto,
    /// `pgbouncer`, which is no broker but a pooler in front of PostgreSQL.
    PgBouncer,
}

/// A broker that belongs to one test; killed and removed when this is dropped.
#[derive(Debug)]
pub struct BrokerServer {
    kind: BrokerKind,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl BrokerServer {
    /// Starts one that lets everybody in.
    pub fn start(kind: BrokerKind) -> BrokerServer {
        let open = match kind {
            BrokerKind::Nats => "",
            BrokerKind::Mosquitto => "allow_anonymous true\n",
            BrokerKind::PgBouncer => "auth_type = any\n",
        };
        BrokerServer::configured(kind, |_| open.to_owned())
    }

    /// Starts one with these lines in its configuration, which are told the folder that is theirs.
    pub fn configured(kind: BrokerKind, lines: impl Fn(&Path) -> String) -> BrokerServer {
        for _ in 0..20 {
            let folder = tempfile::tempdir().expect("a folder");
            let lines = lines(folder.path());
            let mut server = BrokerServer { kind, folder, port: free_port(), child: None };
            server.configure(&lines);
            if server.launch() {
                return server;
            }
        }
        panic!("{kind:?} does not start");
    }

    /// Its port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with all that is its own.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes its configuration anew, for its next start.
    pub fn configure(&self, lines: &str) {
        let (folder, port) = (self.folder.path().display(), self.port);
        let first = match self.kind {
            BrokerKind::Nats => format!(
                "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{folder}/store\" }}\nserver_name: \"test\"\n"
            ),
            BrokerKind::Mosquitto => format!(
                "user root\npersistence true\npersistence_location {folder}/\nlog_dest stderr\n\
                 max_queued_messages 0\nlistener {port} 127.0.0.1\n"
            ),
            // It refuses to be root.
            BrokerKind::PgBouncer => format!(
                "[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n{}",
                if self.folder.path().metadata().is_ok_and(|folder| folder.uid() == 0) {
                    "user = nobody\n"
                } else {
                    ""
                }
            ),
        };
        fs::write(self.configuration(), first + lines).expect("a configuration");
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("configuration")
    }

    /// Starts it again, where it was.
    pub fn start_again(&mut self) {
        assert!(self.launch(), "{:?} does not start again", self.kind);
    }

    fn launch(&mut self) -> bool {
        let (program, ready) = match self.kind {
            BrokerKind::Nats => ("nats-server", "Server is ready"),
            BrokerKind::Mosquitto => ("mosquitto", "running"),
            BrokerKind::PgBouncer => ("pgbouncer", "process up"),
        };
        let mut command = Command::new(find(program));
        if self.kind != BrokerKind::PgBouncer {
            command.arg("-c");
        }
        command.arg(self.configuration()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a broker that can be started");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        self.child = Some(child);
        let is_ready = said.by_ref().map_while(Result::ok).any(|line| line.contains(ready));
        // What else it says is read and forgotten, so that it is never held up by it.
        thread::spawn(move || said.map_while(Result::ok).for_each(drop));
        is_ready
    }

    /// Stops it in good order.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let asked = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status();
            assert!(asked.is_ok_and(|status| status.success()), "{:?} cannot be stopped", self.kind);
            child.wait().expect("an end");
        }
    }

    /// Kills it at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a broker that can be killed");
            child.wait().expect("an end");
        }
    }
}

impl Drop for BrokerServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Where a program is that `./test` installs. Debian has such programs where the paths of ordinary
/// users do not lead.
pub fn find(program: &str) -> PathBuf {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no {program} to test with: run ./test once, which installs it"))
}

/// A port of this machine that nobody has, below those that the system gives away by itself.
pub fn free_port() -> u16 {
    loop {
        let number = PICKED.fetch_add(1, Ordering::SeqCst).wrapping_add(std::process::id().wrapping_mul(7919));
        let port = u16::try_from(PORTS.start + number % (PORTS.end - PORTS.start)).expect("a port");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
