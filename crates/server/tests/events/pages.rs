//! `GET /events`.

use super::harness::{self, Engine, World, on_each_engine, text};
use super::{heard, kinds, next_of, order, pending_order, settle};
use orderpark_domain::ProductRef;
use serde_json::json;

async fn each_event_shows_the_object_as_it_was(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let placed = order(&shop.subscriber, &shop).await;
    let path = format!("/orders/{}", text(&placed, "ref"));
    let subscription = format!("/subscriptions/{}", text(&placed["subscriptions"][0], "ref"));
    let begun = shop.supplier.get(&subscription).await.expect(200);
    let suspended =
        shop.vendor.put(&subscription, json!({"state": "SUSPENDED", "reason": "a secret"})).await.expect(200);
    let resumed = shop.vendor.put(&subscription, json!({"state": "ACTIVE"})).await.expect(200);
    let cancelled = shop.vendor.delete(&path).await.expect(200);
    let ended = shop.supplier.get(&subscription).await.expect(200);

    let events = heard(&shop.subscriber, 200).await;
    let expected = [
        "subscriber.created",
        "order.activated",
        "subscription.activated",
        "subscription.activated",
        "subscription.suspended",
        "subscription.resumed",
        "order.cancelled",
        "subscription.cancelled",
        "subscription.cancelled",
    ];
    assert_eq!(kinds(&events), expected);
    let shown: Vec<_> = [1, 2, 4, 5, 6, 7].into_iter().map(|index| events[index]["data"].clone()).collect();
    assert_eq!(shown, [placed, begun, suspended, resumed, cancelled, ended]);
    assert!(!events.iter().any(|event| event.to_string().contains("a secret")), "the reason is the vendor's");

    let of_supplier = heard(&shop.supplier, 200).await;
    let subscriptions: Vec<_> =
        events.iter().filter(|event| text(event, "type").starts_with("sub")).skip(1).cloned().collect();
    assert_eq!(of_supplier, subscriptions, "a supplier hears of subscriptions, and of nothing else");
    let rival = world.shop("far", "rival").await;
    for stranger in [&rival.supplier, &rival.vendor, &rival.subscriber] {
        let theirs = heard(stranger, 200).await;
        assert!(theirs.iter().all(|event| !events.contains(event)), "{theirs:?}");
    }
}

async fn an_order_that_waits_is_told_when_it_is_settled(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let (agreed, refused) = (pending_order(&world, &shop).await, pending_order(&world, &shop).await);
    settle(&world, &agreed, None).await;
    settle(&world, &refused, Some(ProductRef(refused.subscriptions[0].product.0))).await;
    let now = [&agreed, &refused].map(|order| format!("/orders/{}", order.order));
    let (active, rejected) = (shop.vendor.get(&now[0]).await.expect(200), shop.vendor.get(&now[1]).await.expect(200));
    shop.vendor.delete(&now[0]).await.expect(200);
    let events = heard(&shop.subscriber, 200).await;
    let expected = [
        "subscriber.created",
        "order.pending",
        "order.pending",
        "order.activated",
        "subscription.activated",
        "order.rejected",
        "subscription.rejected",
        "order.cancelled",
        "subscription.cancelled",
    ];
    assert_eq!(kinds(&events), expected);
    assert_eq!((&events[3]["data"], &events[5]["data"]), (&active, &rejected));
    for (index, state) in
        [(1, "PENDING"), (2, "PENDING"), (3, "ACTIVE"), (5, "REJECTED"), (6, "REJECTED"), (7, "CANCELLED")]
    {
        assert_eq!(events[index]["data"]["state"], state);
        let cancelled = state == "CANCELLED";
        assert_eq!(events[index]["data"]["cancellationDate"].is_string(), cancelled, "{}", events[index]);
    }
    assert_eq!(events[7]["data"]["until"], events[6]["data"]["cancellationDate"]);
}

