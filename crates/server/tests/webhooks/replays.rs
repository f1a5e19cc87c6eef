//! What was sent, and sending it again.

use super::harness::{self, Engine, Shop, World, text};
use super::{URL, path};
use orderpark_domain::{EndpointRef, Instant};
use orderpark_store::FeedPosition;
use orderpark_store::deliveries::{Attempt, Target};
use serde_json::{Value, json};

/// A vendor with an endpoint that wants to hear of its offers, two changes of an offer, and one of a subscriber.
struct Scene {
    world: World,
    shop: Shop,
    endpoint: Value,
    /// The ids of the events, oldest first.
    events: Vec<String>,
}

impl Scene {
    async fn on(engine: Engine) -> Scene {
        let world = World::on(engine).await;
        let shop = world.shop("net", "acme").await;
        let body = json!({"url": URL, "eventTypes": ["offer.updated"]});
        let endpoint = shop.vendor.post("/webhookEndpoints", body).await.expect(201);
        for state in ["SUSPENDED", "ACTIVE"] {
            world.pass_seconds(60);
            shop.vendor.put(&format!("/offers/{}", shop.offer_ref), json!({"state": state})).await.expect(200);
        }
        let subscriber = format!("/subscribers/{}", shop.subscriber.party);
        shop.vendor.put(&subscriber, json!({"name": "Other"})).await.expect(200);
        let events = shop.vendor.get("/events").await.expect(200);
        let last: Vec<&Value> = events.as_array().expect("events").iter().rev().take(3).collect();
        let events = last.into_iter().rev().map(|event| text(event, "id")).collect();
        Scene { world, shop, endpoint, events }
    }

    async fn replay(&self, body: Value) -> super::harness::Answer {
        self.shop.vendor.post(&format!("{}/replay", path(&self.endpoint)), body).await
    }

    /// What waits, and how many replays are under way.
    async fn asked(&self, body: Value) -> (u64, u64) {
        let answer = self.replay(body).await;
        let shown = answer.expect(200);
        let delivery = &shown["delivery"];
        (delivery["waiting"].as_u64().expect("a number"), delivery["replays"].as_u64().expect("a number"))
    }
}

async fn an_event_a_stretch_or_all_that_was_given_up_can_be_asked_for(engine: Engine) {
    let scene = Scene::on(engine).await;
    let (first, second) = (&scene.events[0], &scene.events[1]);
    let answer = scene.replay(json!({"eventId": first})).await;
    assert_eq!(answer.expect(200)["delivery"]["waiting"], 1);
    assert_eq!(scene.asked(json!({"eventId": first})).await, (1, 0), "asked for twice, it waits once");
    assert_eq!(scene.asked(json!({"eventId": second})).await, (2, 0));
    assert_eq!(scene.asked(json!({"after": "0"})).await, (2, 1));
    assert_eq!(scene.asked(json!({"after": first, "until": second})).await, (2, 2));
    let time = "2020-01-01T00:00:00Z";
    assert_eq!(scene.asked(json!({"after": time, "until": "2090-01-01T00:00:00+01:00"})).await, (2, 3));
    assert_eq!(scene.asked(json!({"exhausted": true})).await, (2, 3));
    let replay = format!("{}/replay", path(&scene.endpoint));
    let known = scene.shop.vendor.with("if-none-match", "*").post(&replay, json!({"exhausted": true})).await;
    assert_eq!(known.expect(200)["delivery"]["replays"], 3, "what is asked for is done, whatever the caller knows");
    scene.world.journal().verify();
}

async fn what_cannot_be_sent_again_is_refused(engine: Engine) {
    let scene = Scene::on(engine).await;
    let (first, second, third) = (&scene.events[0], &scene.events[1], &scene.events[2]);
    let epoch = first.split_once('-').expect("an epoch").1;
    let of_first = |seq: &str, number: &str| format!("{seq}.{number}-{epoch}");
    for (body, path) in [
        // What it does not want, what its owner may not hear, and what there is not.
        (json!({"eventId": third}), "eventId"),
        (json!({"eventId": of_first("1", "0")}), "eventId"),
    ] {
        let refused = scene.replay(body.clone()).await.refused(400, "unknown_reference");
        assert_eq!(refused["fields"][0]["path"], path, "{body}");
    }
    for body in [
        json!({}),
        json!({"until": second}),
        json!({"eventId": first, "after": "0"}),
        json!({"eventId": first, "exhausted": true}),
        json!({"after": "0", "exhausted": true}),
        json!({"after": second, "until": first}),
        json!({"after": first, "until": first}),
        json!({"after": "2090-01-01T00:00:00Z"}),
        json!({"exhausted": false}),
    ] {
        scene.replay(body).await.refused(400, "invalid_attribute");
    }
    for body in [
        json!({"eventId": "999999.0"}),
        json!({"eventId": "1.0"}),
        json!({"eventId": of_first(first.split('.').next().unwrap_or_default(), "7")}),
        json!({"after": "999999"}),
        json!({"after": first, "until": "1-aaaaaaaa"}),
    ] {
        scene.replay(body).await.refused(410, "position_unknown");
    }
    let quiet = json!({"after": "2020-01-01T00:00:00Z", "until": "2020-01-01T00:00:01Z"});
    assert_eq!(scene.asked(quiet).await, (0, 0), "nothing happened then");
    scene.replay(json!({"everything": true})).await.refused(400, "unknown_attribute");
    let vendor = &scene.shop.vendor;
    assert_eq!(vendor.get(&path(&scene.endpoint)).await.expect(200)["delivery"]["waiting"], 0);
    vendor.put(&path(&scene.endpoint), json!({"state": "DISABLED"})).await.expect(200);
    for body in [json!({"eventId": first}), json!({"after": "0"}), json!({"exhausted": true})] {
        scene.replay(body).await.refused(409, "endpoint_disabled");
    }
}

