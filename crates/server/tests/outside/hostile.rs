//! W-01: receivers that hang, drip, send without end, or send us elsewhere. Each attempt ends within its span, and little is kept.

use crate::harness::{LONG, Receiver, SHORT, send, to_loopback};
use orderpark_server::outside::{Failure, Stage};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// Writes this again and again until nobody reads it any more.
async fn without_end(mut stream: TcpStream, begin: &str, again: &[u8], sent: &AtomicUsize) {
    if stream.write_all(begin.as_bytes()).await.is_err() {
        return;
    }
    while let Ok(written) = stream.write(again).await {
        sent.fetch_add(written, Ordering::Relaxed);
    }
}

/// Writes this, a byte every 20 ms, for ever.
async fn drip(mut stream: TcpStream, begin: &str, byte: u8) {
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    if stream.write_all(begin.as_bytes()).await.is_err() {
        return;
    }
    loop {
        pace.tick().await;
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_receiver_that_never_answers_costs_no_more_than_the_span() {
    let mut receiver = Receiver::doing(|mut stream| async move {
        // Until we hang up.
        let mut byte = [0];
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut byte).await;
        None
    })
    .await;
    let reply = send(&to_loopback(), &receiver.url(), SHORT).await;
    assert_eq!((reply.status, reply.failure), (None, Some(Failure::TimedOut(Stage::Answer))));
    receiver.until_ended().await;
}

/// The queue of a listener that accepts nothing is full after a few; the next connection is not answered at all.
#[tokio::test]
async fn a_receiver_that_takes_no_connection_costs_no_more_than_the_span() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("bound");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut filling = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        filling.push(stream);
    }
    let reply = send(&to_loopback(), &format!("http://{address}/"), SHORT).await;
    assert_eq!(reply.failure, Some(Failure::TimedOut(Stage::Connecting)));
}

#[tokio::test]
async fn a_handshake_that_hangs_costs_no_more_than_the_span() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a place to listen");
    let address = listener.local_addr().expect("an address");
    let silent = async {
        let (_stream, _) = listener.accept().await.expect("a connection");
        std::future::pending::<()>().await;
    };
    let outside = to_loopback();
    let url = format!("https://{address}/");
    let reply = tokio::select! {
        reply = send(&outside, &url, SHORT) => reply,
        () = silent => unreachable!("it hangs for ever"),
    };
    assert_eq!(reply.failure, Some(Failure::TimedOut(Stage::Connecting)));
}

#[tokio::test]
async fn a_head_that_drips_costs_no_more_than_the_span() {
    for begin in ["H", "HTTP/1.1 200 OK\r\nx: ", "HTTP/1.1 200 OK\r\n"] {
        let receiver = Receiver::doing(move |stream| async move {
            drip(stream, begin, b'T').await;
            None
        })
        .await;
        let reply = send(&to_loopback(), &receiver.url(), SHORT).await;
        assert!(!reply.is_success(), "{reply:?}");
        assert!(matches!(reply.failure, Some(Failure::TimedOut(Stage::Answer) | Failure::NotHttp)), "{reply:?}");
    }
}

/// The head decides; the body is not waited for longer than 2 s, also where there would be 15.
#[tokio::test]
async fn a_body_that_drips_or_hangs_does_not_hold_up_what_the_head_said() {
    for (status, success) in [("200 OK", true), ("500 Oh", false)] {
        let receiver = Receiver::doing(move |stream| async move {
            drip(stream, &format!("HTTP/1.1 {status}\r\ncontent-length: 10000\r\n\r\n"), b'x').await;
            None
        })
        .await;
        let began = Instant::now();
        let reply = send(&to_loopback(), &receiver.url(), LONG).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(reply.is_success(), success, "{reply:?}");
        let excerpt = reply.excerpt.expect("some of it");
        assert!(!excerpt.is_empty() && excerpt.bytes().all(|b| b == b'x'), "{excerpt}");
        let reply = send(&to_loopback(), &receiver.url(), SHORT).await;
        assert_eq!(reply.is_success(), success, "{reply:?}");
    }
}

/// A receiver with 10 GiB to say is hung up on after 16 KiB, which is a little more on the wire: buffers lie between.
#[tokio::test]
async fn a_body_without_end_is_given_up_after_16_kib() {
    for begin in
        ["HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 500 Oh\r\n\r\n"]
    {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let mut receiver = Receiver::doing(move |stream| {
            let counted = Arc::clone(&counted);
            async move {
                without_end(stream, begin, &vec![b'x'; 65_536], &counted).await;
                None
            }
        })
        .await;
        let reply = send(&to_loopback(), &receiver.url(), LONG).await;
        assert_eq!(reply.excerpt.map(|excerpt| excerpt.len()), Some(1024));
        receiver.until_ended().await;
        assert!(sent.load(Ordering::Relaxed) < 32 * 1024 * 1024, "{} bytes", sent.load(Ordering::Relaxed));
    }
}

