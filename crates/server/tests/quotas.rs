//! Quotas over HTTP: who reads and sets them, what they refuse, and that a refusal says whose quota
//! it is.

mod harness;

use harness::{Caller, Engine, Member, Shop, World};
use serde_json::{Value, json};

async fn set(world: &World, member: &Member, quotas: Value) -> Value {
    world.operator.put(&format!("/quotas/{}", member.party), quotas).await.expect(200)
}

async fn read(caller: &Caller, of: &Member) -> Value {
    caller.get(&format!("/quotas/{}", of.party)).await.expect(200)
}

async fn order(shop: &Shop) -> harness::Answer {
    shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await
}

async fn quotas_are_shown_with_their_source_and_what_is_used(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    order(&shop).await.expect(201);
    set(&world, &shop.vendor, json!({"openOrders": 7, "users": 3})).await;
    let shown = read(&shop.vendor, &shop.vendor).await;
    let expected = json!({
        "ref": shop.vendor.party, "kind": "VENDOR", "id": "acme",
        "requestsPerSecond": null, "openOrders": 7, "users": 3, "endpoints": 100, "streams": 64,
        "sources": {"requestsPerSecond": "default", "openOrders": "set", "users": "set", "endpoints": "default",
            "streams": "default"},
        "used": {"openOrders": 1, "users": 1, "endpoints": 0, "streams": 0},
    });
    assert_eq!(shown, expected);
    assert_eq!(read(&shop.vendor, &shop.subscriber).await["used"]["openOrders"], 1);
    assert_eq!(shop.vendor.get("/quotas").await.expect(200).as_array().map(Vec::len), Some(2));
    shop.subscriber.get(&format!("/quotas/{}", shop.vendor.party)).await.refused(404, "not_found");

    // What was read may be sent back; null is the default again; the tag is that of what was read.
    let path = format!("/quotas/{}", shop.vendor.party);
    let tag = world.operator.get(&path).await.header("etag").to_owned();
    let with = |tag: &str| world.operator.with("if-match", tag);
    assert_eq!(with(&tag).put(&path, shown.clone()).await.expect(200), shown, "an echo changes nothing");
    let dry = with(&tag).put(&format!("{path}?dryRun=true"), json!({"users": null})).await.expect(200);
    assert_eq!((&dry["users"], &read(&world.operator, &shop.vendor).await["users"]), (&json!(100), &json!(3)));
    let reset = with(&tag).put(&path, json!({"users": null})).await.expect(200);
    assert_eq!((&reset["users"], &reset["sources"]["users"]), (&json!(100), &json!("default")));
    with(&tag).put(&path, json!({"users": 9})).await.refused(412, "stale");
    world.journal().verify();
}

async fn beyond_a_quota_a_party_is_refused_and_others_are_not(engine: Engine) {
    let world = World::on(engine).await;
    let (shop, other) = (world.shop("net", "acme").await, world.shop("far", "else").await);
    set(&world, &shop.vendor, json!({"openOrders": 2, "users": 2, "endpoints": 1})).await;
    set(&world, &shop.subscriber, json!({"openOrders": 1})).await;
    let placed = order(&shop).await.expect(201);
    let full = order(&shop).await.refused(409, "too_many_open_orders");
    assert!(full["message"].as_str().is_some_and(|text| text.starts_with("the subscriber has")), "{full}");
    set(&world, &shop.subscriber, json!({"openOrders": 9})).await;
    order(&shop).await.expect(201);
    let full = order(&shop).await.refused(409, "too_many_open_orders");
    assert!(full["message"].as_str().is_some_and(|text| text.starts_with("the vendor with all")), "{full}");
    order(&other).await.expect(201);
    shop.subscriber.delete(&format!("/orders/{}", harness::text(&placed, "ref"))).await.expect(200);
    order(&shop).await.expect(201);

    let user = |n: u8| json!({"email": format!("u{n}@acme.example")});
    shop.vendor.post("/users", user(1)).await.expect(201);
    shop.vendor.post("/users", user(2)).await.refused(409, "too_many_users");
    let endpoint = json!({"url": "https://hooks.example/"});
    shop.vendor.post("/webhookEndpoints", endpoint.clone()).await.expect(201);
    shop.vendor.post("/webhookEndpoints", endpoint.clone()).await.refused(409, "too_many_endpoints");
    other.vendor.post("/webhookEndpoints", endpoint).await.expect(201);
    world.journal().verify();
}

/// A rate is of the party, or of its vendor with all its subscribers; it is in force within a
/// second.
async fn too_many_requests_are_refused_and_the_refusal_says_whose_quota_it_is(engine: Engine) {
    let world = World::on(engine).await;
    let (shop, other) = (world.shop("net", "acme").await, world.shop("far", "else").await);
    set(&world, &shop.vendor, json!({"requestsPerSecond": 2})).await;
    world.pass_seconds(1);
    let burst = async |caller: &Caller| {
        let mut last = caller.get("/orders").await;
        for _ in 0..40 {
            if last.status == 429 {
                return last;
            }
            last = caller.get("/orders").await;
        }
        last
    };
    let refused = burst(&shop.subscriber).await;
    assert_eq!(refused.header("retry-after"), "1");
    let problem = refused.refused(429, "too_many_requests");
    let whose = "your vendor and its subscribers together have more requests than the quota requestsPerSecond allows (2 a second)";
    assert!(problem["message"].as_str().is_some_and(|text| text.starts_with(whose)), "{problem}");
    assert_eq!(shop.vendor.get("/vendors").await.status, 429, "it has used its vendor's quota too");
    assert_eq!((burst(&shop.supplier).await.status, other.vendor.get("/vendors").await.status), (403, 200));

    set(&world, &shop.vendor, json!({"requestsPerSecond": 1000})).await;
    set(&world, &shop.subscriber, json!({"requestsPerSecond": 1})).await;
    world.pass_seconds(1);
    let problem = burst(&shop.subscriber).await.refused(429, "too_many_requests");
    let whose = "your party has more requests than the quota requestsPerSecond allows (1 a second)";
    assert!(problem["message"].as_str().is_some_and(|text| text.starts_with(whose)), "{problem}");
    shop.vendor.get("/vendors").await.expect(200);
}

harness::on_each_engine! {
    quotas_are_shown_with_their_source_and_what_is_used;
    beyond_a_quota_a_party_is_refused_and_others_are_not;
    too_many_requests_are_refused_and_the_refusal_says_whose_quota_it_is;
}