async fn few_stretches_wait_for_one_endpoint_at_once(engine: Engine) {
    let scene = Scene::on(engine).await;
    for waiting in 1..=10 {
        assert_eq!(scene.asked(json!({"after": "0"})).await, (0, waiting));
    }
    let refused = scene.replay(json!({"after": "0"})).await;
    refused.refused(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(scene.asked(json!({"eventId": scene.events[0]})).await, (1, 10), "one event is no stretch");
    let body = json!({"url": URL});
    let other = scene.shop.vendor.post("/webhookEndpoints", body).await.expect(201);
    scene.shop.vendor.post(&format!("{}/replay", path(&other)), json!({"after": "0"})).await.expect(200);
}

fn attempt(n: u32, event: Option<&str>, failure: Option<&str>) -> Attempt {
    Attempt {
        id: uuid::Uuid::from_u128((u128::from(n) << 80) | (0x7 << 76) | (0b10 << 62)),
        event: event.and_then(FeedPosition::parse),
        webhook_id: format!("evt_{n}"),
        kind: "offer.updated".to_owned(),
        number: n,
        at: Instant(1_795_338_000_000_000 + i64::from(n)),
        took_us: 41_999,
        url: URL.to_owned(),
        status: failure.is_none().then_some(200),
        failure: failure.map(str::to_owned),
        response: None,
        inside: Some(false),
    }
}

async fn attempts_are_listed_newest_first_and_filtered(engine: Engine) {
    let scene = Scene::on(engine).await;
    let vendor = &scene.shop.vendor;
    let target = Target::Endpoint(EndpointRef(text(&scene.endpoint, "ref").parse().expect("a number")));
    for n in 1..=5 {
        let failure = (n % 2 == 1).then_some("status: the answer was 500");
        let event = if n == 5 { &scene.events[1] } else { &scene.events[0] };
        scene.world.app.store.log_attempt(target, attempt(n, Some(event), failure)).await.expect("logged");
    }
    let attempts = format!("{}/attempts", path(&scene.endpoint));
    let numbers = async |query: &str| {
        let answer = vendor.get(&format!("{attempts}{query}")).await;
        let rows = answer.expect(200);
        let numbers: Vec<u64> =
            rows.as_array().expect("rows").iter().filter_map(|row| row["number"].as_u64()).collect();
        (numbers, answer.header("link").to_owned())
    };
    assert_eq!(numbers("").await.0, [5, 4, 3, 2, 1]);
    assert_eq!(numbers("?failed=true").await.0, [5, 3, 1]);
    assert_eq!(numbers("?failed=false").await.0, [5, 4, 3, 2, 1]);
    assert_eq!(numbers(&format!("?eventId={}", scene.events[1])).await.0, [5]);
    assert_eq!(numbers(&format!("?eventId={}&failed=true", scene.events[0])).await.0, [3, 1]);
    assert_eq!(numbers("?eventId=nothing").await.0, [0; 0]);
    assert_eq!(numbers("?pageIndex=1").await.0, [5, 4, 3, 2, 1]);
    let (page, link) = numbers("?limit=2").await;
    assert_eq!(page, [5, 4]);
    let next = link.strip_prefix("</core/latest/api").and_then(|rest| rest.split('>').next()).expect("a link");
    assert!(next.starts_with(&format!("{attempts}?")), "{link}");
    let rest = vendor.get(next).await.expect(200);
    assert_eq!((&rest[0]["number"], &rest[1]["number"]), (&json!(3), &json!(2)));
    let shown = vendor.get(&attempts).await.expect(200);
    assert_eq!(
        shown[0],
        json!({"ref": shown[0]["ref"], "eventId": scene.events[1], "webhookId": "evt_5", "type": "offer.updated", "number": 5,
            "timestamp": "2026-11-22T09:00:00.000005Z", "durationMs": 41, "url": URL, "status": null,
            "failure": "status: the answer was 500"})
    );
    scene.shop.subscriber.get(&attempts).await.refused(404, "not_found");
}

harness::on_each_engine! {
    an_event_a_stretch_or_all_that_was_given_up_can_be_asked_for;
    what_cannot_be_sent_again_is_refused;
    few_stretches_wait_for_one_endpoint_at_once;
    attempts_are_listed_newest_first_and_filtered;
}
