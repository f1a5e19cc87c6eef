//! NATS JetStream: each event once, in order, whatever comes between.

use crate::ground::{PATIENCE, events, failing, id, ids, nats, place, settled, shop, to_nats};
use crate::harness::Engine;
use crate::relay::Relay;
use async_nats::jetstream::context::Context;
use async_nats::jetstream::stream::{Config, StorageType};
use orderpark_server::publish::settings::Begin;
use orderpark_store::deliveries::Publisher;
use orderpark_testbed::{BrokerKind, BrokerServer};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

const STREAM: &str = "ORDERPARK";

/// A message as the stream has it.
pub struct Kept {
    pub subject: String,
    pub id: String,
    pub content_type: String,
    pub body: String,
}

pub fn config() -> Config {
    Config {
        name: STREAM.to_owned(),
        subjects: vec!["orderpark.>".to_owned()],
        storage: StorageType::File,
        ..Config::default()
    }
}

/// A client of the broker's own, beside the publisher.
pub async fn client(server: &BrokerServer) -> Context {
    let client = async_nats::connect(format!("nats://127.0.0.1:{}", server.port())).await.expect("a connection");
    async_nats::jetstream::new(client)
}

/// A server with a stream.
pub async fn server(config: Config) -> (BrokerServer, Context) {
    let server = BrokerServer::start(BrokerKind::Nats);
    let context = client(&server).await;
    context.create_stream(config).await.expect("a stream");
    (server, context)
}

/// All that the stream has.
pub async fn kept(context: &Context) -> Vec<Kept> {
    let mut stream = context.get_stream(STREAM).await.expect("a stream");
    let last = stream.info().await.expect("a stream").state.last_sequence;
    let mut all = Vec::new();
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await.expect("a message");
        let header = |name: &str| message.headers.get(name).map(ToString::to_string).unwrap_or_default();
        all.push(Kept {
            subject: message.subject.to_string(),
            id: header("Nats-Msg-Id"),
            content_type: header("Content-Type"),
            body: String::from_utf8(message.payload.to_vec()).expect("text"),
        });
    }
    all
}

pub async fn kept_ids(context: &Context) -> Vec<String> {
    kept(context).await.into_iter().map(|kept| kept.id).collect()
}

#[tokio::test]
async fn each_event_is_published_once_as_the_feed_shows_it() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let (server, context) = server(config()).await;
    place(&shop, 30).await;
    let publishers = to_nats(&world.app.store, &world, nats(server.port()));
    place(&shop, 30).await;
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;

    let (events, kept) = (events(&world.operator).await, kept(&context).await);
    assert!(events.len() > 180, "{} events", events.len());
    assert_eq!(kept.len(), events.len());
    for (kept, event) in kept.iter().zip(&events) {
        assert_eq!(kept.body, event.to_string());
        assert_eq!(kept.id, id(event));
        assert_eq!(kept.subject, format!("orderpark.{}", event["type"].as_str().expect("a type")));
        assert_eq!(kept.content_type, "application/json");
    }
}

#[tokio::test]
async fn who_begins_now_is_not_told_what_was() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let (server, context) = server(config()).await;
    place(&shop, 3).await;
    let mut settings = nats(server.port());
    settings.common.begin = Begin::Now;
    let before = events(&world.operator).await.len();
    let publishers = to_nats(&world.app.store, &world, settings);
    settled(&world.app.store, Publisher::Nats).await;
    place(&shop, 2).await;
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;
    assert_eq!(kept_ids(&context).await, ids(&events(&world.operator).await)[before..]);
}

#[tokio::test]
async fn cuts_of_the_connection_lose_repeat_and_reorder_nothing() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let (server, context) = server(config()).await;
    let relay = Relay::to(server.port()).await;
    let publishers = to_nats(&world.app.store, &world, nats(relay.port()));
    for _ in 0..6 {
        place(&shop, 25).await;
        relay.cut();
        place(&shop, 5).await;
        relay.cut();
    }
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;
    assert_eq!(kept_ids(&context).await, ids(&events(&world.operator).await));
}

