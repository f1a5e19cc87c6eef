//! What every operation has in common: who is let in, methods, paths, headers, forms of errors, limits.

mod harness;

use axum::body::Body;
use harness::{Engine, World, text};
use http::{HeaderValue, Method};
use orderpark_server::Settings;
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
    nobody.send(Method::PATCH, "/orders", Body::empty()).await.refused(401, "unauthorized");
    nobody.at("/admin/latest/api").post("/profiles", json!({})).await.refused(401, "unauthorized");
}

/// The routes are public, so it needs no token to be told that there is none, nor where the right
/// one is.
#[tokio::test]
async fn what_is_not_served_says_what_is() {
    let world = World::new().await;
    let nobody = world.nobody().at("");
    for (path, said) in [
        ("/core/latest/api", "served below it are /suppliers, /vendors, "),
        ("/core/v141/api/order", "there is no '/order' (did you mean /orders?)"),
        ("/core/v141/api/Offers/1", "did you mean /offers?"),
        ("/core/v141/api/nothing", "there is no '/nothing'; served are /suppliers, "),
        ("/core/v141/api/orders/1/2", "served are /orders, /orders/{ref}"),
        ("/core/v141/api/events/1.0", "served are /events, /events/stream"),
        ("/core/v141/api/devices", "/devices is no part of ordering"),
        ("/thingpark/dx/core/v141/api/baseStations/7", "/baseStations is no part of ordering"),
        ("/core/v142/api/orders", "below /core/v141/api, /core/v155/api, /core/latest/api"),
        ("/thingpark/dx/core/latest/orders", "the Core API is served below"),
        ("/admin/v9/api/profiles", "below /admin/v140/api, /admin/v141/api, /admin/latest/api"),
        ("/core/latest/api/oauth/token", "the Admin API: /admin/latest/api/oauth/token"),
        ("/core/latest/api/profiles", "the Admin API: /admin/latest/api/profiles"),
        ("/oauth/token", "the Admin API: /admin/latest/api/oauth/token"),
        ("/admin/latest/api/orders/1", "the Core API: /core/latest/api/orders"),
        ("/admin/latest/api/nothing", "served are /oauth/token, "),
        ("/api/orders", "the Core API: /core/latest/api/orders"),
        ("/orders/1", "the Core API: /core/latest/api/orders"),
        ("/thingpark/smp/rest/operators", "only subscriptions are served: /thingpark/smp/rest/applications/"),
        ("/nothing", "nothing is served at '/nothing'; GET / shows what is"),
        ("/thingpark", "GET / shows what is"),
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            let answer = nobody.send(method, path, Body::empty()).await.refused(404, "no_such_operation");
            assert!(text(&answer, "message").contains(said), "{path}: {answer}");
        }
    }
    let long = format!("/core/latest/api/{}", "x".repeat(5000));
    assert!(text(&nobody.get(&long).await.refused(404, "no_such_operation"), "message").len() < 400);
}

#[tokio::test]
async fn slashes_that_stand_twice_are_one() {
    let world = World::new().await;
    let (operator, nobody) = (world.operator.at(""), world.nobody().at(""));
    for path in ["/core//latest/api/orders", "//core/latest/api/orders", "/core/latest/api//orders///?limit=1"] {
        assert_eq!(operator.get(path).await.expect(200), json!([]));
        nobody.get(path).await.refused(401, "unauthorized");
    }
    assert_eq!(nobody.get("//health//live/").await.status, 200);
    operator.get("/admin/latest/api//profiles//default").await.expect(200);
    nobody.get("///").await.expect(200);
}

#[tokio::test]
async fn the_root_says_what_this_is() {
    let world = World::new().await;
    let nobody = world.nobody().at("");
    let shown = nobody.get("/").await.expect(200);
    assert_eq!((&shown["name"], &shown["version"]), (&json!("orderpark"), &json!(env!("CARGO_PKG_VERSION"))));
    for base in shown["core"].as_array().expect("bases") {
        let orders = format!("{}/orders", base.as_str().expect("a path"));
        world.operator.at("").get(&orders).await.expect(200);
    }
    for base in shown["admin"].as_array().expect("bases") {
        world.operator.at(base.as_str().expect("a path")).get("/profiles").await.expect(200);
    }
    for path in shown["health"].as_array().expect("paths").iter().chain([&shown["docs"]]) {
        assert_eq!(nobody.get(path.as_str().expect("a path")).await.status, 200, "{path}");
    }
    let page = nobody.with("accept", "text/html,application/xhtml+xml,*/*;q=0.8").get("/").await;
    assert_eq!((page.header("content-type"), page.header("vary")), ("text/html; charset=utf-8", "Accept"));
    assert!(page.text().contains("/core/latest/api") && page.text().contains("href=\"/docs/errors\""));
    let head = nobody.head("/").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    nobody.post("/", json!({})).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn every_reason_has_its_place_on_the_page_of_errors() {
    let page = World::new().await.nobody().at("").get("/docs/errors").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "public, max-age=3600");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let text = page.text();
    for reason in orderpark_server::problem::Reason::ALL {
        let anchors = text.matches(&format!("id=\"{}\"", reason.slug())).count();
        assert_eq!(anchors, 1, "docs/reference/errors.md needs one heading '## {}'", reason.slug());
    }
    // The page loads nothing, and its links lead to this server or to the world, never to a file of
    // the book.
    assert!(!text.contains("src=") && !text.contains("<script") && !text.contains(".md\""), "{text}");
}

