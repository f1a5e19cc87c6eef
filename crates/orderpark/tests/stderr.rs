//! The log is never in the way: whatever stderr is and whatever else goes wrong, requests are
//! answered, the process is alive, and SIGTERM drains it.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::Deployment;
use harness::http::{Connection, get, post};
use harness::program::{Running, program};
use harness::world::{ORDERS, TOKEN, World, assert_whole};
use orderpark_testbed::{Engine, Proxy, upstream};
use rustix::process::Signal;
use std::fs::File;
use std::io::{PipeReader, Write as _, pipe};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The capacity of a pipe before its writer waits.
const PIPE_BYTES: usize = 64 * 1024;

/// The longest end of the process, with the grace for load balancers and the last second for
/// stderr.
const STOP_MAX: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stderr {
    Closed,
    Full,
    /// A pipe that is full, and that nobody reads.
    Unread,
    /// The same, which does not make its writer wait.
    UnreadUnblocking,
    /// A pipe whose reader ends when the program has started.
    Abandoned,
}

const STATES: [Stderr; 5] = [Stderr::Closed, Stderr::Full, Stderr::Unread, Stderr::UnreadUnblocking, Stderr::Abandoned];

/// The program as a shell starts it: `limits` comes before it, as a line of the shell.
fn start(stderr: Stderr, limits: &str, deployment: &Deployment, more: &[&str]) -> (Running, Option<PipeReader>) {
    let data = deployment.data();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log", "debug", "--data", data.to_str().unwrap()];
    let own = program(&[&serve[..], more].concat());
    let close = if stderr == Stderr::Closed { "2>&-" } else { "" };
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limits} exec \"$0\" \"$@\" {close}")]).arg(own.get_program()).args(own.get_args());
    let (reader, mut writer) = pipe().unwrap();
    let to = match stderr {
        Stderr::Closed => Stdio::null(),
        Stderr::Full => File::options().write(true).open("/dev/full").unwrap().into(),
        Stderr::Unread | Stderr::UnreadUnblocking => {
            writer.write_all(&vec![b'x'; PIPE_BYTES]).unwrap();
            rustix::io::ioctl_fionbio(&writer, stderr == Stderr::UnreadUnblocking).unwrap();
            writer.into()
        }
        Stderr::Abandoned => writer.into(),
    };
    let running = Running::spawn_to(command, to);
    (running, (stderr != Stderr::Abandoned).then_some(reader))
}

fn connect(running: &Running) -> Connection {
    let address: SocketAddr = running.address.strip_prefix("http://").unwrap().parse().unwrap();
    Connection::open(address).unwrap()
}

fn live(running: &Running, stderr: Stderr) {
    let answer = connect(running).exchange(&get("/health/live").bytes()).unwrap();
    assert_eq!(answer.status, 200, "{stderr:?}");
}

/// The checks after every trouble: alive, a request in flight is answered when the end is asked
/// for, and the end is 0.
fn end(running: Running, stderr: Stderr, world: &World, status: u16) {
    live(&running, stderr);
    let mut half = connect(&running);
    let mut request = world.place(&world.subscribers[0], 7, None).bytes();
    let rest = request.split_off(request.len() - 20);
    half.exchange(&get("/health/live").bytes()).unwrap();
    half.send(&request).unwrap();
    let asked = Instant::now();
    running.signal(Signal::TERM);
    let answer = half.exchange(&rest).unwrap();
    assert_eq!(answer.status, status, "{stderr:?}: {}", answer.text());
    if status == 200 {
        assert_whole(&answer.json(), 7);
    }
    let (code, _) = running.stop(Signal::TERM);
    assert_eq!(code.code(), Some(0), "{stderr:?}");
    assert!(asked.elapsed() < STOP_MAX, "{stderr:?}: {:?}", asked.elapsed());
}

fn made() -> (Deployment, World) {
    let mut deployment = Deployment::start(&[]);
    let world = World::make(&deployment, 1);
    deployment.stop();
    (deployment, world)
}

