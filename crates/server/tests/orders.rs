//! The main job through the real router: place, get, list, cancel.

mod harness;

use harness::{Engine, World, text};
use serde_json::json;

async fn an_order_reads_as_the_domain_page_says(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let body = json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id, "externalId": "PO-2026-17"});
    let answer = shop.vendor.post("/orders?withProcessingStrategyId=IOT_FLOW", body).await;
    let order = answer.expect(201);
    let order_ref = text(&order, "ref");
    assert_eq!(answer.header("location"), format!("/core/latest/api/orders/{order_ref}"));
    assert_eq!(answer.header("etag"), "\"1\"");
    let names: Vec<_> = order.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = "ref offerRef offerId vendorId subscriberRef subscriberId quantity externalId state \
                    processingStrategyId creationDate cancellationDate subscriptions";
    assert_eq!(names.join(" "), expected);
    assert_eq!(order["state"], "ACTIVE");
    assert_eq!(order["quantity"], 1);
    assert_eq!(order["offerRef"], shop.offer_ref.as_str());
    assert_eq!(order["subscriberRef"], shop.subscriber.party.as_str());
    assert!(order["cancellationDate"].is_null());
    assert_eq!(text(&order, "creationDate").len(), "2026-11-23T10:00:00.000000Z".len());
    assert_eq!(order["subscriptions"][0]["grantedConnections"], "100");
    assert_eq!(order["subscriptions"][1].get("grantedConnections"), None);
    for caller in [&shop.vendor.caller, &shop.subscriber.caller, &world.operator] {
        assert_eq!(caller.get(&format!("/orders/{order_ref}")).await.expect(200), order);
        assert_eq!(caller.get("/orders").await.expect(200), json!([order]));
    }
    shop.supplier.get("/orders").await.refused(403, "forbidden");
}

async fn the_version_decides_the_success_of_a_post(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let bases = [
        ("/core/v141/api", 200),
        ("/core/v155/api", 201),
        ("/core/latest/api", 201),
        ("/thingpark/dx/core/v141/api", 200),
        ("/thingpark/dx/core/v155/api", 201),
        ("/thingpark/dx/core/latest/api", 201),
    ];
    for (base, status) in bases {
        let answer = shop.subscriber.at(base).post("/orders/", json!({"offerId": shop.offer_id})).await;
        let order = answer.expect(status);
        let location = if status == 201 { format!("{base}/orders/{}", text(&order, "ref")) } else { String::new() };
        assert_eq!(answer.header("location"), location);
    }
    assert_eq!(shop.subscriber.get("/orders").await.expect(200).as_array().map(Vec::len), Some(6));
}

async fn cancelling_twice_answers_the_same_order(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    let path = format!("/orders/{}", text(&order, "ref"));
    let rehearsal = shop.subscriber.delete(&format!("{path}?dryRun=true")).await;
    assert_eq!(rehearsal.header("etag"), "");
    let rehearsed = rehearsal.expect(200);
    assert_eq!(rehearsed["state"], "CANCELLED");
    assert_eq!(shop.subscriber.get(&path).await.expect(200)["state"], "ACTIVE");
    let cancelled = shop.subscriber.delete(&path).await.expect(200);
    assert_eq!(cancelled["subscriptions"][0]["state"], "CANCELLED");
    assert!(cancelled["cancellationDate"].is_string());
    assert_eq!(shop.subscriber.delete(&path).await.expect(200), cancelled);
    assert_eq!(shop.subscriber.get("/orders").await.expect(200), json!([]));
    assert_eq!(shop.subscriber.get("/orders?state=ALL").await.expect(200), json!([cancelled]));
    assert_eq!(shop.subscriber.get("/orders?state=ACTIVE").await.expect(200), json!([]));
}

async fn the_same_key_answers_the_same_order(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let subscriber = shop.subscriber.key("key 1");
    let first = subscriber.post("/orders", json!({"offerId": shop.offer_id, "quantity": 2})).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = subscriber.post_raw("/orders", format!("{{ \"quantity\":2, \"offerId\" : {:?}}}", shop.offer_id)).await;
    assert_eq!(again.expect(201), first.expect(201));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    let body = json!({"offerId": shop.offer_id, "quantity": 2});
    let ignored = subscriber.post("/orders?dryRun=False", body.clone()).await;
    assert_eq!((ignored.header("idempotent-replayed"), ignored.expect(201)), ("true", first.expect(201)));
    subscriber.post("/orders?withProcessingStrategyId=ROUTE", body).await.refused(422, "key_reused");
    let other = subscriber.post("/orders", json!({"offerId": shop.offer_id, "quantity": 3})).await;
    other.refused(422, "key_reused");
    subscriber.key("").post("/orders", json!({"offerId": shop.offer_id})).await.refused(400, "invalid_request");
}

