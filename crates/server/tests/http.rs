//! What every operation has in common: who is let in, methods, paths, headers, forms of errors, limits.

mod harness;

use axum::body::Body;
use harness::{World, text};
use http::Method;
use orderpark_server::router::operations;
use serde_json::json;

#[tokio::test]
async fn a_token_comes_before_everything() {
    let world = World::new().await;
    let nobody = world.nobody();
    for operation in operations() {
        let path = operation.path.replace("{ref}", "1");
        let answer = nobody.send(operation.method.clone(), &path, Body::empty()).await;
        answer.refused(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"orderpark\"");
    }
    for path in ["", "/", "/nothing", "/orders/1/2", "/orders//"] {
        nobody.get(path).await.refused(401, "unauthorized");
        world.operator.get(path).await.refused(404, "not_found");
    }
    nobody.send(Method::PATCH, "/orders", Body::empty()).await.refused(401, "unauthorized");
    nobody.at("/admin/latest/api").get("/nothing").await.refused(401, "unauthorized");
    world.operator.at("/admin/latest/api").get("/nothing").await.refused(404, "not_found");
    nobody.at("").get("/nothing").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_method_that_is_not_there_names_those_that_are() {
    let world = World::new().await;
    for (method, path, allow) in [
        (Method::PATCH, "/orders", "GET, POST, HEAD"),
        (Method::PUT, "/orders/1", "GET, DELETE, HEAD"),
        (Method::POST, "/users/1/", "GET, PUT, DELETE, HEAD"),
    ] {
        let answer = world.operator.send(method, path, Body::empty()).await;
        answer.refused(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allow);
    }
    let answer = world.nobody().at("/admin/latest/api").get("/oauth/token").await;
    answer.refused(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = World::new().await;
    for path in ["/orders", "/processingStrategies", "/processingStrategies/3", "/users/999"] {
        let (get, head) = (world.operator.get(path).await, world.operator.head(path).await);
        assert_eq!(head.status, get.status);
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-length"), get.body.len().to_string());
        assert_eq!(head.header("etag"), get.header("etag"));
    }
}

#[tokio::test]
async fn errors_have_the_form_that_was_asked_for() {
    let world = World::new().await;
    let plain = world.operator.get("/orders/1").await;
    assert_eq!(plain.header("content-type"), "application/json");
    let names: Vec<_> = plain.json().as_object().expect("an object").keys().cloned().collect();
    assert_eq!(names, ["code", "message", "errorId", "reason", "see"]);
    let standard = world.operator.with("accept", "application/problem+json, application/json").get("/orders/1").await;
    assert_eq!(standard.header("content-type"), "application/problem+json");
    let body = standard.refused(404, "not_found");
    assert_eq!(body["type"], "urn:orderpark:problem:not_found");
    assert_eq!((&body["title"], &body["status"]), (&json!("Not Found"), &json!(404)));
    assert_eq!(body["detail"], plain.json()["message"]);
    assert_ne!(body["errorId"], plain.json()["errorId"]);
}

#[tokio::test]
async fn what_a_caller_accepts() {
    let world = World::new().await;
    let accepts = ["application/json", "application/json; charset=utf-8", "text/html, application/json;q=0.9", "*/*"];
    for accept in accepts {
        let caller = world.operator.with("accept", accept).with("content-type", "application/json");
        assert_eq!(caller.get("/orders").await.expect(200), json!([]));
    }
    for accept in ["application/xml", "text/html", "application/json;q=0"] {
        world.operator.with("accept", accept).get("/orders").await.refused(406, "not_acceptable");
    }
}

#[tokio::test]
async fn preconditions_are_honoured() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    let path = format!("/offers/{}", shop.offer_ref);
    let read = shop.vendor.get(&path).await;
    let etag = read.header("etag").to_owned();
    let known = shop.vendor.with("if-none-match", &etag).get(&path).await;
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, etag.as_str()));
    let changed = shop.vendor.with("if-match", &etag).put(&path, json!({"name": "Other"})).await;
    assert_eq!(changed.expect(200)["name"], "Other");
    assert_ne!(changed.header("etag"), etag);
    shop.vendor.with("if-match", &etag).put(&path, json!({"name": "Third"})).await.refused(412, "stale");
    shop.vendor.with("if-match", &etag).delete(&path).await.refused(412, "stale");
    assert_eq!(shop.vendor.with("if-none-match", &etag).get(&path).await.expect(200)["name"], "Other");
    shop.vendor.with("if-match", "*").delete(&path).await.expect(200);
    shop.vendor.get(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let world = World::new().await;
    let path = |length: usize| format!("/orders?x={}", "y".repeat(length - "/core/latest/api/orders?x=".len()));
    world.operator.get(&path(8192)).await.expect(200);
    world.operator.get(&path(8193)).await.refused(414, "uri_too_long");
    world.operator.with("x-long", &"y".repeat(16 * 1024)).get("/orders").await.refused(431, "headers_too_large");
    let mut many = world.operator.clone();
    for n in 0..100 {
        many = many.with(&format!("x-{n}"), "y");
    }
    many.get("/orders").await.refused(431, "headers_too_large");
    world.operator.get("/orders?state=ALL&state=ACTIVE").await.refused(400, "invalid_request");
}

