//! Deliveries from end to end: real nodes, a real way out, receivers on this machine.

mod alerts;
mod behind;
mod bounds;
#[path = "../harness/mod.rs"]
mod harness;
mod isolation;
mod nodes;
mod pace;
mod receiver;

use harness::{Caller, Engine, Shop, World, on_each_engine, text};
use orderpark_server::Settings;
use orderpark_server::delivery::{self, DeliverySettings, Running};
use pace::{
    a_receiver_that_takes_nothing_is_sent_one_message_at_a_time, nothing_is_delivered_before_a_challenge_is_echoed,
};
use receiver::Receiver;
use serde_json::{Value, json};

/// A deployment that may send to receivers on this machine, and looks at its clock often, because the test moves it.
async fn near(engine: Engine) -> World {
    near_with(engine, |_| {}).await
}

/// The same with settings of its own.
async fn near_with(engine: Engine, set: impl FnOnce(&mut DeliverySettings)) -> World {
    let mut settings = Settings::default();
    settings.outside.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.deliveries.look_every_ms = 20;
    settings.deliveries.claim_every_ms = 50;
    settings.deliveries.renew_every_ms = 200;
    settings.deliveries.fresh_ms = 0;
    settings.deliveries.stop_max_ms = 1000;
    set(&mut settings.deliveries);
    World::with(engine, settings).await
}

/// Before one looks again.
async fn a_moment() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

/// A shop of which somebody is told, and deliveries that run.
struct Scene {
    world: World,
    shop: Shop,
    running: Running,
}

impl Scene {
    async fn on(engine: Engine) -> Scene {
        let world = near(engine).await;
        let shop = world.shop("net", "acme").await;
        let running = delivery::start(&world.app);
        Scene { world, shop, running }
    }

    /// The vendor asks to be told; the endpoint.
    async fn endpoint(&self, url: &str) -> Value {
        self.shop.vendor.post("/webhookEndpoints", json!({"url": url})).await.expect(201)
    }

    async fn order(&self) -> String {
        text(&self.shop.subscriber.post("/orders", json!({"offerId": self.shop.offer_id})).await.expect(201), "ref")
    }

    /// The vendor with a token of its own: days may have passed.
    async fn vendor(&self) -> Caller {
        self.world.login(&self.shop.vendor.client_id, &self.shop.vendor.client_secret).await
    }

    async fn seen(&self, endpoint: &Value) -> Value {
        let path = format!("/webhookEndpoints/{}", text(endpoint, "ref"));
        self.vendor().await.get(&path).await.expect(200)
    }

    /// Waits until so many attempts are logged.
    async fn logs(&self, endpoint: &Value, many: usize) {
        let path = format!("/webhookEndpoints/{}/attempts", text(endpoint, "ref"));
        for _ in 0..1500 {
            let attempts = self.vendor().await.get(&path).await.expect(200);
            if attempts.as_array().is_some_and(|attempts| attempts.len() >= many) {
                return;
            }
            a_moment().await;
        }
        panic!("{many} attempts are not logged in 30 s");
    }

    /// Lets time pass, a piece at a time, until the receiver has taken so many.
    async fn passes_until(&self, receiver: &Receiver, seconds: i64, many: usize) {
        for _ in 0..1500 {
            if receiver.taken().len() >= many {
                return;
            }
            self.world.pass_seconds(seconds);
            a_moment().await;
        }
        panic!("only {} were taken", receiver.taken().len());
    }

    /// Waits until the endpoint is shown so.
    async fn shows(&self, endpoint: &Value, is_good: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1500 {
            let seen = self.seen(endpoint).await;
            if is_good(&seen) {
                return seen;
            }
            a_moment().await;
        }
        panic!("it is not shown so in 30 s: {}", self.seen(endpoint).await);
    }
}

async fn what_happens_is_told_once_in_its_order_and_as_events_show_it(engine: Engine) {
    let scene = Scene::on(engine).await;
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver.url).await;
    let orders: Vec<String> = vec![scene.order().await, scene.order().await];
    scene.shop.subscriber.delete(&format!("/orders/{}", orders[0])).await.expect(200);
    receiver.takes(9).await;
    scene.running.stop().await;

    let arrivals = receiver.all();
    assert_eq!(arrivals.len(), 9, "each once");
    let events = scene.shop.vendor.get("/events").await.expect(200);
    let shown: Vec<&Value> = events.as_array().expect("events").iter().collect();
    let shown = &shown[shown.len() - 9..];
    for order in &orders {
        let of = |event: &Value| event["data"]["ref"] == *order || event["data"]["orderRef"] == *order;
        let told: Vec<Value> = arrivals.iter().map(receiver::Arrival::json).filter(|event| of(event)).collect();
        let expected: Vec<Value> = shown.iter().filter(|event| of(event)).map(|event| (*event).clone()).collect();
        assert_eq!(told, expected, "in their order");
    }
    for arrival in &arrivals {
        assert_eq!(arrival.id, format!("evt_{}", text(&arrival.json(), "id").replace(['.', '-'], "_")));
        assert_eq!(arrival.headers["content-type"], "application/json");
        assert!(arrival.headers["webhook-signature"].to_str().expect("text").starts_with("v1,"));
    }
}

