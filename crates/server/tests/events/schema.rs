//! Every event that is told, and every one that docs/events.md shows, is as its JSON Schema says.
//!
//! The schemas use few words of JSON Schema, which are checked here. Another word would not be, so it fails the test.

use super::harness::{Engine, World, text};
use super::{heard, order, pending_order, settle};
use orderpark_domain::ProductRef;
use orderpark_domain::feed::Kind;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn schema(kind: &str) -> Value {
    let path = docs().join(format!("reference/events/{kind}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// What is wrong with a value.
fn objections(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let words = schema.as_object().expect("a schema is an object");
    let mut objections = Vec::new();
    for (word, rule) in words {
        let holds = match word.as_str() {
            "$schema" | "title" | "description" | "required" | "additionalProperties" => true,
            "type" => is_a(value, rule.as_str().expect("one type")),
            "const" => value == rule,
            "enum" => rule.as_array().expect("a list").contains(value),
            "format" => rule == "date-time" && is_time(value),
            "properties" => {
                objections.extend(of_object(words, value, path));
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    objections.extend(self::objections(rule, item, &format!("{path}[{index}]")));
                }
                true
            }
            other => panic!("teach this test the word {other}"),
        };
        if !holds {
            objections.push(format!("{path}: {value} breaks {word} {rule}"));
        }
    }
    objections
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "null" => value.is_null(),
        other => panic!("teach this test the type {other}"),
    }
}

/// `2026-11-23T10:00:00.000000Z`.
fn is_time(value: &Value) -> bool {
    let shape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    let fits = |(found, wanted): (char, char)| if wanted == 'd' { found.is_ascii_digit() } else { found == wanted };
    value.as_str().is_some_and(|text| text.len() == shape.len() && text.chars().zip(shape.chars()).all(fits))
}

fn of_object(schema: &Map<String, Value>, value: &Value, path: &str) -> Vec<String> {
    assert_eq!(schema["additionalProperties"], false, "{path}: what is not named is not there");
    let (properties, none) = (schema["properties"].as_object().expect("names"), Map::new());
    let object = value.as_object().unwrap_or(&none);
    let required = schema["required"].as_array().expect("names");
    let missing = required.iter().filter(|name| !object.contains_key(name.as_str().expect("a name")));
    let mut objections: Vec<String> = missing.map(|name| format!("{path}: no {name}")).collect();
    for (name, value) in object {
        match properties.get(name) {
            Some(schema) => objections.extend(self::objections(schema, value, &format!("{path}.{name}"))),
            None => objections.push(format!("{path}: nobody said that there is {name}")),
        }
    }
    objections
}

fn check(event: &Value) {
    let wrong = objections(&schema(&text(event, "type")), event, "event");
    assert_eq!(wrong, Vec::<String>::new(), "{event:#}");
}

#[tokio::test]
async fn every_event_is_as_its_schema_says() {
    let world = World::on(Engine::Sqlite).await;
    let shop = world.shop("net", "acme").await;
    let whole = json!({"offerId": shop.offer_id, "externalId": "PO-1", "quantity": 2});
    let placed = shop.subscriber.post("/orders?withProcessingStrategyId=ROUTE", whole).await.expect(201);
    let path = format!("/subscriptions/{}", text(&placed["subscriptions"][1], "ref"));
    shop.vendor.put(&path, json!({"state": "SUSPENDED", "reason": "why"})).await.expect(200);
    shop.vendor.put(&path, json!({"state": "ACTIVE"})).await.expect(200);
    let plain = order(&shop.vendor, &shop).await;
    shop.vendor.delete(&format!("/orders/{}", text(&plain, "ref"))).await.expect(200);
    let pending = [pending_order(&world, &shop).await, pending_order(&world, &shop).await];
    settle(&world, &pending[0], None).await;
    settle(&world, &pending[1], Some(ProductRef(pending[1].subscriptions[0].product.0))).await;
    shop.vendor.put(&format!("/offers/{}", shop.offer_ref), json!({"state": "SUSPENDED"})).await.expect(200);
    let party = format!("/subscribers/{}", shop.subscriber.party);
    let about = json!({"contactEmail": "a@b.example", "organization": "Org"});
    shop.vendor.put(&party, about).await.expect(200);
    shop.vendor.delete(&format!("{party}?force=true")).await.expect(200);
    shop.vendor.delete(&format!("/offers/{}", shop.offer_ref)).await.expect(200);

    let events = heard(&world.operator, 200).await;
    events.iter().for_each(check);
    let seen: BTreeSet<String> = events.iter().map(|event| text(event, "type")).collect();
    assert_eq!(seen, Kind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect());
}

#[test]
fn a_schema_notices_what_is_wrong() {
    let examples = examples();
    let event = examples.iter().find(|event| event["type"] == "order.activated").expect("an example");
    let schema = schema("order.activated");
    let broken: [fn(&mut Value); 8] = [
        |event| event["type"] = json!("order.cancelled"),
        |event| event["sequence"] = json!(17),
        |event| event["timestamp"] = json!("yesterday"),
        |event| event["data"]["state"] = json!("PENDING"),
        |event| event["data"]["cancellationDate"] = json!("2026-11-23T10:00:00.000000Z"),
        |event| event["data"]["secret"] = json!("x"),
        |event| drop(event["data"].as_object_mut().map(|data| data.remove("ref"))),
        |event| event["data"]["subscriptions"][0]["state"] = json!("SUSPENDED"),
    ];
    assert!(objections(&schema, event, "event").is_empty());
    for breaks in broken {
        let mut event = event.clone();
        breaks(&mut event);
        assert_eq!(objections(&schema, &event, "event").len(), 1, "{event:#}");
    }
}

/// The events that docs/events.md shows.
fn examples() -> Vec<Value> {
    let page = std::fs::read_to_string(docs().join("events.md")).expect("a page");
    let blocks = page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| serde_json::from_str(block).expect("an example of JSON")).collect()
}

#[test]
fn the_page_shows_an_event_of_each_kind() {
    let examples = examples();
    examples.iter().for_each(check);
    let shown: Vec<String> = examples.iter().map(|event| text(event, "type")).collect();
    assert_eq!(shown, Kind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>());
    let files = std::fs::read_dir(docs().join("reference/events")).expect("a folder").count();
    assert_eq!(files, Kind::ALL.len() + BESIDE.len());
}

/// What is sent and not in the feed.
const BESIDE: [&str; 1] = ["webhook.test"];

#[test]
fn what_is_sent_beside_the_feed_is_as_its_schema_says() {
    let page = std::fs::read_to_string(docs().join("webhooks.md")).expect("a page");
    for kind in BESIDE {
        let shown = |block: &&str| block.contains(&format!("\"type\": \"{kind}\"")) && block.contains("\"data\"");
        let mut blocks = page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
        check(&serde_json::from_str(blocks.find(shown).expect("an example")).expect("JSON"));
    }
}
