//! Listening and stopping, over loopback.

mod harness;

use harness::{Shop, World};
use orderpark_server::router::operations;
use orderpark_server::{Settings, serve::serve};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

fn serving(world: &World) -> Served {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        let _ = stopped.await;
    };
    let task = tokio::spawn(serve(Arc::clone(&world.app), listener, shutdown));
    Served { address, stop, task }
}

/// Reads until the other side closes.
async fn rest_of(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer");
    text
}

fn order_head(shop: &Shop, length: usize) -> String {
    let token = shop.subscriber.token.as_deref().unwrap_or_default();
    format!(
        "POST /core/v141/api/orders HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n"
    )
}

async fn open(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("a request");
    stream
}

const READY: &str = "GET /health/ready HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn stopping_cuts_nothing_off() {
    let world = World::with(harness::Engine::Sqlite, Settings { drain_grace_ms: 2000, ..Settings::default() }).await;
    let shop = world.shop("net", "acme").await;
    let served = serving(&world);
    let body = serde_json::json!({"offerId": shop.offer_id}).to_string();
    let (begun, rest) = body.split_at(10);
    let mut slow = open(served.address, &format!("{}{begun}", order_head(&shop, body.len()))).await;
    let mut idle = open(served.address, READY).await;
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");

    served.stop.send(()).expect("a server");
    while !world.app.draining.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let ready = rest_of(open(served.address, READY).await).await;
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("connection: close"), "{ready}");
    let live = rest_of(open(served.address, "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").await).await;
    assert!(live.starts_with("HTTP/1.1 200"), "{live}");
    assert!(rest_of(idle).await.ends_with("\"UP\"}"));
    assert!(TcpStream::connect(served.address).await.is_err());
    assert!(!served.task.is_finished());

    slow.write_all(rest.as_bytes()).await.expect("the rest of the body");
    let answer = rest_of(slow).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"state\":\"ACTIVE\""), "{answer}");
    served.task.await.expect("no panic").expect("no error");
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_bad_ones_end_it() {
    let world = World::new().await;
    let served = serving(&world);
    let twice = rest_of(
        open(served.address, &format!("{READY}GET /nothing HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")).await,
    )
    .await;
    assert!(twice.contains("HTTP/1.1 200") && twice.contains("HTTP/1.1 404"), "{twice}");
    let long = format!("GET /health/live HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    let mut stream = TcpStream::connect(served.address).await.expect("a connection");
    stream.write_all(long.as_bytes()).await.expect("the server reads on");
    assert!(rest_of(stream).await.starts_with("HTTP/1.1 431"));
    assert!(rest_of(open(served.address, "NONSENSE\r\n\r\n").await).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn every_path_needs_one_host() {
    let world = World::new().await;
    let served = serving(&world);
    for first in [
        "GET /health/live",
        "GET /health/ready",
        "GET /",
        "GET /docs/errors",
        "GET /core/latest/api/orders",
        "OPTIONS /core/latest/api/orders",
        "POST /admin/latest/api/oauth/token",
        "GET /thingpark/smp/rest/subscriptions",
        "GET /nothing",
    ] {
        for (version, hosts, is_refused) in [
            ("1.1", "host: a\r\n", false),
            ("1.0", "", false),
            ("1.1", "", true),
            ("1.1", "host: a\r\nhost: a\r\n", true),
            ("1.1", "host: a@b\r\n", true),
            ("1.0", "host: a\r\nhost: b\r\n", true),
        ] {
            let request = format!("{first} HTTP/{version}\r\nconnection: close\r\n{hosts}\r\n");
            let answer = rest_of(open(served.address, &request).await).await;
            let names_host = answer.contains("the header Host");
            assert!(names_host == is_refused && (!is_refused || answer.contains(" 400 ")), "{request}: {answer}");
        }
    }
}

/// `100 Continue` is sent as soon as somebody wants to read the body.
#[tokio::test]
async fn nothing_is_read_of_a_body_before_the_token_is_proved() {
    let world = World::new().await;
    let served = serving(&world);
    let operations = operations().iter().map(|operation| {
        let path = operation.path.replace("{ref}", "1");
        (format!("{} /core/latest/api{path}", operation.method), 200_000, "401")
    });
    let forms = ["oauth/token", "oauth/revoke_token", "users-auth/protocol/openid-connect/token"];
    let forms = forms.map(|path| (format!("POST /admin/latest/api/{path}"), 8 * 1024 + 1, "413"));
    let others = ["GET /admin/latest/api/profiles", "PATCH /core/latest/api/orders"];
    let others = others.map(|first| (first.to_owned(), 200_000, "401"));
    for (first, length, status) in operations.chain(forms).chain(others) {
        let head = "host: a\r\nexpect: 100-continue\r\nauthorization: Bearer wrong\r\ncontent-type: application/json";
        let mut stream =
            open(served.address, &format!("{first} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n")).await;
        let answer = answer_of(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{first}: {answer}");
    }
}

/// Time is paused and runs ahead whenever everything waits, so the figures are exact and the test takes no time.
#[tokio::test]
async fn slow_heads_and_idle_connections_are_closed() {
    let world = World::new().await;
    tokio::time::pause();
    let served = serving(&world);
    for (text, seconds) in [("", 10), ("GET / HT", 10), (READY, 75)] {
        let began = tokio::time::Instant::now();
        let stream = open(served.address, text).await;
        let mut stream = stream;
        let mut bytes = Vec::new();
        // A connection that is given up may be reset as well as closed.
        let _ = stream.read_to_end(&mut bytes).await;
        let took = began.elapsed();
        let expected = Duration::from_secs(seconds);
        assert!(took >= expected && took < expected + Duration::from_secs(2), "{text:?} took {took:?}");
    }
}

/// Reads one answer with a body of a known length.
async fn answer_of(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.expect("an answer");
        text.push(byte[0]);
        if text.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8(text).expect("a head of ASCII");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).await.expect("a body");
    head + &String::from_utf8(body).expect("JSON")
}

/// A request whose body comes in a second write, and whose answer does not depend on it; then another one behind it.
async fn refused_then_served(address: SocketAddr, head: &str, status: &str) {
    let mut stream = open(address, &format!("{head}content-length: 25\r\n\r\n")).await;
    tokio::task::yield_now().await;
    stream.write_all(&[b'x'; 25]).await.expect("a body");
    let answer = answer_of(&mut stream).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && !answer.contains("connection: close"), "{answer}");
    stream.write_all(READY.as_bytes()).await.expect("a second request");
    assert!(answer_of(&mut stream).await.starts_with("HTTP/1.1 200"), "after {head}");
}

#[tokio::test]
async fn a_connection_survives_a_refusal_before_the_body_is_read() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    let served = serving(&world);
    let token =
        |caller: &harness::Caller| format!("authorization: Bearer {}\r\n", caller.token.clone().unwrap_or_default());
    let (supplier, operator) = (token(&shop.supplier), token(&world.operator));
    let core = "/core/latest/api";
    for (head, status) in [
        (format!("POST {core}/orders HTTP/1.1\r\nhost: a\r\n"), "401"),
        (format!("POST {core}/orders HTTP/1.1\r\nhost: a\r\n{supplier}"), "403"),
        (format!("POST {core}/nothing HTTP/1.1\r\nhost: a\r\n{operator}"), "404"),
        (format!("PATCH {core}/orders HTTP/1.1\r\nhost: a\r\n{operator}"), "405"),
        (format!("POST {core}/orders HTTP/1.1\r\nhost: a\r\naccept: text/html\r\n{operator}"), "406"),
        (format!("POST {core}/orders HTTP/1.1\r\nhost: a\r\ncontent-type: text/html\r\n{operator}"), "415"),
        (format!("GET {core}/orders HTTP/1.1\r\nhost: a\r\n{operator}"), "200"),
        ("POST /nothing HTTP/1.1\r\nhost: a\r\n".to_owned(), "404"),
        ("GET /admin/latest/api/oauth/token HTTP/1.1\r\nhost: a\r\n".to_owned(), "405"),
    ] {
        refused_then_served(served.address, &head, status).await;
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_kept_says_so() {
    let world = World::new().await;
    let served = serving(&world);
    let head = "POST /core/latest/api/orders HTTP/1.1\r\nhost: a\r\n";
    for (request, status) in [
        (format!("{head}content-length: 25\r\nexpect: 100-continue\r\n\r\n"), "401"),
        (format!("{head}content-length: 1000000\r\n\r\n"), "401"),
        (format!("{head}content-length: 25\r\n\r\nno more"), "401"),
        (format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(9000)), "414"),
        (format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(17_000)), "431"),
    ] {
        let answer = rest_of(open(served.address, &request).await).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
}

/// Each is answered before its body was read. The client goes on writing, and reads the answer when
/// it has written everything: a connection that is closed at once is reset under it.
#[tokio::test]
async fn an_answer_is_never_lost_to_a_body_that_nobody_reads() {
    let world = World::new().await;
    let served = serving(&world);
    let token = format!("authorization: Bearer {}\r\n", world.operator.token.clone().unwrap_or_default());
    let core = "POST /core/latest/api";
    for (head, status) in [
        (format!("{core}/orders HTTP/1.1\r\n"), "401"),
        (format!("{core}/nothing HTTP/1.1\r\n{token}"), "404"),
        (format!("{core}/orders/1 HTTP/1.1\r\n{token}"), "405"),
        (format!("{core}/orders HTTP/1.1\r\n{token}"), "413"),
        (format!("{core}/orders HTTP/1.1\r\ncontent-type: text/html\r\n{token}"), "415"),
        ("POST /admin/latest/api/oauth/token HTTP/1.1\r\n".to_owned(), "413"),
        (format!("GET /core/latest/api/orders HTTP/1.1\r\n{token}"), "200"),
    ] {
        for size in [300_000, 900_000, 3_000_000] {
            let sized = format!("{head}host: a\r\ncontent-length: {size}\r\n");
            for framing in ["", "expect: 100-continue\r\n", "connection: close\r\n"] {
                write_then_read(served.address, &format!("{sized}{framing}\r\n"), "", size, status).await;
            }
            let chunked = format!("{head}host: a\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n");
            write_then_read(served.address, &chunked, "\r\n0\r\n\r\n", size, status).await;
        }
    }
}

/// Behind a kept connection's first answer. Also sends what would be the next request: it is
/// answered, or the connection was said to end and ends in good order.
async fn write_then_read(address: SocketAddr, head: &str, end: &str, size: usize, status: &str) {
    let mut stream = open(address, READY).await;
    assert!(answer_of(&mut stream).await.starts_with("HTTP/1.1 200"));
    stream.write_all(head.as_bytes()).await.expect("a head");
    let body = vec![b'x'; size];
    let (first, rest) = body.split_at(256 * 1024 + 1);
    stream.write_all(first).await.expect("as much as may be read");
    stream.peek(&mut [0]).await.expect("an answer before the rest is sent");
    for part in rest.chunks(8 * 1024) {
        stream.write_all(part).await.expect("the server reads on");
        tokio::task::yield_now().await;
    }
    stream.write_all(format!("{end}{READY}").as_bytes()).await.expect("another request");
    let answer = rest_of(stream).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{head}{size}: {answer}");
    assert!(answer.contains("connection: close") && answer.matches("HTTP/1.1").count() == 1, "{head}{size}: {answer}");
}

/// The only place is free again when the connection before is closed for good.
#[tokio::test]
async fn who_was_answered_is_read_for_a_bounded_time_and_amount() {
    let world = World::with(harness::Engine::Sqlite, Settings { connections_max: 1, ..Settings::default() }).await;
    let served = serving(&world);
    let head = "POST /core/latest/api/orders HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n";
    let mut endless = open(served.address, head).await;
    let (block, mut sent) = (vec![b'x'; 1 << 20], 0);
    while endless.write_all(&block).await.is_ok() {
        sent += block.len();
        assert!(sent < 128 << 20, "it reads for ever");
    }
    tokio::time::pause();
    let mut silent = open(served.address, head).await;
    let began = tokio::time::Instant::now();
    let mut answer = String::new();
    silent.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer_of(&mut open(served.address, READY).await).await.starts_with("HTTP/1.1 200"));
    assert_eq!(began.elapsed().as_secs(), 2, "two seconds of silence");
}

/// A body that is still arriving has a few seconds left, a head that is not whole has none.
#[tokio::test]
async fn what_is_half_sent_holds_nothing_up() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    let served = serving(&world);
    let body = serde_json::json!({"offerId": shop.offer_id}).to_string();
    let half = format!("{}{}", order_head(&shop, body.len()), &body[..10]);
    let cases = [
        (half.clone(), "HTTP/1.1 408"),
        (half.replace("/orders", "/products"), "HTTP/1.1 404"),
        (half.replace("/core/v141/api/orders", "/admin/latest/api/oauth/token"), "HTTP/1.1 408"),
        ("GET /health/ready HT".to_owned(), ""),
    ];
    let mut streams = Vec::new();
    for (text, answer) in &cases {
        let mut stream = open(served.address, READY).await;
        assert!(answer_of(&mut stream).await.starts_with("HTTP/1.1 200"));
        stream.write_all(text.as_bytes()).await.expect("half a request");
        streams.push((stream, *answer));
        streams.push((open(served.address, text).await, *answer));
    }
    // Nobody can see that what was sent was read, but a connection that came later was served.
    answer_of(&mut open(served.address, READY).await).await;
    served.stop.send(()).expect("a server");
    let stopped = tokio::time::Instant::now();
    for (stream, expected) in streams {
        let answer = rest_of(stream).await;
        assert!(answer.starts_with(expected) && answer.is_empty() == expected.is_empty(), "{expected}: {answer}");
    }
    served.task.await.expect("no panic").expect("no error");
    assert!(stopped.elapsed() < Duration::from_secs(6), "{:?}", stopped.elapsed());
}
