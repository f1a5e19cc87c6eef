//! Receivers that never asked to be told of anything: how much they are sent.

use super::receiver::Receiver;
use super::{Engine, Scene, near_with, text};
use orderpark_domain::EndpointRef;
use orderpark_server::delivery;
use serde_json::{Value, json};

async fn scene(engine: Engine, require_proof: bool) -> Scene {
    let set = |settings: &mut delivery::DeliverySettings| {
        settings.unproven_every_ms = 60_000;
        settings.require_proof = require_proof;
    };
    let world = near_with(engine, set).await;
    let shop = world.shop("net", "acme").await;
    let running = delivery::start(&world.app);
    Scene { world, shop, running }
}

fn ids(receiver: &Receiver) -> Vec<String> {
    receiver.all().into_iter().map(|arrival| arrival.id).collect()
}

pub async fn a_receiver_that_takes_nothing_is_sent_one_message_at_a_time(engine: Engine) {
    let scene = scene(engine, false).await;
    let (stranger, honest) = (Receiver::with(|_| Some((404, None))).await, Receiver::start().await);
    let endpoint = scene.endpoint(&stranger.url).await;
    scene.endpoint(&honest.url).await;
    scene.order().await;
    scene.order().await;
    // Six events in all, of two orders: an honest one has them at once, from its first answer on.
    honest.takes(6).await;
    scene.logs(&endpoint, 1).await;
    assert_eq!(stranger.all().len(), 1, "{:?}", ids(&stranger));
    scene.running.stop().await;
}

pub async fn nothing_is_delivered_before_a_challenge_is_echoed(engine: Engine) {
    let scene = scene(engine, true).await;
    let (stranger, proven) = (Receiver::start().await, Receiver::start().await);
    let endpoint = scene.endpoint(&stranger.url).await;
    stranger.takes(1).await;
    let other = scene.endpoint(&proven.url).await;
    let reference = EndpointRef(text(&other, "ref").parse().expect("a ref"));
    scene.world.app.store.prove_endpoint(reference, &proven.url).await.expect("written");
    let path = format!("/webhookEndpoints/{}", text(&other, "ref"));
    scene.shop.vendor.put(&path, json!({"description": "proven"})).await.expect(200);
    scene.order().await;
    proven.until(|all| all.iter().filter(|it| it.id.starts_with("evt_")).count() >= 3).await;
    let proof = |seen: &Value| seen["delivery"]["proof"].clone();
    assert_eq!(
        (proof(&scene.seen(&endpoint).await), proof(&scene.seen(&other).await)),
        (json!("AWAITED"), json!("PROVEN"))
    );
    let sent = ids(&stranger);
    assert!(sent.iter().all(|id| id.starts_with("challenge_")) && sent.len() == 1, "{sent:?}");
    scene.running.stop().await;
}
