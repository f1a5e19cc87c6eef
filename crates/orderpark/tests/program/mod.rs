//! The built program, as a test runs it.
#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

/// The program with these arguments.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orderpark"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Writes a file that only we may read: the program takes secrets from no other.
pub fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

/// What it wrote to stderr.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The program while it serves. It is killed when this is dropped.
pub struct Running {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: tempfile::TempPath,
    /// What stdout said before it listened, line by line.
    pub said: Vec<String>,
    /// `http://ADDRESS:PORT`.
    pub address: String,
}

impl Running {
    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts `orderpark serve` on a free port, with its data in `folder`.
    pub fn serve(folder: &Path, more: &[&str]) -> Running {
        let data = folder.to_str().unwrap();
        Running::start(&[&["serve", "--listen", "127.0.0.1:0", "--data", data], more].concat())
    }

    /// Starts the program and waits until it listens.
    pub fn start(arguments: &[&str]) -> Running {
        Running::spawn(program(arguments))
    }

    /// As [`Running::start`].
    pub fn spawn(command: Command) -> Running {
        let (status, stderr) = match Running::attempt(command) {
            Ok(running) => return running,
            Err(ended) => ended,
        };
        panic!("it ended with {:?} before it listened: {stderr}", status.code())
    }

    /// As [`Running::start`], with its stderr elsewhere.
    pub fn spawn_to(command: Command, stderr: Stdio) -> Running {
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        Running::launch(command, stderr, file).unwrap_or_else(|(status, _)| panic!("it ended with {status} at once"))
    }

    /// Starts the program, which may end before it listens; then answers its status and what it wrote to stderr.
    pub fn attempt(command: Command) -> Result<Running, (ExitStatus, String)> {
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        Running::launch(command, File::create(&file).unwrap().into(), file)
    }

    fn launch(mut command: Command, to: Stdio, stderr: tempfile::TempPath) -> Result<Running, (ExitStatus, String)> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(to).spawn().unwrap();
        // What the command holds of stderr would keep a pipe open.
        drop(command);
        let mut running = Running { child, stdout: None, stderr, said: Vec::new(), address: String::new() };
        if running.listen() { Ok(running) } else { Err((running.child.wait().unwrap(), running.stderr())) }
    }

    /// Reads stdout until it listens; answers whether it does.
    fn listen(&mut self) -> bool {
        let mut stdout = BufReader::new(self.child.stdout.take().unwrap());
        while self.address.is_empty() {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                return false;
            }
            match line.trim_end_matches('\n').strip_prefix("listening on ") {
                Some(address) => address.clone_into(&mut self.address),
                None => self.said.push(line.trim_end_matches('\n').to_owned()),
            }
        }
        self.stdout = Some(stdout);
        true
    }

    /// Sends it a signal, and goes on.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// What it wrote to stderr up to now.
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Sends it a signal and waits for its end; answers its status and the rest of its stdout.
    pub fn stop(mut self, signal: rustix::process::Signal) -> (ExitStatus, String) {
        self.signal(signal);
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        (status, rest)
    }
}

impl Running {
    /// As [`Running::stop`]; answers its status and all that it wrote to stderr.
    pub fn stop_with_log(mut self, signal: rustix::process::Signal) -> (ExitStatus, String) {
        self.signal(signal);
        (self.child.wait().unwrap(), self.stderr())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks for a token; answers status and body.
pub async fn ask_token(address: &str, client_id: &str, secret: &str) -> (u16, serde_json::Value) {
    let form = [("grant_type", "client_credentials"), ("client_id", client_id), ("client_secret", secret)];
    let sent = reqwest::Client::new().post(format!("{address}/admin/v141/api/oauth/token")).form(&form).send();
    let response = sent.await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}