#[test]
fn load_and_refusals_are_answered_whatever_stderr_is() {
    let (deployment, world) = made();
    for stderr in STATES {
        let (running, _reader) = start(stderr, "", &deployment, &[]);
        let mut connection = connect(&running);
        for _ in 0..100 {
            let placed = connection.exchange(&world.place(&world.subscribers[0], 3, None).bytes()).unwrap();
            assert_whole(&placed.done(), 3);
            let bearer = get(&format!("{ORDERS}/1")).bearer(&world.vendor);
            assert_eq!(connection.exchange(&bearer.bytes()).unwrap().status, 404, "{stderr:?}");
            let wrong = post(TOKEN).form("grant_type=client_credentials&client_id=x&client_secret=y");
            assert!([401, 429].contains(&connection.exchange(&wrong.bytes()).unwrap().status), "{stderr:?}");
        }
        end(running, stderr, &world, 200);
    }
}

/// Files that cannot grow: writes fail as on a broken disk, once there is no room for the
/// write-ahead log and for copying it back.
#[test]
fn a_disk_that_takes_no_more_stops_writes_alone_whatever_stderr_is() {
    let (deployment, world) = made();
    for stderr in STATES {
        let (running, _reader) = start(stderr, "trap '' XFSZ; ulimit -f 1024;", &deployment, &[]);
        let mut connection = connect(&running);
        let (begun, mut failing) = (Instant::now(), None);
        while failing.is_none_or(|since: Instant| since.elapsed() < Duration::from_secs(1)) {
            let placed = connection.exchange(&world.place(&world.subscribers[0], 3, None).bytes()).unwrap();
            failing = (placed.status == 503).then(|| failing.unwrap_or_else(Instant::now));
            assert!(begun.elapsed() < Duration::from_mins(1), "{stderr:?}: the disk is never full");
        }
        let listed = connection.exchange(&get(ORDERS).bearer(&world.vendor).bytes()).unwrap();
        assert_eq!(listed.status, 200, "{stderr:?}");
        let ready = connection.exchange(&get("/health/ready").bytes()).unwrap();
        assert_eq!(ready.status, 503, "{stderr:?}");
        end(running, stderr, &world, 503);
    }
}

#[test]
fn a_crowd_of_connections_ends_nothing_whatever_stderr_is() {
    let (deployment, world) = made();
    for stderr in STATES {
        let (running, _reader) = start(stderr, "ulimit -n 64;", &deployment, &[]);
        let crowd: Vec<Connection> = (0..150).map(|_| connect(&running)).collect();
        drop(crowd);
        end(running, stderr, &world, 200);
    }
}

#[test]
fn a_database_that_is_away_leaves_the_process_alive_whatever_stderr_is() {
    let mut deployment = Deployment::on(Engine::Postgres, &[]);
    let world = World::make(&deployment, 1);
    deployment.stop();
    let proxy = Proxy::start(upstream());
    let through = deployment.database().url_through(&proxy);
    for stderr in STATES {
        let (running, _reader) = start(stderr, "", &deployment, &["--database", &through]);
        proxy.refuse(true);
        proxy.cut();
        let mut connection = connect(&running);
        for _ in 0..300 {
            let bearer = get(ORDERS).bearer(&world.vendor);
            assert_eq!(connection.exchange(&bearer.bytes()).unwrap().status, 503, "{stderr:?}");
        }
        end(running, stderr, &world, 503);
        proxy.refuse(false);
    }
}

/// The commands too: what they say is lost, and their exit codes stay.
#[test]
fn what_cannot_be_said_changes_no_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}", folder.path().join("missing.db").display());
    let data = folder.path().join("data");
    let serve = ["serve", "--log", "warning", "--data", data.to_str().unwrap()];
    let cases: [(&[&str], i32); 5] = [
        (&["--help"], 0),
        (&["--nonsense"], 2),
        (&["verify", "--database", &missing], 2),
        (&["migrate", "--status", "--database", &missing], 2),
        (&serve, 2),
    ];
    for (arguments, code) in cases {
        let full = || File::options().write(true).open("/dev/full").unwrap();
        let status = program(arguments).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
    assert!(!data.exists());
}
