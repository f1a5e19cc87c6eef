//! The program behind nginx, `HAProxy`, Apache and Caddy: no answer is lost on the way, whatever a
//! client sends, and the configurations of docs/reverse-proxy.md do what the page says.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and tell their figures")]

#[path = "../harness/mod.rs"]
mod harness;
mod proxy;

use harness::http::{Answer, Connection, Request, get, post};
use harness::world::{ORDERS, TOKEN, World, text};
use harness::{Deployment, LOGIN, SECRET};
use proxy::{Kind, Proxy};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};

/// How often each size is sent to each proxy in `./test`; `ORDERPARK_TEST_PROXY_ROUNDS` says
/// another number.
const ROUNDS: usize = 40;
const SIZES: [usize; 3] = [300_000, 900_000, 3_000_000];

macro_rules! behind_each_proxy {
    ($($module:ident $kind:ident;)+) => {
        $(mod $module {
            use super::Kind;

            #[test]
            fn loses_no_answer() {
                super::loses_no_answer(Kind::$kind);
            }

            #[test]
            fn does_what_the_page_says() {
                super::does_what_the_page_says(Kind::$kind);
            }
        })+
    };
}

behind_each_proxy! {
    nginx Nginx;
    haproxy Haproxy;
    apache Apache;
    caddy Caddy;
}

/// Sends a whole request, however long, and then reads its answer, as simple clients do.
fn send(to: SocketAddr, request: &Request, size: usize) -> io::Result<Answer> {
    let mut connection = Connection::open(to)?;
    let mut request = request.clone();
    request.body = "x".repeat(size);
    connection.exchange(&request.bytes())
}

fn loses_no_answer(kind: Kind) {
    #[expect(clippy::disallowed_methods, reason = "the long form is asked for by hand")]
    let asked = std::env::var("ORDERPARK_TEST_PROXY_ROUNDS").ok();
    let rounds = asked.map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let deployment = Deployment::start(&[]);
    let operator = World::make(&deployment, 1).operator;
    let nobody = [(post(ORDERS), 401), (post("/core/v141/api/nothing"), 404), (post("/nothing"), 404)];
    let cases: Vec<_> = nobody.into_iter().chain([(post(ORDERS).bearer(&operator), 413)]).collect();
    for (form, proxy) in [
        ("plain", Proxy::plain(kind, deployment.address())),
        ("of the page", Proxy::of_the_page(kind, deployment.address())),
    ] {
        for size in SIZES {
            let mut lost = Vec::new();
            for round in 0..rounds / 2 {
                let (request, expected) = &cases[round % cases.len()];
                match send(proxy.address, request, size) {
                    // nginx refuses by itself what is longer than a mebibyte.
                    Ok(answer) if answer.status == *expected => {}
                    Ok(answer) if answer.status == 413 && kind == Kind::Nginx && size > 1 << 20 => {}
                    Ok(answer) => lost.push(format!("{expected} became {}", answer.status)),
                    Err(error) => lost.push(format!("{expected} became {error}")),
                }
            }
            println!("{kind:?} ({form}), {size} bytes: {} of {} answers lost", lost.len(), rounds / 2);
            assert!(lost.is_empty(), "{kind:?} ({form}), {size} bytes: {lost:?}");
        }
    }
}

/// nginx takes a node out of service for ten seconds when one answer of it is lost.
#[test]
fn a_client_without_a_token_takes_no_node_from_the_others() {
    let nodes = [Deployment::start(&[]), Deployment::start(&[])];
    let servers = nodes.each_ref().map(|node| format!("server {};", node.address())).concat();
    let proxy = Proxy::start(Kind::Nginx, |at| {
        format!(
            "upstream nodes {{ {servers} }} server {{ listen {at}; \
             location / {{ add_header X-Node $upstream_addr always; proxy_pass http://nodes; }} }}"
        )
    });
    let mut served = BTreeSet::new();
    for round in 0..ROUNDS {
        let bad = send(proxy.address, &post(ORDERS), 900_000).expect("an answer");
        assert_eq!(bad.status, 401, "round {round}");
        let answered_by = || {
            let good = send(proxy.address, &get("/health/ready"), 0).expect("an answer");
            assert_eq!(good.status, 200, "round {round}");
            good.header("x-node").expect("the header of the proxy").to_owned()
        };
        served.extend([answered_by(), answered_by()]);
    }
    let expected = nodes.each_ref().map(|node| node.address().to_string());
    assert_eq!(served, BTreeSet::from(expected), "one node each time, and both of them");
}

/// Asks for a token with a wrong secret, from an address of this machine.
fn wrong_secret(to: SocketAddr, from: [u8; 4], headers: &[(&str, &str)]) -> u16 {
    let SocketAddr::V4(to) = to else { panic!("not IPv4") };
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::from(from), 0)).unwrap();
    connect(&socket, &to).unwrap();
    let mut connection = Connection::over(TcpStream::from(socket)).unwrap();
    let form = format!("grant_type=client_credentials&client_id={LOGIN}&client_secret={SECRET}wrong");
    let request = headers.iter().fold(post(TOKEN), |request, (name, value)| request.header(name, value)).form(&form);
    connection.exchange(&request.bytes()).unwrap().status
}

fn does_what_the_page_says(kind: Kind) {
    let configured = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    fs::write(&configured, "trusted_proxies = [\"127.0.0.1/32\"]\n[events]\nheartbeat_ms = 100\n").unwrap();
    let deployment = Deployment::start(&["--config", configured.path().to_str().unwrap()]);
    let operator = World::make(&deployment, 1).operator;
    let running = Proxy::of_the_page(kind, deployment.address());
    let proxy = running.address;

    let read = |path: &str| get(path).bearer(&operator).header("Accept-Encoding", "gzip, br");
    let offers = send(proxy, &read("/core/v141/api/offers"), 0).unwrap().done();
    let offer = format!("/core/v141/api/offers/{}", text(&offers[0], "ref"));
    let answer = send(proxy, &read(&offer), 0).unwrap();
    assert!(answer.header("etag").unwrap().starts_with('"') && answer.header("content-encoding").is_none());

    let mut stream = Connection::open(proxy).unwrap();
    stream.send(&get("/core/v141/api/events/stream").bearer(&operator).bytes()).unwrap();
    stream.read_until("\n:").expect("a heartbeat at once");

    // What a client says of itself changes nothing, and another client is not held up.
    let forged = [("X-Forwarded-For", "192.0.2.9"), ("Forwarded", "for=192.0.2.8")];
    let throttled = (0..60).any(|_| wrong_secret(proxy, [127, 0, 0, 2], &forged) == 429);
    assert!(throttled, "{kind:?}: the address of a client that fails is known");
    assert_eq!(wrong_secret(proxy, [127, 0, 0, 3], &[]), 401, "{kind:?}: clients are told apart");
    assert_eq!(wrong_secret(deployment.address(), [127, 0, 0, 4], &[("X-Forwarded-For", "127.0.0.2")]), 401);
}
