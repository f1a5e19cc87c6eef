//! What one party, one target or one change may cost all others.

use super::harness::{self, Engine, World, on_each_engine, text};
use super::receiver::Receiver;
use super::{a_moment, json, near_with};
use orderpark_domain::endpoint::UpdateEndpoint;
use orderpark_domain::feed::Kind;
use orderpark_domain::{Command, EndpointRef, Instant, Intent};
use orderpark_server::delivery;
use orderpark_store::Slice;
use orderpark_store::deliveries::{Attempt, AttemptFilter, Target};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// A vendor whose receivers answer slowly, or not at all, has its own places and no others, with however many endpoints.
async fn who_is_slow_everywhere_holds_up_nobody_else(engine: Engine) {
    let world = near_with(engine, |settings| settings.places = 8).await;
    let (slow, quick) = (world.shop("net", "acme").await, world.shop("net2", "other").await);
    let (hangs, answers) = (Receiver::with(|_| None).await, Receiver::start().await);
    for number in 0..10 {
        // Those of its subscribers count for the vendor.
        let owner = if number % 2 == 0 { &slow.vendor } else { &slow.subscriber };
        owner.post("/webhookEndpoints", json!({"url": hangs.url})).await.expect(201);
    }
    quick.vendor.post("/webhookEndpoints", json!({"url": answers.url})).await.expect(201);
    let running = delivery::start(&world.app);
    for _ in 0..5 {
        slow.subscriber.post("/orders", json!({"offerId": slow.offer_id})).await.expect(201);
    }
    hangs.until(|arrivals| !arrivals.is_empty()).await;
    quick.subscriber.post("/orders", json!({"offerId": quick.offer_id})).await.expect(201);
    let all = tokio::time::timeout(Duration::from_secs(10), answers.takes(3)).await;
    assert!(all.is_ok(), "the other vendor waited for who hangs");
    assert!(hangs.all().len() <= 4, "half of the places, while nobody else wants them");
    running.stop().await;
}

fn attempt(number: u128, at: Instant) -> Attempt {
    Attempt {
        id: Uuid::from_u128(number),
        event: None,
        webhook_id: "evt_1_0".into(),
        kind: "order.activated".into(),
        number: 1,
        at,
        took_us: 1,
        url: "https://hook.example.com/".into(),
        status: Some(200),
        failure: None,
        response: None,
        inside: Some(false),
    }
}

fn target_of(endpoint: &Value) -> Target {
    Target::Endpoint(EndpointRef::parse(&text(endpoint, "ref")).expect("a ref"))
}

async fn logged(world: &World, target: Target) -> Vec<u128> {
    let page = world.app.store.page_attempts_at(target, &AttemptFilter::default(), Slice::first(99)).await;
    page.expect("attempts").iter().map(|attempt| attempt.id.as_u128()).collect()
}

/// Old attempts are removed in pieces, and deliveries do not wait for that, nor does the node's stop.
async fn tidying_up_holds_up_no_delivery(engine: Engine) {
    let far = |settings: &mut delivery::DeliverySettings| {
        (settings.tidy_piece, settings.tidy_pause_ms) = (2, 600_000);
    };
    let world = near_with(engine, far).await;
    let shop = world.shop("net", "acme").await;
    let receiver = Receiver::start().await;
    let endpoint = shop.vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    for number in 1..=6 {
        world.app.store.log_attempt(target_of(&endpoint), attempt(number, Instant(0))).await.expect("a log");
    }
    let running = delivery::start(&world.app);
    while logged(&world, target_of(&endpoint)).await.len() == 6 {
        a_moment().await;
    }
    shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    receiver.takes(3).await;
    let old = logged(&world, target_of(&endpoint)).await;
    assert_eq!(old.iter().filter(|id| **id <= 6).count(), 4, "one piece is gone");
    tokio::time::timeout(Duration::from_secs(10), running.stop()).await.expect("a stop");
}

async fn of_a_target_only_the_newest_attempts_are_kept(engine: Engine) {
    let few = |settings: &mut delivery::DeliverySettings| {
        (settings.attempts_of_target, settings.tidy_piece, settings.tidy_pause_ms) = (3, 2, 1);
    };
    let world = near_with(engine, few).await;
    let shop = world.shop("net", "acme").await;
    let receiver = Receiver::start().await;
    let endpoint = shop.vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    for number in 1..=8 {
        world.app.store.log_attempt(target_of(&endpoint), attempt(number, world.app.now())).await.expect("a log");
    }
    let running = delivery::start(&world.app);
    while logged(&world, target_of(&endpoint)).await.len() > 3 {
        a_moment().await;
    }
    assert_eq!(logged(&world, target_of(&endpoint)).await, [8, 7, 6]);
    running.stop().await;
}

