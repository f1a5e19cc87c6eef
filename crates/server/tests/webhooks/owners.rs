//! An endpoint is its owner's alone, and the operator's.

use super::harness::{self, Engine, World, text};
use super::{URL, path};
use serde_json::json;

async fn an_endpoint_is_seen_by_its_party_and_by_the_operator(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let made = shop.subscriber.post("/webhookEndpoints", json!({"url": URL})).await.expect(201);
    assert_eq!(made["scope"], format!("SUBSCRIBER:{}", shop.subscriber.party));
    let scope = format!("SUBSCRIBER:{}", shop.subscriber.party);
    let colleague = world.user("colleague@acme.example", &[&scope]).await;
    for caller in [&shop.subscriber.caller, &colleague, &world.operator] {
        caller.get(&path(&made)).await.expect(200);
        assert_eq!(caller.get("/webhookEndpoints").await.expect(200)[0]["ref"], made["ref"]);
    }
    // The vendor sees the subscriber and its orders, and not where it listens.
    for caller in [&shop.vendor.caller, &shop.supplier.caller] {
        caller.get(&path(&made)).await.refused(404, "not_found");
        assert_eq!(caller.get("/webhookEndpoints").await.expect(200), json!([]));
        for act in ["rotateSecret", "test", "replay"] {
            caller.post(&format!("{}/{act}", path(&made)), json!({})).await.refused(404, "not_found");
        }
        caller.get(&format!("{}/attempts", path(&made))).await.refused(404, "not_found");
    }
    let filter = format!("/webhookEndpoints?scope={scope}");
    assert_eq!(colleague.get(&filter).await.expect(200).as_array().map(Vec::len), Some(1));
    let other_kind = format!("/webhookEndpoints?scope=VENDOR:{}", shop.subscriber.party);
    assert_eq!(world.operator.get(&other_kind).await.expect(200), json!([]));
}

async fn who_holds_several_scopes_says_which(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let vendor = format!("VENDOR:{}", shop.vendor.party);
    let supplier = format!("SUPPLIER:{}", shop.supplier.party);
    let both = world.user("both@acme.example", &[&vendor, &supplier]).await;
    let needed = both.post("/webhookEndpoints", json!({"url": URL})).await.refused(400, "invalid_attribute");
    assert_eq!(needed["fields"][0]["path"], "scope");
    for scope in [&vendor, &supplier] {
        let made = both.post("/webhookEndpoints", json!({"url": URL, "scope": scope})).await.expect(201);
        assert_eq!(made["scope"], scope.as_str());
    }
    let foreign = format!("SUBSCRIBER:{}", shop.subscriber.party);
    for scope in [foreign.as_str(), "OPERATOR:1", "VENDOR:987654"] {
        let body = json!({"url": URL, "scope": scope});
        both.post("/webhookEndpoints", body).await.refused(400, "unknown_reference");
    }
    let own = world.operator.post("/webhookEndpoints", json!({"url": URL})).await.expect(201);
    assert_eq!(own["scope"], "OPERATOR:1");
    let of_another = json!({"url": URL, "scope": foreign});
    let made = world.operator.post("/webhookEndpoints", of_another).await.expect(201);
    shop.subscriber.get(&path(&made)).await.expect(200);
}

async fn endpoints_die_with_their_party(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let made = shop.subscriber.post("/webhookEndpoints", json!({"url": URL})).await.expect(201);
    shop.vendor.delete(&format!("/subscribers/{}", shop.subscriber.party)).await.expect(200);
    world.operator.get(&path(&made)).await.refused(404, "not_found");
    assert_eq!(world.operator.get("/webhookEndpoints").await.expect(200), json!([]));
    assert!(!text(&made, "ref").is_empty());
    world.journal().verify();
}

harness::on_each_engine! {
    an_endpoint_is_seen_by_its_party_and_by_the_operator;
    who_holds_several_scopes_says_which;
    endpoints_die_with_their_party;
}
