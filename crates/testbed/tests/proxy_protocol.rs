//! The proxy in front of a server that is played here, byte by byte.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

use orderpark_testbed::{Moment, Proxy, Traffic};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// So long waits whoever expects something.
const PATIENCE: Duration = Duration::from_secs(20);
/// So long waits whoever expects nothing.
const SILENCE: Duration = Duration::from_millis(150);

const READY: [u8; 6] = [b'Z', 0, 0, 0, 5, b'I'];

/// The proxy, and both ends of one connection through it.
struct Line {
    proxy: Proxy,
    listener: TcpListener,
    client: TcpStream,
    server: TcpStream,
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind], &length.to_be_bytes()[..], body].concat()
}

fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &[sql.as_bytes(), &[0]].concat())
}

fn complete(tag: &str) -> Vec<u8> {
    message(b'C', &[tag.as_bytes(), &[0]].concat())
}

fn greeting() -> Vec<u8> {
    [&17u32.to_be_bytes()[..], &196_608u32.to_be_bytes(), b"user\0ops\0"].concat()
}

impl Line {
    /// Before anything was said.
    fn silent() -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap());
        let (client, server) = ends(&proxy, &listener);
        Line { proxy, listener, client, server }
    }

    /// After the server has let the client in.
    fn open() -> Line {
        let mut line = Line::silent();
        line.says(&greeting());
        line.answers(&[&message(b'R', &[0; 4])[..], &READY].concat());
        line
    }

    /// The client says something, which arrives.
    #[track_caller]
    fn says(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).unwrap();
        assert_eq!(read(&mut self.server, bytes.len()), bytes);
    }

    /// The server says something, which arrives.
    #[track_caller]
    fn answers(&mut self, bytes: &[u8]) {
        self.server.write_all(bytes).unwrap();
        assert_eq!(read(&mut self.client, bytes.len()), bytes);
    }
}

fn ends(proxy: &Proxy, listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(proxy.address()).unwrap();
    let (server, _) = listener.accept().unwrap();
    for end in [&client, &server] {
        end.set_read_timeout(Some(PATIENCE)).unwrap();
        end.set_nodelay(true).unwrap();
    }
    (client, server)
}

#[track_caller]
fn read(from: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).unwrap();
    bytes
}

/// All that comes until the connection is reset.
#[track_caller]
fn until_reset(from: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let error = from.read_to_end(&mut bytes).expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    bytes
}

#[track_caller]
fn assert_silent(from: &mut TcpStream) {
    from.set_read_timeout(Some(SILENCE)).unwrap();
    let error = from.read(&mut [0]).expect_err("nothing");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    from.set_read_timeout(Some(PATIENCE)).unwrap();
}

#[test]
fn before_the_commit_the_server_gets_everything_else() {
    let mut line = Line::open();
    line.proxy.cut_when(Moment::BeforeCommit);
    let insert = query("insert");
    line.client.write_all(&[&insert[..], &query("commit")].concat()).unwrap();
    assert_eq!(until_reset(&mut line.server), insert);
    assert_eq!(until_reset(&mut line.client), b"");
    assert!(line.proxy.has_cut());
}

#[test]
fn a_commit_is_known_however_it_is_cut_into_pieces_and_written() {
    for commit in ["commit", "COMMIT ;", "insert into t values (1); commit"] {
        let mut line = Line::open();
        line.proxy.cut_when(Moment::BeforeCommit);
        for byte in query(commit) {
            line.client.write_all(&[byte]).unwrap();
        }
        assert_eq!(until_reset(&mut line.server), b"", "{commit}");
    }
    let mut line = Line::open();
    line.proxy.cut_when(Moment::BeforeCommit);
    line.says(&query("select 'commit'"));
    line.says(&query("insert into committed values (1)"));
    assert!(!line.proxy.has_cut());
}

#[test]
fn after_the_commit_the_client_is_cut_before_the_server_answers() {
    let mut line = Line::open();
    line.proxy.cut_when(Moment::AfterCommitSent);
    let both = [query("insert"), query("commit")].concat();
    line.client.write_all(&both).unwrap();
    assert_eq!(until_reset(&mut line.client), b"");
    assert_eq!(read(&mut line.server, both.len()), both);
    let (insert, commit) = (complete("INSERT 0 1"), complete("COMMIT"));
    line.server.write_all(&[&insert[..], &READY].concat()).unwrap();
    assert_silent(&mut line.server); // still there: that was not yet the answer
    line.server.write_all(&commit).unwrap();
    until_reset(&mut line.server);
}

#[test]
fn the_first_byte_of_the_answer_is_the_last() {
    let mut line = Line::open();
    line.proxy.cut_when(Moment::AfterFirstByteOfAnswer);
    let both = [query("insert"), query("commit")].concat();
    line.says(&both);
    let insert = [&complete("INSERT 0 1")[..], &READY].concat();
    line.server.write_all(&[&insert[..], &complete("COMMIT"), &READY].concat()).unwrap();
    assert_eq!(until_reset(&mut line.client), [&insert[..], b"C"].concat());
    until_reset(&mut line.server);
}