async fn what_is_wrong_is_named(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let post = async |body| shop.subscriber.post("/orders", body).await;
    let wrong = post(json!({"quantity": 0, "externalId": "", "color": "red"})).await.refused(400, "invalid_attribute");
    let paths: Vec<_> = wrong["fields"].as_array().expect("fields").iter().map(|field| text(field, "path")).collect();
    assert_eq!(paths, ["offerId", "quantity", "externalId", "color"]);
    post(json!({"offerId": shop.offer_id, "color": 1})).await.refused(400, "unknown_attribute");
    post(json!({"offerId": "acme/none"})).await.refused(400, "unknown_reference");
    for (attribute, value) in
        [("subscriberRef", "x"), ("subscriberRef", "99"), ("subscriberId", "x"), ("subscriberId", "100000099")]
    {
        let named = post(json!({"offerId": shop.offer_id, attribute: value})).await.refused(400, "unknown_reference");
        assert_eq!(named["fields"][0]["path"], attribute, "{value}");
    }
    post(json!({"offerId": "x".repeat(301)})).await.refused(400, "unknown_reference");
    let long = format!("/orders?withProcessingStrategyId={}", "x".repeat(301));
    let none = shop.subscriber.post(&long, json!({"offerId": shop.offer_id})).await;
    none.refused(400, "unknown_processing_strategy");
    assert_eq!(shop.vendor.get(&format!("/offers?offerId={}", "x".repeat(301))).await.expect(200), json!([]));
    post(json!({"offerId": shop.offer_id, "offerRef": "1"})).await.refused(400, "invalid_attribute");
    post(json!({"offerId": shop.offer_id, "subscriberId": "nobody"})).await.refused(400, "unknown_reference");
    let path = "/orders?withProcessingStrategyId=";
    let none = shop.subscriber.post(path, json!({"offerId": shop.offer_id})).await;
    none.refused(400, "unknown_processing_strategy");
    shop.subscriber.post_raw("/orders", "[]").await.refused(400, "invalid_body");
    shop.subscriber.post_raw("/orders", "{").await.refused(400, "malformed_json");
    shop.subscriber.post_raw("/orders", r#"{"a":1,"a":1}"#).await.refused(400, "duplicate_key");
    let big = format!("{{\"offerId\":\"{}\"}}", "x".repeat(256 * 1024));
    shop.subscriber.post_raw("/orders", big).await.refused(413, "body_too_large");
    let xml = shop.subscriber.with("content-type", "application/xml");
    xml.post_raw("/orders", "<order/>").await.refused(415, "unsupported_media_type");
    shop.subscriber.with("accept", "application/xml").get("/orders").await.refused(406, "not_acceptable");
}

async fn the_same_external_id_is_the_same_order(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let body = json!({"offerId": shop.offer_id, "externalId": "PO-1"});
    let first = shop.subscriber.post("/orders", body.clone()).await.expect(201);
    assert_eq!(shop.subscriber.post("/orders", body.clone()).await.expect(201), first);
    let other = json!({"offerId": shop.offer_id, "externalId": "PO-1", "quantity": 2});
    shop.subscriber.post("/orders", other).await.refused(409, "external_id_taken");
    assert_eq!(shop.subscriber.get("/orders?externalId=PO-1").await.expect(200), json!([first]));
    assert_eq!(shop.subscriber.get("/orders?externalId=PO-2").await.expect(200), json!([]));
    assert_eq!(shop.vendor.get("/orders?subscriberId=x").await.expect(200), json!([]));
}

async fn many_orders_are_paged_and_streamed_newest_first(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let mut refs = Vec::new();
    for _ in 0..730 {
        let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
        refs.push(text(&order, "ref"));
    }
    refs.reverse();
    let refs_of = |answer: serde_json::Value| -> Vec<String> {
        answer.as_array().expect("an array").iter().map(|order| text(order, "ref")).collect()
    };
    assert_eq!(refs_of(shop.vendor.get("/orders").await.expect(200)), refs);
    assert_eq!(refs_of(shop.vendor.get("/orders?pageIndex=2").await.expect(200)), refs[100..200]);
    assert_eq!(refs_of(shop.vendor.get("/orders?pageIndex=9").await.expect(200)), [""; 0]);
    shop.vendor.get("/orders?pageIndex=0").await.refused(400, "invalid_attribute");
    shop.vendor.get("/orders?limit=201").await.refused(400, "invalid_attribute");
    let mut walked = Vec::new();
    let mut path = "/core/latest/api/orders?limit=200".to_owned();
    for _ in 0..4 {
        let answer = shop.vendor.at("").get(&path).await;
        walked.extend(refs_of(answer.expect(200)));
        let link = answer.header("link");
        link.trim_start_matches('<').split('>').next().unwrap_or_default().clone_into(&mut path);
    }
    assert_eq!(walked, refs);
    assert_eq!(path, "");
}

harness::on_each_engine! {
    an_order_reads_as_the_domain_page_says;
    the_version_decides_the_success_of_a_post;
    cancelling_twice_answers_the_same_order;
    the_same_key_answers_the_same_order;
    what_is_wrong_is_named;
    the_same_external_id_is_the_same_order;
    many_orders_are_paged_and_streamed_newest_first;
}
