//! One bad receiver among a hundred costs the others nothing.

use super::harness::{self, Engine, on_each_engine, text};
use super::receiver::Receiver;
use super::{Scene, json};
use orderpark_domain::EndpointRef;
use orderpark_store::deliveries::Target;
use std::time::{Duration, Instant};

const TARGETS: usize = 100;
const ORDERS: usize = 20;

/// The bad one does not answer at all, so that whatever is sent to it takes as long as it may.
async fn of_a_hundred_only_the_one_that_hangs_waits(engine: Engine) {
    let scene = Scene::on(engine).await;
    let (good, bad) = (Receiver::start().await, Receiver::with(|_| None).await);
    let hangs = scene.endpoint(&bad.url).await;
    let operator = &scene.world.operator;
    for _ in 1..TARGETS {
        // A party may have a hundred of its own; the operator's hear the same.
        operator
            .post("/webhookEndpoints", json!({"url": good.url, "eventTypes": ["order.activated"]}))
            .await
            .expect(201);
    }
    let began = Instant::now();
    for _ in 0..ORDERS {
        scene.order().await;
    }
    let all = (TARGETS - 1) * ORDERS;
    good.until(|arrivals| arrivals.len() >= all).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(14), "the others waited for the one that hangs: {took:?}");
    assert_eq!(good.all().len(), all, "each once");
    let under_way = bad.all().len();
    assert!((1..=4).contains(&under_way), "{under_way} are under way to the one that hangs");

    let target = Target::Endpoint(EndpointRef::parse(&text(&hangs, "ref")).expect("a ref"));
    let status = scene.world.app.store.get_delivery_status(target).await.expect("a read").expect("a target");
    assert_eq!(
        (status.waiting, status.failing_since),
        (0, None),
        "it has not even failed yet, and nothing is kept for it"
    );
    scene.running.stop().await;
}

/// A receiver that is down is probed, and what waits for it waits in the feed, not in rows.
async fn who_is_down_costs_few_rows_and_gets_everything_in_the_end(engine: Engine) {
    let scene = Scene::on(engine).await;
    let receiver = Receiver::with(|_| Some((500, None))).await;
    let endpoint = scene.endpoint(&receiver.url).await;
    for _ in 0..100 {
        scene.order().await;
    }
    scene.logs(&endpoint, 3).await;
    let seen = scene.seen(&endpoint).await;
    let waiting = seen["delivery"]["waiting"].as_u64().expect("a number");
    assert!(waiting <= 60, "{waiting} rows for 300 events");
    receiver.turns(|_| Some((200, None)));
    scene.passes_until(&receiver, 5, 300).await;
    let mut ids: Vec<_> = receiver.taken().into_iter().map(|arrival| arrival.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 300);
    scene.running.stop().await;
}

on_each_engine! {
    of_a_hundred_only_the_one_that_hangs_waits;
    who_is_down_costs_few_rows_and_gets_everything_in_the_end;
}