/// An endpoint is not woken by what it does not want; where that was changed and this node does not know it yet, it is a
/// little late, and misses nothing.
async fn kinds_that_are_not_wanted_wake_nobody_and_a_change_of_them_misses_nothing(engine: Engine) {
    // Renewals, by which a node hears of changes that were made on others, come far too late.
    let far = |settings: &mut delivery::DeliverySettings| {
        (settings.lease_ms, settings.renew_every_ms) = (3_600_000, 1_200_000);
    };
    let world = near_with(engine, far).await;
    let shop = world.shop("net", "acme").await;
    let (picky, all) = (Receiver::start().await, Receiver::start().await);
    let wish = json!({"url": picky.url, "eventTypes": ["order.cancelled"]});
    let endpoint = world.operator.post("/webhookEndpoints", wish).await.expect(201);
    world.operator.post("/webhookEndpoints", json!({"url": all.url})).await.expect(201);
    let running = delivery::start(&world.app);
    let order = || async {
        let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
        text(&order, "ref")
    };
    // Its worker has looked once, and knows what it wants.
    let first = order().await;
    shop.subscriber.delete(&format!("/orders/{first}")).await.expect(200);
    picky.takes(1).await;
    let target = target_of(&endpoint);
    while world
        .app
        .store
        .get_delivery_status(target)
        .await
        .expect("a read")
        .is_none_or(|it| it.last_success_at.is_none())
    {
        a_moment().await;
    }
    // It has written that, and ends.
    for _ in 0..5 {
        a_moment().await;
    }

    // As on another node: nobody here is told.
    let Target::Endpoint(endpoint) = target else { panic!("an endpoint") };
    let kinds = Some(Some(vec![Kind::OrderActivated]));
    let update = UpdateEndpoint { endpoint, url: None, description: None, kinds, state: None };
    let intent = Intent::system(Command::UpdateEndpoint(update), "another node in a test");
    world.app.store.commit(intent).await.expect("a change");
    for _ in 0..5 {
        let before = all.taken().len();
        order().await;
        all.takes(before + 3).await;
    }
    assert_eq!(picky.all().len(), 1, "nothing has woken it");
    world.app.deliveries.poke(Target::Endpoint(endpoint));
    picky.takes(6).await;
    assert_eq!(picky.all().len(), 6, "all that it wants since, each once");
    running.stop().await;
}

/// The same, where nobody says anything: the next renewal comes.
async fn a_change_of_kinds_is_seen_with_the_next_renewal(engine: Engine) {
    let world = near_with(engine, |_| {}).await;
    let shop = world.shop("net", "acme").await;
    let picky = Receiver::start().await;
    let wish = json!({"url": picky.url, "eventTypes": ["order.cancelled"]});
    let endpoint = shop.vendor.post("/webhookEndpoints", wish).await.expect(201);
    let running = delivery::start(&world.app);
    let order = || shop.subscriber.post("/orders", json!({"offerId": shop.offer_id}));
    let first = text(&order().await.expect(201), "ref");
    shop.subscriber.delete(&format!("/orders/{first}")).await.expect(200);
    picky.takes(1).await;
    let Target::Endpoint(endpoint) = target_of(&endpoint) else { panic!("an endpoint") };
    for kind in [Kind::OrderActivated, Kind::SubscriptionActivated] {
        let kinds = Some(Some(vec![kind]));
        let update = UpdateEndpoint { endpoint, url: None, description: None, kinds, state: None };
        let intent = Intent::system(Command::UpdateEndpoint(update), "another node in a test");
        world.app.store.commit(intent).await.expect("a change");
        let before = picky.taken().len();
        order().await.expect(201);
        picky.takes(before + if kind == Kind::OrderActivated { 1 } else { 2 }).await;
    }
    // What it does not want is passed over all the same.
    let last = text(&order().await.expect(201), "ref");
    shop.subscriber.delete(&format!("/orders/{last}")).await.expect(200);
    let end = world.app.store.events_end().await.expect("the end");
    while world
        .app
        .store
        .get_delivery_status(Target::Endpoint(endpoint))
        .await
        .expect("a read")
        .is_none_or(|it| it.cursor.place < end.place)
    {
        a_moment().await;
    }
    running.stop().await;
}

on_each_engine! {
    who_is_slow_everywhere_holds_up_nobody_else;
    tidying_up_holds_up_no_delivery;
    of_a_target_only_the_newest_attempts_are_kept;
    kinds_that_are_not_wanted_wake_nobody_and_a_change_of_them_misses_nothing;
    a_change_of_kinds_is_seen_with_the_next_renewal;
}