#[tokio::test]
async fn health_needs_no_token_and_says_no_more() {
    let world = World::new().await;
    let nobody = world.nobody().at("");
    assert_eq!(nobody.get("/health/live").await.expect(200), json!({"status": "UP"}));
    assert_eq!(nobody.get("/health/ready").await.expect(200), json!({"status": "UP"}));
    world.app.draining.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(nobody.get("/health/live").await.expect(200), json!({"status": "UP"}));
    let draining = nobody.get("/health/ready").await;
    assert_eq!(draining.expect(503), json!({"status": "DOWN", "message": "the server is stopping"}));
    assert_eq!(draining.header("connection"), "close");
}

#[tokio::test]
async fn readiness_says_that_the_database_takes_no_changes() {
    let world = World::new().await;
    let nobody = world.nobody().at("");
    world.app.store.close().await;
    let ready = nobody.get("/health/ready").await.expect(503);
    assert_eq!(ready, json!({"status": "DOWN", "message": "the database does not take changes now"}));
    assert_eq!(nobody.get("/health/live").await.expect(200), json!({"status": "UP"}), "a restart would not help");
}

#[tokio::test]
async fn what_a_caller_may_not_know_is_like_what_is_not_there() {
    let world = World::new().await;
    let mine = world.shop("net", "acme").await;
    let theirs = world.shop("grid", "bolt").await;
    let order = theirs.subscriber.post("/orders", json!({"offerId": theirs.offer_id})).await.expect(201);
    let order = format!("/orders/{}", text(&order, "ref"));
    let absent = "/orders/01900000-0000-7000-8000-000000000000";
    let blank = |mut answer: harness::Answer, sent: &str| {
        answer.headers.remove("content-length");
        let mut body: serde_json::Value = serde_json::from_str(&answer.but_for(sent)).expect("JSON");
        body["errorId"] = json!("");
        (answer.status, answer.headers, body)
    };
    for caller in [&mine.vendor.caller, &mine.subscriber.caller] {
        assert_eq!(blank(caller.get(&order).await, "-"), blank(caller.get(absent).await, "-"));
        assert_eq!(blank(caller.delete(&order).await, "-"), blank(caller.delete(absent).await, "-"));
        let foreign = json!({"offerId": theirs.offer_id, "subscriberId": mine.subscriber.id});
        let none = json!({"offerId": "none/at-all", "subscriberId": mine.subscriber.id});
        let foreign = blank(caller.post("/orders", foreign).await, &theirs.offer_id);
        assert_eq!(foreign, blank(caller.post("/orders", none).await, "none/at-all"));
    }
    assert_eq!(theirs.subscriber.get(&order).await.expect(200)["state"], "ACTIVE");
}

#[tokio::test]
async fn nothing_on_the_way_keeps_what_it_may_not() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    let path = format!("/offers/{}", shop.offer_ref);
    let read = shop.vendor.get(&path).await;
    let known = shop.vendor.with("if-none-match", read.header("etag")).get(&path).await;
    assert_eq!(known.status, 304);
    for answer in [&read, &known] {
        assert_eq!(answer.header("cache-control"), "private, no-cache", "{}", answer.asked);
    }
    let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await;
    let order_path = format!("/orders/{}", text(&order.expect(201), "ref"));
    let others = [
        order,
        shop.vendor.get("/offers").await,
        shop.vendor.get("/orders?subscriberId=none").await,
        shop.vendor.put(&path, json!({"name": "Other"})).await,
        shop.vendor.delete(&format!("{order_path}?dryRun=true")).await,
        shop.vendor.delete(&order_path).await,
    ];
    for answer in others {
        assert!(answer.status < 300, "{}", answer.asked);
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.asked);
    }
}

#[tokio::test]
async fn bodies_come_as_they_are() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    let order = json!({"offerId": shop.offer_id});
    shop.subscriber.with("content-encoding", "identity").post("/orders", order.clone()).await.expect(201);
    for encoding in ["gzip", "br", "gzip, identity", ""] {
        let answer = shop.subscriber.with("content-encoding", encoding).post("/orders", order.clone()).await;
        answer.refused(415, "unsupported_media_type");
    }
}