#[tokio::test]
async fn connections_that_end_in_the_middle_of_a_page_lose_repeat_and_reorder_nothing() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let (server, context) = server(config()).await;
    place(&shop, 150).await;
    let relay = Relay::that_ends_after(server.port(), 60_000).await;
    let publishers = to_nats(&world.app.store, &world, nats(relay.port()));
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;
    assert_eq!(kept_ids(&context).await, ids(&events(&world.operator).await));
}

#[tokio::test]
async fn a_broker_that_is_away_is_waited_for_and_holds_up_nobody() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let (mut server, _) = server(config()).await;
    let publishers = to_nats(&world.app.store, &world, nats(server.port()));
    place(&shop, 5).await;
    settled(&world.app.store, Publisher::Nats).await;
    server.stop();
    place(&shop, 20).await;
    failing(&world.app.store, Publisher::Nats).await;
    place(&shop, 20).await;
    server.start_again();
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;
    assert_eq!(kept_ids(&client(&server).await).await, ids(&events(&world.operator).await));
}

#[tokio::test]
async fn without_a_stream_nothing_counts_as_published() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let server = BrokerServer::start(BrokerKind::Nats);
    let publishers = to_nats(&world.app.store, &world, nats(server.port()));
    place(&shop, 3).await;
    failing(&world.app.store, Publisher::Nats).await;
    let context = client(&server).await;
    context.create_stream(config()).await.expect("a stream");
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;
    assert_eq!(kept_ids(&context).await, ids(&events(&world.operator).await));
}

/// A stream that takes no large messages refuses the first order, and must then have none of what came after it.
#[tokio::test]
async fn nothing_overtakes_what_is_refused() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let (server, context) = server(Config { max_message_size: 550, ..config() }).await;
    place(&shop, 10).await;
    let publishers = to_nats(&world.app.store, &world, nats(server.port()));
    failing(&world.app.store, Publisher::Nats).await;
    let all = ids(&events(&world.operator).await);
    let kept = kept_ids(&context).await;
    assert!(!kept.is_empty() && kept.len() < all.len() && all.starts_with(&kept), "{kept:?}");
    context.update_stream(Config { max_message_size: -1, ..config() }).await.expect("another limit");
    settled(&world.app.store, Publisher::Nats).await;
    publishers.stop().await;
    assert_eq!(kept_ids(&context).await, all);
}

#[tokio::test]
async fn others_may_publish_to_the_same_stream() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let (server, context) = server(config()).await;
    let publishers = to_nats(&world.app.store, &world, nats(server.port()));
    let (others, watched) = (context.clone(), tokio::sync::watch::channel(()).0);
    let mut done = watched.subscribe();
    let noise = tokio::spawn(async move {
        while !done.has_changed().unwrap_or(true) {
            others.publish("orderpark.noise", "noise".into()).await.expect("sent").await.expect("kept");
        }
        done.mark_unchanged();
    });
    place(&shop, 60).await;
    settled(&world.app.store, Publisher::Nats).await;
    watched.send_replace(());
    timeout(PATIENCE, noise).await.expect("an end").expect("no panic");
    publishers.stop().await;
    let ours: Vec<Value> = kept(&context)
        .await
        .into_iter()
        .filter(|kept| kept.subject != "orderpark.noise")
        .map(|kept| kept.id.into())
        .collect();
    assert_eq!(ours, ids(&events(&world.operator).await));
}

#[tokio::test]
async fn another_stream_than_the_one_that_is_meant_is_refused() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let (server, context) = server(config()).await;
    let mut settings = nats(server.port());
    settings.stream = Some("ANOTHER".to_owned());
    let publishers = to_nats(&world.app.store, &world, settings);
    place(&shop, 1).await;
    failing(&world.app.store, Publisher::Nats).await;
    timeout(Duration::from_secs(10), publishers.stop()).await.expect("no longer than a step");
    assert_eq!(kept_ids(&context).await, Vec::<String>::new());
}