async fn offers_and_subscribers_are_told_to_their_vendor(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let offer = format!("/offers/{}", shop.offer_ref);
    let renamed = shop.vendor.put(&offer, json!({"name": "Other"})).await.expect(200);
    shop.vendor.put(&offer, json!({"name": "Other"})).await.expect(200);
    let party = format!("/subscribers/{}", shop.subscriber.party);
    let changed = shop.vendor.put(&party, json!({"name": "Changed"})).await.expect(200);
    let subscribers_own = heard(&shop.subscriber, 200).await;
    let deleted = shop.vendor.delete(&offer).await.expect(200);
    shop.vendor.delete(&party).await.expect(200);
    let events = heard(&shop.vendor, 200).await;
    let expected = [
        "subscriber.created",
        "offer.created",
        "offer.updated",
        "subscriber.updated",
        "offer.deleted",
        "subscriber.deleted",
    ];
    assert_eq!(kinds(&events), expected, "an update that changes nothing is no event");
    assert_eq!([2, 3, 4, 5].map(|index| &events[index]["data"]), [&renamed, &changed, &deleted, &changed]);
    assert_eq!(kinds(&subscribers_own), ["subscriber.created", "subscriber.updated"]);
}

async fn pages_of_any_size_are_one_feed(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    for _ in 0..8 {
        let placed = order(&shop.vendor, &shop).await;
        shop.vendor.delete(&format!("/orders/{}", text(&placed, "ref"))).await.expect(200);
    }
    for caller in [&world.operator, &shop.vendor.caller, &shop.supplier.caller] {
        let whole = heard(caller, 200).await;
        assert!(whole.len() >= 32);
        for limit in [1, 3, 7] {
            assert_eq!(heard(caller, limit).await, whole);
        }
        for event in &whole {
            let id = text(event, "id");
            let (sequence, _) = id.split_once('.').expect("entry and number");
            assert_eq!(event["sequence"], sequence);
        }
    }
    for base in ["/core/v141/api", "/core/v155/api", "/thingpark/dx/core/latest/api"] {
        let answer = shop.vendor.at(base).get("/events/?limit=2").await;
        let next = next_of(&answer);
        assert!(next.starts_with(&format!("{base}/events?limit=2&after=")), "{next}");
        assert_eq!(answer.expect(200).as_array().map(Vec::len), Some(2));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

async fn where_to_begin_is_understood_or_refused(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let latest = shop.vendor.get("/events?after=latest").await;
    assert_eq!(latest.expect(200), json!([]));
    let next = next_of(&latest);
    order(&shop.subscriber, &shop).await;
    let events = shop.vendor.at("").get(&next).await.expect(200);
    assert_eq!(events.as_array().map(Vec::len), Some(3), "{events}");
    for wrong in ["", "first", "1.", "-1", "01", "1.01", "1e3", "99999999999999999999", "1.4294967296", "%00"] {
        for path in ["/events", "/events/stream"] {
            let answer = shop.vendor.with("accept", "*/*").get(&format!("{path}?after={wrong}")).await;
            assert_eq!(answer.status, 400, "{} answered {}", answer.asked, answer.text());
        }
    }
    for unknown in ["999999", "999999.0", "1.0", "1-aaaaaaaa", "0.0"] {
        shop.vendor.get(&format!("/events?after={unknown}")).await.refused(410, "position_unknown");
        let vendor = shop.vendor.with("accept", "*/*");
        vendor.get(&format!("/events/stream?after={unknown}")).await.refused(410, "position_unknown");
        vendor.with("last-event-id", unknown).get("/events/stream").await.refused(410, "position_unknown");
    }
    for wrong in ["0", "201", "+5", "x", ""] {
        shop.vendor.get(&format!("/events?limit={wrong}")).await.refused(400, "invalid_attribute");
    }
    shop.vendor.get("/events?after=1&after=2").await.refused(400, "invalid_request");
    shop.vendor.get("/events/1.0").await.refused(404, "no_such_operation");
    shop.vendor.post("/events", json!({})).await.refused(405, "method_not_allowed");
    shop.vendor.with("accept", "text/event-stream").get("/events").await.refused(406, "not_acceptable");
    world.nobody().get("/events").await.refused(401, "unauthorized");
}

on_each_engine! {
    each_event_shows_the_object_as_it_was;
    an_order_that_waits_is_told_when_it_is_settled;
    offers_and_subscribers_are_told_to_their_vendor;
    pages_of_any_size_are_one_feed;
    where_to_begin_is_understood_or_refused;
}
