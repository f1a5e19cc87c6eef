//! Child programs on this machine: the real orderpark, and the bare reference. Each is killed when it is dropped.

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{OpenOptions, Permissions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// The configuration: receivers on this machine are sent as much as they take.
const RATES: &str = "[[deliveries.hosts]]\nhost = \"127.0.0.1\"\nrate = 1000000\n";
/// The login of the operator's first client.
pub const CLIENT: &str = "bench@localhost";
/// Its secret: this database lives for one run, on loopback.
pub const SECRET: &str = "only-for-one-benchmark-on-this-machine";

/// A free port of this machine.
const FREE_PORT: &str = "127.0.0.1:0";
/// A program that says nothing for so long will not listen any more.
const START_MAX: Duration = Duration::from_secs(30);
/// A node has made its keys within this.
const KEYS_MAX: Duration = Duration::from_secs(30);
/// How often it is looked whether a program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A server that listens.
pub struct Program {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took from the start of the process until it listened.
    pub ready: Duration,
}

impl Program {
    /// Starts orderpark on the database in `data`, which is made if it is missing.
    pub fn orderpark(path: &Path, data: &Path) -> anyhow::Result<Program> {
        Program::start(Program::serve(path, data, FREE_PORT)?)
    }

    /// The same, at an address that stays the same from start to start, on a database elsewhere.
    pub fn orderpark_on(path: &Path, data: &Path, listen: SocketAddr, database: &str) -> anyhow::Result<Program> {
        let mut command = Program::serve(path, data, &listen.to_string())?;
        command.args(["--database", database]);
        Program::start(command)
    }

    /// The same, with a library before its own.
    pub fn orderpark_with(library: &Path, path: &Path, data: &Path) -> anyhow::Result<Program> {
        let library = library.canonicalize().context("the library to preload")?;
        let mut command = Program::serve(path, data, FREE_PORT)?;
        command.env("LD_PRELOAD", library);
        Program::start(command)
    }

    fn serve(path: &Path, data: &Path, listen: &str) -> anyhow::Result<Command> {
        let secret = data.with_extension("secret");
        std::fs::write(&secret, SECRET)?;
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600))?;
        let mut command = Command::new(path);
        command.args(["serve", "--listen", listen, "--bootstrap-client-id", CLIENT, "--data"]).arg(data);
        command.arg("--bootstrap-client-secret-file").arg(secret);
        // Whoever listens to it is on this machine too.
        command.args(["--allow-network", "127.0.0.0/8"]);
        // Receivers have a rate unless they are named; here it is measured without one.
        let config = data.with_extension("toml");
        std::fs::write(&config, RATES)?;
        command.arg("--config").arg(config);
        command.stderr(OpenOptions::new().create(true).append(true).open(data.with_extension("log"))?);
        Ok(command)
    }

    /// Starts the bare reference, which answers everything with the bytes of `answer`.
    pub fn reference(answer: &Path) -> anyhow::Result<Program> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["reference", "--answer"]).arg(answer);
        Program::start(command)
    }

    fn start(mut command: Command) -> anyhow::Result<Program> {
        let begin = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("starting")?;
        let mut stdout = BufReader::new(child.stdout.take().context("a piped stdout")?);
        let (sender, first_line) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = stdout.read_line(&mut line);
            // Nobody waits any more if it took too long.
            let _ = sender.send((read.map(|_| line), stdout));
        });
        let said = first_line.recv_timeout(START_MAX);
        let ready = begin.elapsed();
        let Ok((Ok(line), stdout)) = said else {
            child.kill()?;
            anyhow::bail!("{command:?} said nothing within {START_MAX:?}: {:?}", child.wait()?)
        };
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let Some(address) = address else {
            child.kill()?;
            anyhow::bail!("{command:?} did not say where it listens but '{}': {:?}", line.trim(), child.wait()?)
        };
        Ok(Program { child, _stdout: stdout, address, ready })
    }

    /// Has the program say whether a database keeps its promises.
    pub fn verify(path: &Path, database: &str) -> anyhow::Result<()> {
        let output = Command::new(path).args(["verify", "--database", database]).stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        anyhow::ensure!(
            output.status.success(),
            "{database} is not sound: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub fn end(mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            anyhow::ensure!(asked.elapsed() < within, "it goes on {within:?} after SIGTERM");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Memory that it holds now, in MiB.
    pub fn memory_now(&self) -> anyhow::Result<f64> {
        self.memory("VmRSS:")
    }

    /// The most memory that it ever held, in MiB.
    pub fn memory_most(&self) -> anyhow::Result<f64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("a line of the status")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().context("a number of KiB")?;
        Ok(kib / 1024.0)
    }
}

/// Nodes of one deployment hold the same keys: the first one makes them, the other gets them before
/// it starts.
pub fn hand_on_keys(first: &Path, other: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(other)?;
    std::fs::set_permissions(other, Permissions::from_mode(0o700))?;
    let begin = Instant::now();
    for key in ["secret.key", "signing.key"] {
        while !first.join(key).exists() {
            anyhow::ensure!(begin.elapsed() < KEYS_MAX, "no {key} within {KEYS_MAX:?}");
            std::thread::sleep(LOOK_EVERY);
        }
        std::fs::copy(first.join(key), other.join(key))?;
    }
    Ok(())
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about that here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