#[tokio::test]
async fn pages_of_other_origins_may_call_where_the_operator_says_so() {
    let settings = |origins: &[&'static str]| Settings {
        cors_origins: origins.iter().map(|origin| HeaderValue::from_static(origin)).collect(),
        ..Settings::default()
    };
    let named = World::with(Engine::Sqlite, settings(&["https://shop.example", "https://desk.example"])).await;
    let open = World::with(Engine::Sqlite, settings(&["*"])).await;
    let closed = World::new().await;
    for (world, origin, allowed) in [
        (&named, "https://desk.example", "https://desk.example"),
        (&named, "https://evil.example", ""),
        (&open, "https://evil.example", "*"),
        (&closed, "https://shop.example", ""),
    ] {
        let page = world.nobody().with("origin", origin);
        let is_on = !world.app.settings.cors_origins.is_empty();
        let asking = page.with("access-control-request-method", "POST");
        let preflight = asking.send(Method::OPTIONS, "/orders", Body::empty()).await;
        assert_eq!(preflight.status, if is_on { 204 } else { 401 });
        assert_eq!(preflight.header("access-control-allow-origin"), allowed);
        let answers =
            [page.get("/orders").await, page.get("/nothing").await, page.at("").get("/").await, preflight.clone()];
        for answer in answers {
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{}", answer.asked);
            assert_eq!(answer.header("access-control-allow-credentials"), "");
            let varies = answer.headers.get_all("vary").iter().any(|value| value == "Origin");
            assert_eq!(varies, is_on, "{}", answer.asked);
        }
        if allowed.is_empty() {
            assert_eq!(preflight.header("access-control-allow-headers"), "");
            continue;
        }
        assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD, POST, PUT, DELETE");
        let sendable = preflight.header("access-control-allow-headers");
        assert!(sendable.contains("Authorization") && sendable.contains("Idempotency-Key"), "{sendable}");
        let readable = page.get("/orders").await;
        assert!(readable.header("access-control-expose-headers").contains("ETag"), "{}", readable.asked);
    }
    let plain = named.nobody().send(Method::OPTIONS, "/orders", Body::empty()).await;
    plain.refused(401, "unauthorized");
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
    let path =
        |length: usize| format!("/orders?offerId={}", "y".repeat(length - "/core/latest/api/orders?offerId=".len()));
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

/// Whoever served with a clock that was years ahead has left a journal of the future.
#[tokio::test]
async fn behind_a_journal_of_the_future_changes_are_refused_with_both_times_and_reads_go_on() {
    let world = World::new().await;
    let shop = world.shop("net", "acme").await;
    world.clock.pass_days(3650);
    let create = orderpark_domain::party::CreateParty {
        kind: orderpark_domain::PartyKind::Supplier,
        id: "later".into(),
        name: "Later".into(),
        vendor_id: None,
        contact_email: None,
        organization: None,
        primary_user: None,
    };
    let intent = orderpark_domain::Intent::system(orderpark_domain::Command::CreateParty(create), "a test");
    world.app.store.commit(intent).await.expect("it is done");
    world.clock.pass_days(-3650);
    let refused = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await;
    let told = text(&refused.refused(503, "clock_behind_journal"), "message");
    assert!(told.contains("2026-11-23") && told.contains("2036-11-20"), "{told}");
    assert_eq!(refused.header("retry-after"), "60");
    shop.subscriber.get("/orders").await.expect(200);
    let ready = world.nobody().at("").get("/health/ready").await.expect(503);
    assert!(text(&ready, "message").starts_with("the clock is far behind"), "{ready}");
    world.clock.pass_days(3650);
    assert_eq!(world.nobody().at("").get("/health/ready").await.expect(200), json!({"status": "UP"}));
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
