//! Several nodes: one of them publishes, and whoever it is, goes on where the one before was.

use crate::ground::{events, failing, ids, mqtt, nats, place, settled, shop, to_mqtt, to_nats};
use crate::harness::{Engine, World};
use crate::mqtt::{Listener, firsts};
use crate::nats::{config, kept_ids, server};
use orderpark_store::deliveries::{Node, Publisher};
use orderpark_store::{Options, Store};
use orderpark_testbed::{BrokerKind, BrokerServer};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Another node's store.
fn node(world: &World) -> Store {
    let options = Options { follows_database_clock: false, ..Options::default() };
    Store::open(&world.database.database(), options).expect("a store")
}

#[tokio::test]
async fn nodes_take_turns_and_the_stream_has_each_event_once() {
    let (world, shop) = shop(Engine::Postgres).await;
    let (server, context) = server(config()).await;
    let (first, second) = (world.app.store.clone(), node(&world));
    for (turn, store) in [&first, &second, &first, &second].into_iter().enumerate() {
        let publishers = to_nats(store, &world, nats(server.port()));
        place(&shop, 10 + turn).await;
        // Often in the middle of something.
        publishers.stop().await;
        place(&shop, 5).await;
    }
    let (one, other) = (to_nats(&first, &world, nats(server.port())), to_nats(&second, &world, nats(server.port())));
    place(&shop, 30).await;
    settled(&first, Publisher::Nats).await;
    one.stop().await;
    other.stop().await;
    assert_eq!(kept_ids(&context).await, ids(&events(&world.operator).await));
}

#[tokio::test]
async fn nodes_that_publish_to_mqtt_do_not_throw_each_other_out() {
    let (world, shop) = shop(Engine::Postgres).await;
    let server = BrokerServer::start(BrokerKind::Mosquitto);
    let mut listener = Listener::on(server.port()).await;
    let (first, second) = (world.app.store.clone(), node(&world));
    let (one, other) = (to_mqtt(&first, &world, mqtt(server.port())), to_mqtt(&second, &world, mqtt(server.port())));
    place(&shop, 60).await;
    settled(&first, Publisher::Mqtt).await;
    let all = ids(&events(&world.operator).await);
    // Nobody was interrupted, so nothing came twice.
    assert_eq!(listener.until(&all).await, all);
    one.stop().await;
    place(&shop, 5).await;
    settled(&first, Publisher::Mqtt).await;
    other.stop().await;
    let more = ids(&events(&world.operator).await);
    assert_eq!(firsts(listener.until(&more[all.len()..]).await), more[all.len()..]);
}

/// Whoever claims what there is must get none: not every node can publish.
#[tokio::test]
async fn a_publisher_is_claimed_by_its_name_alone() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (world, shop) = shop(engine).await;
        let (server, _) = server(config()).await;
        let publishers = to_nats(&world.app.store, &world, nats(server.port()));
        place(&shop, 1).await;
        settled(&world.app.store, Publisher::Nats).await;
        publishers.stop().await;
        let (store, node, other) = (&world.app.store, Node([1; 16]), Node([2; 16]));
        let claims = store.claim_targets(node, 100, 60_000).await.expect("claims");
        assert_eq!(claims, []);
        let claim = store.claim_publisher(Publisher::Nats, node, 60_000).await.expect("a claim").expect("it is free");
        assert_eq!(claim.cursor, store.events_end().await.expect("an end").place);
        for asking in [node, other] {
            let again = store.claim_publisher(Publisher::Nats, asking, 60_000).await.expect("an answer");
            assert_eq!(again, None, "it is leased");
        }
        assert_eq!(store.claim_publisher(Publisher::Mqtt, node, 60_000).await.expect("an answer"), None);
    }
}

/// Whoever cannot reach the broker gives the lease back, so that somebody else can try.
#[tokio::test]
async fn a_node_that_reaches_no_broker_leaves_publishing_to_one_that_does() {
    let (world, shop) = shop(Engine::Postgres).await;
    let (server, context) = server(config()).await;
    let gone = BrokerServer::start(BrokerKind::Nats).port();
    let blind = to_nats(&world.app.store, &world, nats(gone));
    place(&shop, 3).await;
    failing(&world.app.store, Publisher::Nats).await;
    let other = node(&world);
    let seeing = to_nats(&other, &world, nats(server.port()));
    settled(&other, Publisher::Nats).await;
    blind.stop().await;
    seeing.stop().await;
    assert_eq!(kept_ids(&context).await, ids(&events(&world.operator).await));
}

/// A broker that takes connections and says nothing holds up nobody, not even the end.
#[tokio::test]
async fn a_broker_that_never_answers_costs_a_step() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(taken) = silent.accept().await {
            held.push(taken);
        }
    });
    let store = &world.app.store;
    let (one, other) = (to_nats(store, &world, nats(port)), to_mqtt(store, &world, mqtt(port)));
    timeout(Duration::from_secs(4), place(&shop, 20)).await.expect("nobody waits");
    failing(store, Publisher::Nats).await;
    failing(store, Publisher::Mqtt).await;
    timeout(Duration::from_secs(6), async { (one.stop().await, other.stop().await) }).await.expect("an end");
    held.abort();
}
