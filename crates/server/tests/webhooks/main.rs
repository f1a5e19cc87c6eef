//! Webhook endpoints: what they are, whose, what they are sent to try them out, and what can be asked about what was sent.

#[path = "../harness/mod.rs"]
mod harness;
mod owners;
mod page;
mod receiver;
mod replays;
mod secrets;
mod trials;

use harness::{Engine, World, text};
use orderpark_server::Settings;
use serde_json::{Value, json};

const URL: &str = "https://hooks.example/orders";

/// A deployment that may send to receivers on this machine.
async fn near(engine: Engine) -> World {
    let mut settings = Settings::default();
    settings.outside.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    World::with(engine, settings).await
}

fn path(endpoint: &Value) -> String {
    format!("/webhookEndpoints/{}", text(endpoint, "ref"))
}

/// What is shown of an endpoint, without what moves by itself.
fn without_delivery(mut endpoint: Value) -> Value {
    endpoint.as_object_mut().expect("an object").remove("delivery");
    endpoint
}

async fn an_endpoint_is_made_read_changed_and_deleted(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let body = json!({"url": URL, "description": "orders", "eventTypes": ["order.activated", "offer.updated"]});
    let answer = vendor.post("/webhookEndpoints", body).await;
    let made = answer.expect(201);
    assert_eq!(answer.header("location"), format!("/core/latest/api{}", path(&made)));
    assert_eq!((answer.header("etag"), answer.header("cache-control")), ("\"1\"", "no-store"));
    let mut expected = made.clone();
    expected.as_object_mut().expect("an object").remove("secret").expect("a secret");
    assert_eq!(
        expected,
        json!({"ref": made["ref"], "url": URL, "description": "orders", "scope": format!("VENDOR:{}", vendor.party),
            "eventTypes": ["order.activated", "offer.updated"], "state": "ENABLED", "creationDate": made["creationDate"],
            "createdBy": made["createdBy"], "createdByLogin": "acme@vendor.example"})
    );
    assert_eq!(vendor.get("/webhookEndpoints").await.expect(200), json!([expected]));

    let read = vendor.get(&path(&made)).await;
    let whole = read.expect(200);
    assert_eq!(without_delivery(whole.clone()), expected);
    assert_eq!(whole["delivery"]["waiting"], 0);
    assert_eq!(vendor.with("if-none-match", read.header("etag")).get(&path(&made)).await.status, 304);

    let put = vendor.with("if-match", read.header("etag")).put(&path(&made), whole.clone()).await;
    assert_eq!((put.expect(200), put.header("etag")), (expected.clone(), "\"1\""), "nothing has changed");
    let change =
        json!({"url": "https://hooks.example/2", "description": "more", "eventTypes": null, "state": "DISABLED"});
    let changed = vendor.put(&path(&made), change).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let changed = changed.expect(200);
    assert_eq!((&changed["url"], &changed["description"]), (&json!("https://hooks.example/2"), &json!("more")));
    assert_eq!((changed.get("eventTypes"), &changed["state"]), (None, &json!("DISABLED")));
    assert_eq!((&changed["disabledReason"], changed["disabledAt"].is_string()), (&json!("asked"), true));
    vendor.with("if-match", read.header("etag")).put(&path(&made), whole).await.refused(412, "stale");
    let enabled = vendor.put(&path(&made), json!({"state": "ENABLED"})).await.expect(200);
    assert_eq!((enabled.get("disabledReason"), enabled.get("disabledAt")), (None, None));
    for wrong in [json!({"ref": "987654"}), json!({"scope": "OPERATOR:1"}), json!({"creationDate": "2026-11-23"})] {
        vendor.put(&path(&made), wrong).await.refused(400, "invalid_attribute");
    }

    let gone = vendor.delete(&path(&made)).await.expect(200);
    assert_eq!(without_delivery(gone), enabled);
    vendor.get(&path(&made)).await.refused(404, "not_found");
    vendor.delete(&path(&made)).await.refused(404, "not_found");
    assert_eq!(vendor.get("/webhookEndpoints").await.expect(200), json!([]));
    world.journal().verify();
}

async fn what_is_done_to_one_endpoint_is_answered_200_in_every_version(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    for (base, made) in [("/core/v141/api", 200), ("/core/v155/api", 201), ("/thingpark/dx/core/latest/api", 201)] {
        let caller = vendor.at(base);
        let endpoint = caller.post("/webhookEndpoints", json!({"url": URL})).await.expect(made);
        for (act, body) in [("rotateSecret", ""), ("rotateSecret", "{}"), ("test", ""), ("replay", r#"{"after":"0"}"#)]
        {
            let answer = caller.post_raw(&format!("{}/{act}", path(&endpoint)), body).await;
            assert_eq!((answer.status, answer.header("location")), (200, ""), "{} {}", answer.asked, answer.text());
        }
        for method in ["GET", "PUT", "DELETE"] {
            let method = http::Method::from_bytes(method.as_bytes()).expect("a method");
            let answer = caller.send(method, &format!("{}/test", path(&endpoint)), "{}".into()).await;
            answer.refused(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), "POST");
        }
    }
}

async fn a_party_has_a_hundred_endpoints_at_most(engine: Engine) {
    let world = World::on(engine).await;
    let (vendor, other) = (world.vendor("acme").await, world.vendor("else").await);
    for n in 0..100 {
        let body = json!({"url": format!("{URL}/{n}")});
        vendor.post("/webhookEndpoints", body).await.expect(201);
    }
    vendor.post("/webhookEndpoints", json!({"url": URL})).await.refused(409, "too_many_endpoints");
    other.post("/webhookEndpoints", json!({"url": URL})).await.expect(201);
    let first = vendor.get("/webhookEndpoints?pageIndex=1").await.expect(200);
    assert_eq!(first.as_array().map(Vec::len), Some(100));
    assert_eq!(vendor.get("/webhookEndpoints?pageIndex=2").await.expect(200), json!([]));
    vendor.delete(&path(&first[0])).await.expect(200);
    vendor.post("/webhookEndpoints", json!({"url": URL})).await.expect(201);
    world.journal().verify();
}

harness::on_each_engine! {
    an_endpoint_is_made_read_changed_and_deleted;
    what_is_done_to_one_endpoint_is_answered_200_in_every_version;
    a_party_has_a_hundred_endpoints_at_most;
}
