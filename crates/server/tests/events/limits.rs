//! What streams may cost, and that they hold up nothing: not the others, not the end of the server.

use super::harness::{Engine, World};
use super::listener::{Listener, STREAM};
use super::order;
use orderpark_domain::Quota;
use orderpark_server::Settings;
use orderpark_server::serve::serve;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

#[tokio::test]
async fn a_vendor_with_its_subscribers_has_some_streams_and_the_server_has_more() {
    let mut settings = Settings { streams_max: 3, ..Settings::default() };
    settings.quotas.party = settings.quotas.party.with(Quota::Streams, Some(1));
    settings.quotas.vendor = settings.quotas.vendor.with(Quota::Streams, Some(2));
    let world = World::with(Engine::Sqlite, settings).await;
    let shop = world.shop("net", "acme").await;
    let open =
        async |member: &super::harness::Member| Listener::open(&world.router, member.token.as_ref(), STREAM, &[]).await;
    let (first, _second) = (open(&shop.vendor).await, open(&shop.vendor).await);
    let refused = open(&shop.vendor).await;
    assert_eq!((refused.status, refused.headers.contains_key("retry-after")), (429, true));
    let refused = open(&shop.subscriber).await;
    assert_eq!(refused.status, 429, "it counts for its vendor");
    let _third = open(&shop.supplier).await;
    let full = open(&world.vendor("other").await).await;
    assert_eq!((full.status, full.headers.contains_key("retry-after")), (503, true));
    drop(first);
    assert_eq!(open(&shop.vendor).await.status, 200);
    let mut head = shop.vendor.with("accept", "text/event-stream").head("/events/stream").await;
    assert_eq!((head.status, head.body.len()), (200, 0), "asking for the head takes no place");
    head = shop.vendor.with("accept", "text/event-stream").head("/events/stream").await;
    assert_eq!(head.status, 200);
}

#[tokio::test]
async fn streams_that_nobody_reads_hold_up_nobody() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    let token = shop.vendor.token.as_ref();
    let mut unread = Vec::new();
    for _ in 0..8 {
        unread.push(Listener::open(&world.router, token, STREAM, &[]).await);
    }
    for _ in 0..20 {
        order(&shop.subscriber, &shop).await;
    }
    assert_eq!(shop.vendor.get("/orders").await.expect(200).as_array().map(Vec::len), Some(20));
    for stream in &mut unread {
        assert_eq!(stream.events(62).await.len(), 62, "and have missed nothing");
    }
}

struct Served {
    stream: TcpStream,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// A server with one stream.
async fn streaming(world: &World, token: &str) -> Served {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        let _ = stopped.await;
    };
    let task = tokio::spawn(serve(Arc::clone(&world.app), listener, shutdown));
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!("GET {STREAM} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("a request");
    Served { stream, stop, task }
}

/// Reads until the text has this so many times.
async fn read_until(stream: &mut TcpStream, word: &str, times: usize) -> String {
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    while text.matches(word).count() < times {
        let count = stream.read(&mut bytes).await.expect("more");
        assert_ne!(count, 0, "it ended: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    text
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_at_once() {
    let settings = Settings { drain_grace_ms: 0, drain_max_ms: 25_000, ..Settings::default() };
    let world = World::with(Engine::Sqlite, settings).await;
    let shop = world.shop("net", "acme").await;
    let token = shop.vendor.token.clone().expect("a token");
    let Served { mut stream, stop, task } = streaming(&world, &token).await;
    read_until(&mut stream, "offer.created", 1).await;
    let began = std::time::Instant::now();
    stop.send(()).expect("a server");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.expect("the end");
    assert!(rest.ends_with("0\r\n\r\n"), "it ends whole: {rest:?}");
    let pause: u64 =
        rest.split("retry: ").nth(1).and_then(|rest| rest.lines().next()).expect("a pause").parse().unwrap();
    assert!((5_000..10_000).contains(&pause), "who comes back at once finds nobody: {rest:?}");
    task.await.expect("no panic").expect("no error");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// Time is paused and runs ahead whenever everything waits: past the deadline of handlers and the timers of connections.
#[tokio::test]
async fn no_timer_ends_a_stream_that_is_silent() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    let token = shop.vendor.token.clone().expect("a token");
    tokio::time::pause();
    let Served { mut stream, stop, task } = streaming(&world, &token).await;
    let began = tokio::time::Instant::now();
    read_until(&mut stream, "\n:\n", 9).await;
    let took = began.elapsed();
    assert!(took >= Duration::from_mins(2) && took < Duration::from_secs(140), "{took:?}");
    tokio::time::resume();
    order(&shop.subscriber, &shop).await;
    read_until(&mut stream, "order.activated", 1).await;
    stop.send(()).expect("a server");
    task.await.expect("no panic").expect("no error");
}
