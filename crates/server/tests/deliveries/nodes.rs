//! P-06: two nodes that commit and deliver at once, on one PostgreSQL: nothing is missed, and of an order nothing overtakes.

use super::harness::{Caller, Engine, World, text};
use super::receiver::{Arrival, Receiver};
use super::{a_moment, json, near};
use futures_util::future::join_all;
use orderpark_server::{Settings, delivery, router};
use std::collections::{HashMap, HashSet};

const ORDERS: usize = 60;

/// Places of events that were taken, by order, in the order in which they were first taken.
fn by_order(arrivals: &[Arrival]) -> HashMap<String, Vec<(u64, u32)>> {
    let mut orders: HashMap<String, Vec<(u64, u32)>> = HashMap::new();
    for arrival in arrivals {
        let event = arrival.json();
        let data = &event["data"];
        let order = data["orderRef"].as_str().or(data["ref"].as_str()).expect("a ref").to_owned();
        let id = text(&event, "id");
        let (seq, number) = id.split('-').next().and_then(|place| place.split_once('.')).expect("a place");
        orders.entry(order).or_default().push((seq.parse().expect("a number"), number.parse().expect("a number")));
    }
    orders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_miss_nothing_and_keep_the_order() {
    let world = near(Engine::Postgres).await;
    let shop = world.shop("net", "acme").await;
    // It fails now and then, and never twice in a row.
    let failed = std::sync::Mutex::new(HashSet::new());
    let receiver = Receiver::with(move |arrival| {
        let is_hard = arrival.id.bytes().map(u32::from).sum::<u32>() % 7 == 0;
        let is_first = failed.lock().expect("nobody panics with it").insert(arrival.id.clone());
        Some((if is_hard && is_first { 500 } else { 200 }, None))
    })
    .await;
    for member in [&shop.vendor, &shop.subscriber] {
        member.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    }
    let other = world.another_node(7);
    let nodes = [delivery::start(&world.app), delivery::start(&other)];
    let here = shop.subscriber.caller.clone();
    let there = Caller::new(router(other), here.token.clone());
    let work = (0..ORDERS).map(|number| {
        let (first, second) = if number % 2 == 0 { (&here, &there) } else { (&there, &here) };
        async {
            let order = first.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
            second.delete(&format!("/orders/{}", text(&order, "ref"))).await.expect(200);
        }
    });
    join_all(work).await;
    let [first, second] = nodes;
    // The first one stops in the middle, and the second goes on with what it had.
    first.stop().await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    // Two endpoints are told the same events, with the same ids.
    while receiver.all().iter().filter(|it| it.status == 200).count() < 2 * 6 * ORDERS {
        assert!(std::time::Instant::now() < deadline, "only {} came", receiver.all().len());
        world.pass_seconds(1);
        a_moment().await;
    }
    second.stop().await;
    let orders = by_order(&receiver.taken());
    assert_eq!(orders.len(), ORDERS);
    let (mut bodies, all) = (HashMap::new(), receiver.all());
    for arrival in &all {
        let body = bodies.entry(&arrival.id).or_insert(&arrival.body);
        assert_eq!(*body, &arrival.body, "an id has one body");
    }
    for places in orders.values() {
        assert_eq!(places.len(), 6);
        assert!(places.is_sorted(), "{places:?}");
    }
}

#[tokio::test]
async fn what_is_asked_of_one_node_is_done_by_the_one_that_has_the_lease() {
    let world = near(Engine::Postgres).await;
    let shop = world.shop("net", "acme").await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let endpoint = shop.vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    let path = format!("/webhookEndpoints/{}", text(&endpoint, "ref"));
    let running = delivery::start(&world.app);
    shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    receiver.takes(3).await;

    let beside = world.another_node(7);
    let there = Caller::new(router(beside), shop.vendor.token.clone());
    let event = text(&receiver.taken()[1].json(), "id");
    there.post(&format!("{path}/replay"), json!({"eventId": event})).await.expect(200);
    receiver.until(|all| all.len() == 4).await;
    assert_eq!(receiver.all()[3].id, receiver.taken()[1].id);
    there.put(&path, json!({"url": other.url})).await.expect(200);
    shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    other.takes(3).await;
    there.put(&path, json!({"state": "DISABLED"})).await.expect(200);
    shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    there.put(&path, json!({"state": "ENABLED", "url": receiver.url})).await.expect(200);
    receiver.takes(6).await;
    assert_eq!((receiver.all().len(), other.all().len()), (7, 3));
    running.stop().await;
}

/// The node that delivers remembers the endpoint for a minute, and is not told of the change by anybody.
#[tokio::test]
async fn what_an_endpoint_has_just_come_to_want_is_not_passed_over() {
    let mut settings = Settings::default();
    settings.outside.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.deliveries.fresh_ms = 60_000;
    settings.deliveries.renew_every_ms = 20_000;
    let world = World::with(Engine::Postgres, settings).await;
    let shop = world.shop("net", "acme").await;
    // What is refused keeps the worker, and what it knows.
    let receiver =
        Receiver::with(|arrival| Some((if arrival.json()["type"] == "offer.updated" { 500 } else { 200 }, None))).await;
    let body = json!({"url": receiver.url, "eventTypes": ["offer.updated"]});
    let endpoint = shop.vendor.post("/webhookEndpoints", body).await.expect(201);
    let running = delivery::start(&world.app);
    shop.vendor.put(&format!("/offers/{}", shop.offer_ref), json!({"name": "Other"})).await.expect(200);
    receiver.until(|all| all.len() == 1).await;

    let there = router(world.another_node(7));
    let vendor = Caller::new(there.clone(), shop.vendor.token.clone());
    let subscriber = Caller::new(there, shop.subscriber.token.clone());
    for (kinds, many) in [(json!(["offer.updated", "order.activated"]), 1), (json!(null), 4)] {
        let path = format!("/webhookEndpoints/{}", text(&endpoint, "ref"));
        vendor.put(&path, json!({"eventTypes": kinds})).await.expect(200);
        subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
        receiver.takes(many).await;
    }
    running.stop().await;
}
