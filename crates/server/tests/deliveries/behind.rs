//! Targets that are far behind, and leases that nobody keeps.

use super::harness::{Engine, Shop, World, text};
use super::json;
use super::receiver::Receiver;
use futures_util::future::join_all;
use orderpark_server::{Settings, delivery};
use orderpark_store::deliveries::Node;
use std::time::Duration;

/// So many entries that concern nobody here are more than a worker reads at once.
const ENTRIES: usize = 17_500;
/// Long enough to read them, and shorter than a worker's longest sleep.
const SOON: Duration = Duration::from_secs(20);

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.outside.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    settings
}

/// So many entries that concern nobody else.
async fn others_are_busy(other: &Shop, entries: usize) {
    let offer = format!("/offers/{}", other.offer_ref);
    for piece in 0..entries / 500 {
        let names = (0..500).map(|n| other.vendor.put(&offer, json!({"name": format!("{piece}-{n}")})));
        join_all(names.map(|answer| async { answer.await.expect(200) })).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_far_behind_reads_on_without_a_pause() {
    let world = World::with(Engine::Sqlite, settings()).await;
    let (shop, other) = (world.shop("net", "acme").await, world.shop("web", "other").await);
    let receiver = Receiver::start().await;
    let quiet = json!({"url": receiver.url, "eventTypes": ["subscription.cancelled"]});
    shop.supplier.post("/webhookEndpoints", quiet).await.expect(201);
    let endpoint = shop.vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    let path = format!("/webhookEndpoints/{}", text(&endpoint, "ref"));
    shop.vendor.put(&path, json!({"state": "DISABLED"})).await.expect(200);
    let running = delivery::start(&world.app);
    others_are_busy(&other, ENTRIES).await;
    shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    shop.vendor.put(&path, json!({"state": "ENABLED"})).await.expect(200);
    let told = tokio::time::timeout(SOON, receiver.takes(3)).await;
    assert!(told.is_ok(), "only {} came", receiver.all().len());
    running.stop().await;
}

/// How long the threads of this test were at work.
fn busy() -> Duration {
    let metrics = tokio::runtime::Handle::current().metrics();
    (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_the_end_of_a_request_does_nothing_else() {
    let mut settings = settings();
    settings.deliveries.stop_max_ms = 4_000;
    let world = World::with(Engine::Sqlite, settings).await;
    let (shop, other) = (world.shop("net", "acme").await, world.shop("web", "other").await);
    let receiver = Receiver::with(|_| None).await;
    let quiet = json!({"url": receiver.url, "eventTypes": ["subscription.cancelled"]});
    shop.supplier.post("/webhookEndpoints", quiet).await.expect(201);
    let endpoint = shop.vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    let path = format!("/webhookEndpoints/{}", text(&endpoint, "ref"));
    shop.vendor.put(&path, json!({"state": "DISABLED"})).await.expect(200);
    let running = delivery::start(&world.app);
    shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    others_are_busy(&other, 2 * ENTRIES).await;
    shop.vendor.put(&path, json!({"state": "ENABLED"})).await.expect(200);
    receiver.until(|all| !all.is_empty()).await;
    let before = busy();
    running.stop().await;
    let spent = busy().saturating_sub(before);
    assert!(spent < Duration::from_secs(2), "{spent:?} were spent on waiting");
}

/// The clock of a machine was a day ahead when its program was killed, and was set right before the next start.
#[tokio::test]
async fn a_lease_from_the_future_is_none() {
    let world = World::with(Engine::Sqlite, settings()).await;
    let shop = world.shop("net", "acme").await;
    let receiver = Receiver::start().await;
    shop.vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    world.pass_seconds(24 * 3600);
    let store = &world.app.store;
    assert_eq!(store.claim_targets(Node([1; 16]), 10, 30_000).await.expect("claimed").len(), 1);
    world.pass_seconds(-24 * 3600);
    world.pass_seconds(3600);
    let claims = store.claim_targets(Node([2; 16]), 10, 30_000).await.expect("claimed");
    assert_eq!(claims.len(), 1, "a lease of 30 s is over after an hour");
}

/// A node whose end of the feed is not there any more must not write it down: what takes its place would be passed over.
#[tokio::test]
async fn no_cursor_goes_ahead_of_the_journal() {
    let world = World::with(Engine::Sqlite, settings()).await;
    let shop = world.shop("net", "acme").await;
    let receiver = Receiver::start().await;
    shop.vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    let store = &world.app.store;
    let node = Node([1; 16]);
    let claim = store.claim_targets(node, 10, 30_000).await.expect("claimed")[0];
    let end = store.events_end().await.expect("an end").place;
    let lost = orderpark_store::EventPlace::after(end.seq + 3);
    store.move_cursors(node, &[claim.lease.target], lost).await.expect("kept");
    let settlement = orderpark_store::deliveries::Settlement::at(lost);
    let _ = store.settle_deliveries(&claim.lease, settlement).await.expect("kept");
    let status = store.get_delivery_status(claim.lease.target).await.expect("read").expect("a target");
    assert!(status.cursor.place <= end, "{} lies beyond {end:?}", status.cursor);
}