async fn what_fails_is_tried_again_and_holds_back_its_order_alone(engine: Engine) {
    let scene = Scene::on(engine).await;
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver.url).await;
    let (bad, good) = (scene.order().await, scene.order().await);
    receiver.takes(6).await;
    let bad_one = bad.clone();
    receiver.turns(move |arrival| {
        let is_bad = arrival.json()["data"]["ref"] == *bad_one;
        Some((if is_bad { 500 } else { 200 }, None))
    });
    scene.shop.subscriber.delete(&format!("/orders/{bad}")).await.expect(200);
    scene.shop.subscriber.delete(&format!("/orders/{good}")).await.expect(200);
    receiver.takes(9).await;
    let seen = scene.shows(&endpoint, |seen| seen["delivery"]["waiting"] == 3).await;
    assert!(seen["delivery"]["failingSince"].is_null(), "others succeed: {seen}");
    let before = receiver.all().len();
    scene.world.pass_seconds(7);
    receiver.until(|all| all.len() > before).await;
    receiver.turns(|_| Some((200, None)));
    scene.passes_until(&receiver, 60, 12).await;
    scene.shows(&endpoint, |seen| seen["delivery"]["waiting"] == 0).await;

    let of_bad = |arrival: &receiver::Arrival| {
        arrival.json()["data"]["ref"] == *bad || arrival.json()["data"]["orderRef"] == *bad
    };
    let told: Vec<String> =
        receiver.taken().iter().filter(|it| of_bad(it)).map(|it| text(&it.json(), "type")).collect();
    let one = ["order", "subscription", "subscription"];
    let expected: Vec<String> =
        ["activated", "cancelled"].iter().flat_map(|what| one.map(|of| format!("{of}.{what}"))).collect();
    assert_eq!(told, expected);
    let failed: Vec<_> = receiver.all().into_iter().filter(|it| it.status == 500).collect();
    assert!(failed.len() >= 2);
    let again = receiver.taken().into_iter().find(|it| it.id == failed[0].id).expect("it came again");
    assert!(failed.iter().all(|it| (&it.id, &it.body) == (&again.id, &again.body)), "the same id and body");

    let attempts = scene.shop.vendor.get(&format!("/webhookEndpoints/{}/attempts", text(&endpoint, "ref"))).await;
    let attempts = attempts.expect(200);
    let logged: Vec<_> =
        attempts.as_array().expect("attempts").iter().map(|it| (&it["id"], &it["webhookId"])).collect();
    assert_eq!(logged.len(), receiver.all().len(), "{attempts:#}");
    scene.running.stop().await;
}

async fn a_disabled_endpoint_is_told_nothing_and_an_enabled_one_goes_on_where_it_was(engine: Engine) {
    let scene = Scene::on(engine).await;
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver.url).await;
    let path = format!("/webhookEndpoints/{}", text(&endpoint, "ref"));
    scene.order().await;
    receiver.takes(3).await;
    scene.shop.vendor.put(&path, json!({"state": "DISABLED"})).await.expect(200);
    scene.order().await;
    scene.order().await;
    let other = Receiver::start().await;
    scene.shop.vendor.put(&path, json!({"state": "ENABLED", "url": other.url})).await.expect(200);
    other.takes(6).await;
    assert_eq!(receiver.all().len(), 3);
    scene.running.stop().await;
}

async fn a_deleted_endpoint_is_told_nothing_more_and_others_are(engine: Engine) {
    let scene = Scene::on(engine).await;
    let (receiver, other) = (Receiver::with(|_| Some((500, None))).await, Receiver::start().await);
    let endpoint = scene.endpoint(&receiver.url).await;
    scene.endpoint(&other.url).await;
    scene.order().await;
    scene.logs(&endpoint, 1).await;
    let path = format!("/webhookEndpoints/{}", text(&endpoint, "ref"));
    scene.shop.vendor.delete(&path).await.expect(200);
    let came = receiver.all().len();
    scene.world.pass_seconds(10);
    scene.order().await;
    other.takes(6).await;
    assert_eq!(receiver.all().len(), came);
    scene.running.stop().await;
}

