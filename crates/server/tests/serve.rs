//! Listening and stopping, over loopback.

mod harness;

use harness::{Shop, World};
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
    let world = World::with(Settings { drain_grace_ms: 2000, ..Settings::default() }).await;
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
    let twice =
        rest_of(open(served.address, &format!("{READY}GET /nothing HTTP/1.1\r\nconnection: close\r\n\r\n")).await)
            .await;
    assert!(twice.contains("HTTP/1.1 200") && twice.contains("HTTP/1.1 404"), "{twice}");
    let long = format!("GET /health/live HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    let mut stream = TcpStream::connect(served.address).await.expect("a connection");
    let mut answer = Vec::new();
    // The server closes while we still write, so the answer may be lost on the way, but nothing else can come.
    let _ = stream.write_all(long.as_bytes()).await;
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"));
    assert!(rest_of(open(served.address, "NONSENSE\r\n\r\n").await).await.starts_with("HTTP/1.1 400"));
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