#[test]
fn a_prepared_commit_is_known_by_its_name() {
    let mut line = Line::open();
    let prepare = |name: &str, sql: &str| message(b'P', format!("{name}\0{sql}\0\0\0").as_bytes());
    let bind = |name: &str| message(b'B', format!("\0{name}\0\0\0\0\0\0\0").as_bytes());
    let execute = message(b'E', b"\0\0\0\0\0");
    let sync = message(b'S', b"");
    line.says(&[prepare("s0", "commit"), prepare("s1", "select 1"), sync.clone()].concat());
    line.answers(&[&message(b'1', b"")[..], &message(b'1', b""), &READY].concat());
    line.proxy.cut_when(Moment::AfterCommitSent);
    line.says(&[bind("s1"), execute.clone()].concat());
    assert!(!line.proxy.has_cut());
    // The client has not asked for answers yet; the proxy does, or the server would keep them to itself.
    line.client.write_all(&[bind("s0"), execute.clone()].concat()).unwrap();
    until_reset(&mut line.client);
    let said = [bind("s0"), execute, sync].concat();
    assert_eq!(read(&mut line.server, said.len()), said);
    line.server.write_all(&complete("COMMIT")).unwrap();
    until_reset(&mut line.server);
    let expected = Traffic { connections: 1, queries: 0, parses: 2, executes: 2, syncs: 1, commits: 1 };
    assert_eq!(line.proxy.traffic(), expected);
}

#[test]
fn a_moment_comes_once_and_refuses_whom_it_shall() {
    let mut line = Line::open();
    line.proxy.cut_and_refuse_when(Moment::BeforeCommit);
    line.client.write_all(&query("commit")).unwrap();
    until_reset(&mut line.client);
    until_reset(&mut TcpStream::connect(line.proxy.address()).unwrap());
    line.proxy.refuse(false);
    (line.client, line.server) = ends(&line.proxy, &line.listener);
    line.says(&greeting());
    line.says(&query("commit"));
}

#[test]
fn who_is_refused_is_told_so_and_who_is_in_stays() {
    let mut line = Line::open();
    line.proxy.refuse(true);
    until_reset(&mut TcpStream::connect(line.proxy.address()).unwrap());
    line.says(&query("select 1"));
    line.proxy.refuse(false);
    ends(&line.proxy, &line.listener);
    assert_eq!(line.proxy.traffic().connections, 2);
}

#[test]
fn a_cut_resets_both_ends_of_all_and_lets_new_ones_in() {
    let mut line = Line::open();
    let (mut client, mut server) = ends(&line.proxy, &line.listener);
    client.write_all(&greeting()).unwrap();
    read(&mut server, greeting().len());
    line.proxy.cut();
    for end in [&mut client, &mut server, &mut line.client, &mut line.server] {
        until_reset(end);
    }
    (line.client, line.server) = ends(&line.proxy, &line.listener);
    line.says(&greeting());
}

#[test]
fn a_black_hole_holds_back_both_ways_and_loses_nothing() {
    let mut line = Line::open();
    line.proxy.black_hole(true);
    line.client.write_all(&query("select 1")).unwrap();
    line.server.write_all(&READY).unwrap();
    assert_silent(&mut line.server);
    assert_silent(&mut line.client);
    line.proxy.black_hole(false);
    assert_eq!(read(&mut line.server, query("select 1").len()), query("select 1"));
    assert_eq!(read(&mut line.client, READY.len()), READY);
    line.proxy.black_hole(true);
    line.client.write_all(&query("select 2")).unwrap();
    line.proxy.cut();
    assert_eq!(until_reset(&mut line.server), b"");
}

#[test]
fn a_delay_counts_each_way() {
    let mut line = Line::open();
    let delay = Duration::from_millis(50);
    line.proxy.delay(delay);
    let begun = Instant::now();
    line.says(&query("select 1"));
    line.answers(&READY);
    assert!(begun.elapsed() >= 2 * delay, "{:?}", begun.elapsed());
}

#[test]
fn what_is_encrypted_passes_unread() {
    let mut line = Line::silent();
    let ask = [&8u32.to_be_bytes()[..], &80_877_103u32.to_be_bytes()].concat();
    line.says(&ask);
    line.answers(b"S");
    line.says(b"\xff no message at all");
    line.answers(b"nor this");
}

#[test]
fn who_is_told_that_nothing_is_encrypted_goes_on_in_clear() {
    let mut line = Line::silent();
    line.says(&[&8u32.to_be_bytes()[..], &80_877_103u32.to_be_bytes()].concat());
    line.answers(b"N");
    line.says(&greeting());
    line.answers(&[&message(b'R', &[0; 4])[..], &READY].concat());
    line.proxy.cut_when(Moment::BeforeCommit);
    line.client.write_all(&query("commit")).unwrap();
    until_reset(&mut line.client);
}

#[test]
fn an_end_is_passed_on_as_an_end() {
    let mut line = Line::open();
    line.client.write_all(&message(b'X', b"")).unwrap();
    drop(line.client);
    let mut rest = Vec::new();
    line.server.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, message(b'X', b""));
}