async fn who_says_that_it_is_gone_is_disabled_and_loses_nothing(engine: Engine) {
    let scene = Scene::on(engine).await;
    let receiver = Receiver::with(|_| Some((410, None))).await;
    let endpoint = scene.endpoint(&receiver.url).await;
    scene.order().await;
    let seen = scene.shows(&endpoint, |seen| seen["state"] == "DISABLED").await;
    assert_eq!(seen["disabledReason"], "gone");
    receiver.turns(|_| Some((200, None)));
    let path = format!("/webhookEndpoints/{}", text(&endpoint, "ref"));
    scene.shop.vendor.put(&path, json!({"state": "ENABLED"})).await.expect(200);
    scene.world.pass_seconds(7);
    receiver.takes(3).await;
    scene.running.stop().await;
}

async fn retry_after_is_obeyed(engine: Engine) {
    let scene = Scene::on(engine).await;
    let receiver = Receiver::with(|_| Some((429, Some(3600)))).await;
    let endpoint = scene.endpoint(&receiver.url).await;
    scene.order().await;
    scene.shows(&endpoint, |seen| seen["delivery"]["waiting"] == 3).await;
    receiver.turns(|_| Some((200, None)));
    scene.world.pass_seconds(3000);
    let other = Receiver::start().await;
    scene.endpoint(&other.url).await;
    scene.order().await;
    other.takes(3).await;
    assert_eq!(receiver.taken().len(), 0, "others are told, but not who asked for rest");
    scene.world.pass_seconds(700);
    receiver.takes(6).await;
    scene.running.stop().await;
}

async fn what_was_given_up_or_lies_back_can_be_asked_for_again(engine: Engine) {
    let scene = Scene::on(engine).await;
    let receiver = Receiver::with(|_| Some((500, None))).await;
    let endpoint = scene.endpoint(&receiver.url).await;
    let path = format!("/webhookEndpoints/{}/replay", text(&endpoint, "ref"));
    scene.order().await;
    for attempt in 1..=3 {
        scene.logs(&endpoint, attempt).await;
        scene.world.pass_seconds(2 * 24 * 3600);
    }
    let seen = scene.shows(&endpoint, |seen| seen["state"] == "DISABLED").await;
    assert_eq!((&seen["disabledReason"], receiver.all().len()), (&json!("failing"), 4), "after five days");
    receiver.turns(|_| Some((200, None)));
    scene.vendor().await.put(&path.replace("/replay", ""), json!({"state": "ENABLED"})).await.expect(200);
    scene.passes_until(&receiver, 24 * 3600, 3).await;
    scene.shows(&endpoint, |seen| seen["delivery"]["waiting"] == 0).await;

    let taken = receiver.taken();
    let came = receiver.all().len();
    let vendor = scene.vendor().await;
    vendor.post(&path, json!({"eventId": text(&taken[1].json(), "id")})).await.expect(200);
    receiver.until(|all| all.len() == came + 1).await;
    assert_eq!(receiver.all()[came].id, taken[1].id);
    vendor.post(&path, json!({"after": "0"})).await.expect(200);
    receiver.until(|all| all.iter().skip(came + 1).filter(|it| it.id == taken[2].id).count() == 1).await;
    scene.shows(&endpoint, |seen| seen["delivery"]["replays"] == 0).await;
    scene.running.stop().await;
}

async fn a_stop_settles_and_gives_the_leases_back(engine: Engine) {
    let scene = Scene::on(engine).await;
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver.url).await;
    scene.order().await;
    receiver.takes(3).await;
    scene.running.stop().await;
    let running = delivery::start(&scene.world.app);
    text(&scene.shop.subscriber.post("/orders", json!({"offerId": scene.shop.offer_id})).await.expect(201), "ref");
    receiver.takes(6).await;
    assert_eq!(receiver.all().len(), 6, "nothing is told again");
    running.stop().await;
}

use alerts::an_operator_is_told_of_a_receiver_that_fails;

on_each_engine! {
    a_receiver_that_takes_nothing_is_sent_one_message_at_a_time;
    nothing_is_delivered_before_a_challenge_is_echoed;
    an_operator_is_told_of_a_receiver_that_fails;
    what_happens_is_told_once_in_its_order_and_as_events_show_it;
    what_fails_is_tried_again_and_holds_back_its_order_alone;
    a_disabled_endpoint_is_told_nothing_and_an_enabled_one_goes_on_where_it_was;
    a_deleted_endpoint_is_told_nothing_more_and_others_are;
    who_says_that_it_is_gone_is_disabled_and_loses_nothing;
    retry_after_is_obeyed;
    what_was_given_up_or_lies_back_can_be_asked_for_again;
    a_stop_settles_and_gives_the_leases_back;
}