#[tokio::test]
async fn chunks_without_end_are_given_up_too() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let mut receiver = Receiver::doing(move |stream| {
        let counted = Arc::clone(&counted);
        async move {
            let begin = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            without_end(stream, begin, b"4\r\nabcd\r\n", &counted).await;
            None
        }
    })
    .await;
    let reply = send(&to_loopback(), &receiver.url(), LONG).await;
    assert!(reply.is_success() && reply.excerpt.is_some(), "{reply:?}");
    receiver.until_ended().await;
}

#[tokio::test]
async fn a_head_without_end_is_given_up() {
    for again in [b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".as_slice(), &[b'y'; 4096]] {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let mut receiver = Receiver::doing(move |stream| {
            let counted = Arc::clone(&counted);
            async move {
                without_end(stream, "HTTP/1.1 200 OK\r\nx: ", again, &counted).await;
                None
            }
        })
        .await;
        let reply = send(&to_loopback(), &receiver.url(), LONG).await;
        assert_eq!(reply.failure, Some(Failure::NotHttp), "{reply:?}");
        receiver.until_ended().await;
        assert!(sent.load(Ordering::Relaxed) < 32 * 1024 * 1024);
    }
}

/// 1xx answers are no answer; a receiver that has nothing else to say is not waited for longer than any other.
#[tokio::test]
async fn interim_answers_without_end_cost_no_more_than_the_span() {
    let receiver = Receiver::doing(move |stream| async move {
        without_end(stream, "", b"HTTP/1.1 100 Continue\r\n\r\n", &AtomicUsize::new(0)).await;
        None
    })
    .await;
    let reply = send(&to_loopback(), &receiver.url(), SHORT).await;
    assert_eq!((reply.status, reply.failure), (None, Some(Failure::TimedOut(Stage::Answer))));
}

#[tokio::test]
async fn redirects_are_failures_and_nobody_follows_them() {
    let trap = Receiver::content().await;
    for status in [301, 302, 303, 307, 308] {
        let location = if status == 302 { trap.url() } else { "http://169.254.169.254/latest/meta-data/".to_owned() };
        let receiver = Receiver::doing(move |mut stream| {
            let answer = format!("HTTP/1.1 {status} Away\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            async move {
                stream.write_all(answer.as_bytes()).await.ok()?;
                Some(stream)
            }
        })
        .await;
        let reply = send(&to_loopback(), &receiver.url(), LONG).await;
        assert_eq!((reply.status, reply.failure), (Some(status), Some(Failure::Redirect(status))));
    }
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn what_is_no_http_is_told_as_such() {
    for answer in
        ["220 mail.example ESMTP\r\n", "HTTP/2.0 200 OK\r\n\r\n", "<html>", "\0\0\0\0", "HTTP/1.1 99 x\r\n\r\n"]
    {
        let receiver = Receiver::answering(answer).await;
        let reply = send(&to_loopback(), &receiver.url(), SHORT).await;
        assert!(!reply.is_success() && reply.status.is_none(), "{answer:?}: {reply:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_a_failure() {
    for begin in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let receiver = Receiver::doing(move |mut stream| async move {
            stream.write_all(begin.as_bytes()).await.ok()?;
            None
        })
        .await;
        let reply = send(&to_loopback(), &receiver.url(), LONG).await;
        assert_eq!(reply.failure, Some(Failure::Closed), "{begin:?}");
    }
}

/// What was kept shows no hidden character, and a cookie is not kept at all.
#[tokio::test]
async fn an_answer_leaves_nothing_behind_but_its_excerpt() {
    let receiver = Receiver::answering(
        "HTTP/1.1 500 Oh\r\nset-cookie: session=1\r\nlink: <http://127.0.0.1/>\r\ncontent-length: 12\r\n\r\nba\0d\x1b[31m\r\n!",
    )
    .await;
    let outside = to_loopback();
    for _ in 0..2 {
        let reply = send(&outside, &receiver.url(), LONG).await;
        assert_eq!(reply.excerpt.as_deref(), Some("ba d [31m  !"));
    }
    assert!(receiver.seen().iter().all(|seen| seen.header("cookie").is_none() && seen.header("referer").is_none()));
}
