//! Names that lead somewhere else than they say, or somewhere else each time.

use crate::harness::{Book, LONG, Receiver, SHORT, loopback, message, outside, send};
use orderpark_domain::PartyKind;
use orderpark_server::outside::{Failure, Names, OutsideSettings, Resolving, Stage};
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

const KIND: PartyKind = PartyKind::Subscriber;

#[tokio::test]
async fn a_name_with_any_address_that_is_not_public_is_not_connected_to() {
    let receiver = Receiver::content().await;
    let addresses: [&[&str]; 9] = [
        &["127.0.0.1", "10.0.0.1"],
        &["127.0.0.1", "169.254.169.254"],
        &["127.0.0.1", "::1"],
        &["8.8.8.8", "192.168.1.1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
        &["0.0.0.0"],
        &["fd00:ec2::254", "127.0.0.1"],
    ];
    for answer in addresses {
        let book = Book::of("hooks.example", &[answer]);
        let outside = outside(&loopback(), book);
        let reply = send(&outside, &receiver.url_of("http", "hooks.example"), SHORT).await;
        assert_eq!(reply.failure, Some(Failure::NotPublic), "{answer:?}");
        let said = reply.failure.expect("a failure").to_string();
        assert!(answer.iter().all(|address| !said.contains(address)), "whoever asks does not learn it: {said}");
    }
    assert_eq!(receiver.connections(), 0);
}

/// The name is public when somebody looks, and private when it is connected to; it is resolved once for each connection, so there is
/// no second look to be lied to.
#[tokio::test]
async fn a_rebinding_name_leads_nowhere() {
    let receiver = Receiver::doing(|mut stream| async move {
        // It closes, so that the next message needs a connection of its own.
        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await.ok()?;
        None
    })
    .await;
    let private = "10.1.2.3";
    let book = Book::of(
        "rebind.example",
        &[&["127.0.0.1"], &["127.0.0.1"], &[private], &["127.0.0.1", private], &["127.0.0.1"]],
    );
    let outside = outside(&loopback(), Arc::clone(&book) as Arc<dyn Names>);
    let url = receiver.url_of("http", "rebind.example");
    assert!(send(&outside, &url, LONG).await.is_success());
    assert_eq!(book.times_asked(), 2, "one look that finds it inside, and the answer that is connected to");
    assert_eq!(send(&outside, &url, LONG).await.failure, Some(Failure::NotPublic));
    assert_eq!(send(&outside, &url, LONG).await.failure, Some(Failure::NotPublic));
    assert!(send(&outside, &url, LONG).await.is_success());
    assert_eq!((book.times_asked(), receiver.connections()), (5, 2));
}

#[tokio::test]
async fn loopback_is_closed_unless_the_operator_opens_it() {
    let receiver = Receiver::content().await;
    let book = Book::of("localhost", &[&["127.0.0.1"]]);
    let closed = outside(&OutsideSettings::default(), book);
    for url in [receiver.url_of("http", "localhost"), receiver.url()] {
        assert_eq!(send(&closed, &url, SHORT).await.failure, Some(Failure::NotPublic), "{url}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_without_an_address_is_told_as_such() {
    let book = Book::of("empty.example", &[&[]]);
    let outside = outside(&loopback(), book);
    for name in ["empty.example", "unknown.example"] {
        let reply = send(&outside, &format!("http://{name}/"), LONG).await;
        assert_eq!(reply.failure, Some(Failure::Resolve), "{name}");
    }
}

/// A name server that never answers.
struct Silent;

impl Names for Silent {
    fn resolve(&self, _: &str) -> Resolving {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_name_server_that_never_answers_costs_no_more_than_the_span() {
    let reply = send(&outside(&loopback(), Arc::new(Silent)), "http://slow.example/", SHORT).await;
    assert_eq!(reply.failure, Some(Failure::TimedOut(Stage::Connecting)));
}

/// The first address does not answer, and the next one does.
#[tokio::test]
async fn all_addresses_of_a_name_are_tried() {
    let receiver = Receiver::content().await;
    let book = Book::of("two.example", &[&["127.0.0.2", "127.0.0.1"]]);
    let outside = outside(&loopback(), book);
    assert!(send(&outside, &receiver.url_of("http", "two.example"), LONG).await.is_success());
    assert_eq!(receiver.seen()[0].header("host"), Some(format!("two.example:{}", receiver.address.port()).as_str()));
}

/// Registering asks no name server: what a name leads to then says nothing about later.
#[tokio::test]
async fn a_url_is_checked_before_it_is_registered_and_its_name_when_it_is_connected_to() {
    let outside = outside(&OutsideSettings::default(), Book::of("never.example", &[&["10.0.0.1"]]));
    assert!(outside.check_url("https://never.example/hook", KIND).is_ok(), "a name is not asked for");
    assert!(outside.check_url("http://10.0.0.1/hook", KIND).is_err());
    assert!(outside.check_url("http://user@never.example/", KIND).is_err());
    let reply = outside.send(&message("https://never.example/hook"), LONG).await;
    assert_eq!(reply.failure, Some(Failure::NotPublic));
}
