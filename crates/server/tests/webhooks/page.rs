//! What docs/webhooks.md shows is so: the signature fits, and what is shown of an endpoint is what is shown.

use super::harness::{Engine, World};
use super::{URL, path};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md")).expect("a page")
}

/// The blocks in a language.
fn blocks(language: &str) -> Vec<String> {
    let (page, fence) = (page(), format!("```{language}\n"));
    let blocks = page.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_signature_on_the_page_is_that_of_its_message() {
    let made: Value = serde_json::from_str(&blocks("json")[0]).expect("JSON");
    let secret = made["secret"].as_str().and_then(|secret| secret.strip_prefix("whsec_")).expect("a secret");
    let message = &blocks("http")[0];
    let (head, body) = message.split_once("\n\n").expect("a head and a body");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.expect("a header").to_owned()
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).expect("base64"));
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    let expected = format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())));
    assert_eq!(header("webhook-signature"), expected);
    let event: Value = serde_json::from_str(body).expect("JSON");
    for (name, attribute) in [("ce-id", "id"), ("ce-type", "type"), ("ce-time", "timestamp")] {
        assert_eq!(header(name), event[attribute].as_str().unwrap_or_default());
    }
    let id = event["id"].as_str().unwrap_or_default();
    assert_eq!(header("webhook-id"), format!("evt_{}", id.replace(['.', '-'], "_")));
}

fn names(object: &Value) -> BTreeSet<String> {
    object.as_object().expect("an object").keys().cloned().collect()
}

#[tokio::test]
async fn the_answers_on_the_page_have_the_attributes_that_answers_have() {
    let world = World::on(Engine::Sqlite).await;
    let vendor = world.vendor("acme").await;
    let shown: Vec<Value> = blocks("json").iter().map(|block| serde_json::from_str(block).expect("JSON")).collect();
    let body = json!({"url": URL, "eventTypes": ["order.activated", "order.cancelled"]});
    let made = vendor.post("/webhookEndpoints", body).await.expect(201);
    assert_eq!(names(&shown[0]), names(&made));
    let mut told = names(&made);
    told.retain(|name| !["secret", "createdBy", "createdByLogin"].contains(&name.as_str()));
    assert_eq!((names(&shown[2]["data"]), &shown[2]["type"]), (told, &json!("webhook.test")));
    let failed = vendor.post(&format!("{}/test", path(&made)), json!({})).await.expect(200);
    let mut expected = names(&failed);
    expected.remove("failure");
    assert_eq!(names(&shown[1]), expected);
    vendor.put(&path(&made), json!({"eventTypes": null})).await.expect(200);
    let read = vendor.get(&path(&made)).await.expect(200);
    assert_eq!(names(&shown[3]), names(&read));
    assert_eq!(names(&shown[3]["delivery"]), names(&read["delivery"]));
    assert_eq!(shown.len(), 4, "teach this test the other examples");
}
