//! What receivers are sent, and what is made of their answers.

use crate::harness::{LONG, Receiver, SHORT, message, send, to_loopback};
use orderpark_server::outside::{Failure, Message};
use std::time::Duration;
use zeroize::Zeroizing;

#[tokio::test]
async fn a_message_is_one_http_1_1_post_with_the_headers_of_standard_webhooks() {
    let receiver = Receiver::content().await;
    let reply = send(&to_loopback(), &receiver.url(), LONG).await;
    assert!(reply.is_success(), "{reply:?}");
    assert_eq!((reply.status, reply.excerpt.as_deref()), (Some(200), Some("ok")));
    let seen = &receiver.seen()[0];
    assert_eq!(seen.line, "POST /hook?tenant=1 HTTP/1.1");
    assert_eq!(seen.body, br#"{"type":"order.activated"}"#);
    let mut names: Vec<_> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "webhook-id",
            "webhook-signature",
            "webhook-timestamp"
        ]
    );
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("host"), Some(receiver.address.to_string().as_str()));
    assert_eq!(seen.header("user-agent"), Some("orderpark"));
    assert_eq!(seen.header("webhook-id"), Some("evt_7_0"));
    assert!(seen.header("webhook-signature").is_some_and(|text| text.starts_with("v1,") && text.len() == 47));
}

#[tokio::test]
async fn messages_to_one_receiver_share_connections() {
    let receiver = Receiver::content().await;
    let outside = to_loopback();
    for _ in 0..5 {
        assert!(send(&outside, &receiver.url(), LONG).await.is_success());
    }
    assert_eq!((receiver.seen().len(), receiver.connections()), (5, 1));
}

/// Credentials in an address are not even looked at.
#[tokio::test]
async fn what_is_no_good_address_is_not_connected_to() {
    let receiver = Receiver::content().await;
    let outside = to_loopback();
    let port = receiver.address.port();
    for (url, slug) in [
        (format!("http://user:secret@127.0.0.1:{port}/"), "url_refused"),
        (format!("http://127.0.0.1:{port}/#x"), "url_refused"),
        (format!("http://2130706433:{port}/"), "url_refused"),
        (format!("http://127.1:{port}/"), "url_refused"),
        (format!("ftp://127.0.0.1:{port}/"), "url_refused"),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), "address_not_public"),
        (format!("http://[::1]:{port}/"), "address_not_public"),
        ("http://10.0.0.1/".to_owned(), "address_not_public"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "address_not_public"),
    ] {
        let failure = send(&outside, &url, SHORT).await.failure.expect("a failure");
        assert_eq!(failure.slug(), slug, "{url}: {failure}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn only_a_status_from_200_to_299_is_a_success_and_retry_after_is_told() {
    for (answer, status, slug, retry_after_s) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, None, None),
        ("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", 202, None, None),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", 410, Some("status"), None),
        ("HTTP/1.1 429 Slow\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n", 429, Some("status"), Some(120)),
        (
            "HTTP/1.1 503 No\r\nretry-after: 999999999999999999999\r\ncontent-length: 0\r\n\r\n",
            503,
            Some("status"),
            Some(86_400),
        ),
        ("HTTP/1.1 503 No\r\nretry-after: Mon, 23 Nov 2020 10:00:30 GMT\r\n\r\n", 503, Some("status"), Some(0)),
        ("HTTP/1.1 500 Oh\r\nretry-after: soon\r\ncontent-length: 3\r\n\r\nno!", 500, Some("status"), None),
        ("HTTP/1.1 304 Same\r\n\r\n", 304, Some("redirected"), None),
    ] {
        let receiver = Receiver::doing(move |mut stream| async move {
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await.ok()?;
            None
        })
        .await;
        let reply = send(&to_loopback(), &receiver.url(), LONG).await;
        assert_eq!(reply.status, Some(status), "{answer}");
        assert_eq!(reply.failure.as_ref().map(Failure::slug), slug, "{answer}");
        assert_eq!(reply.retry_after_s, retry_after_s, "{answer}");
    }
}

#[tokio::test]
async fn a_message_without_secrets_is_not_signed() {
    let receiver = Receiver::content().await;
    let unsigned = Message { secrets: Vec::new(), content_type: "application/xml", ..message(&receiver.url()) };
    assert!(to_loopback().send(&unsigned, LONG).await.is_success());
    let seen = &receiver.seen()[0];
    assert_eq!(seen.header("webhook-signature"), None);
    assert_eq!((seen.header("webhook-id"), seen.header("content-type")), (Some("evt_7_0"), Some("application/xml")));
}

#[tokio::test]
async fn while_a_secret_is_rotated_both_sign() {
    let receiver = Receiver::content().await;
    let mut rotating = message(&receiver.url());
    rotating.secrets.push(Zeroizing::new(b"the one before".to_vec()));
    assert!(to_loopback().send(&rotating, LONG).await.is_success());
    let seen = &receiver.seen()[0];
    assert_eq!(seen.header("webhook-signature").map(|text| text.split(' ').count()), Some(2));
}

/// Port 1 of loopback: nobody listens there.
#[tokio::test]
async fn a_refused_connection_is_told_as_one() {
    let reply = send(&to_loopback(), "http://127.0.0.1:1/", LONG).await;
    assert_eq!(reply.failure, Some(Failure::Connect(std::io::ErrorKind::ConnectionRefused)));
    assert!(reply.took_us < u64::try_from(Duration::from_secs(5).as_micros()).expect("a number"));
}
