//! Every limit of reliability.md and of the readers: what lies on it is served, what lies one beyond it is refused, clearly
//! and with nothing written.

mod harness;

use axum::body::Body;
use harness::{Answer, Caller, Engine, Journal, Raw, Shop, World, text};
use http::Method;
use orderpark_domain::offer::{CreateOffer, NewItem};
use orderpark_domain::{Command, Intent, OfferState};
use orderpark_server::Settings;
use orderpark_server::serve::serve;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use tokio::sync::oneshot;

const BODY_MAX: usize = 256 * 1024;
const FORM_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 16 * 1024;
const HEADERS_COUNT_MAX: usize = 100;
const URI_MAX: usize = 8 * 1024;
const DEPTH_MAX: usize = 32;
const LENGTH_MAX: usize = 1000;

struct Scene {
    world: World,
    shop: Shop,
    journal: Journal,
    next: usize,
}

impl Scene {
    async fn on(engine: Engine) -> Scene {
        Scene::with(engine, Settings::default()).await
    }

    async fn with(engine: Engine, settings: Settings) -> Scene {
        let world = World::with(engine, settings).await;
        let shop = world.shop("net", "acme").await;
        let journal = world.journal();
        Scene { world, shop, journal, next: 0 }
    }

    /// Posts a body as whoever may; a `$` in an id or email stands for something new.
    async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.next += 1;
        let body = body.to_string().replace('$', &self.next.to_string());
        let caller = if path == "/orders" { &self.shop.subscriber.caller } else { &self.world.operator };
        caller.post_raw(path, body).await
    }

    /// On the limit it is made, beyond it is refused by the name of the attribute.
    async fn bound(&mut self, path: &str, attribute: &str, within: Value, beyond: Value) {
        let made = self.post(path, &within).await;
        assert_eq!(made.status, 201, "{path} {attribute}: {}", made.text());
        let before = self.journal.length();
        let refused = self.post(path, &beyond).await.refused(400, "invalid_attribute");
        assert_eq!(refused["fields"][0]["path"], attribute, "{refused}");
        assert_eq!(self.journal.length(), before);
    }
}

async fn texts_have_a_longest_one(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    // Characters are counted, not bytes; what surrounds them is trimmed first.
    for character in ["x", "é", "中", "😀"] {
        let supplier = |length: usize| json!({"id": "s$", "name": format!("  {} ", character.repeat(length))});
        scene.bound("/suppliers", "name", supplier(256), supplier(257)).await;
        let order = |length: usize| json!({"offerId": "acme/sensor-100", "externalId": character.repeat(length)});
        scene.bound("/orders", "externalId", order(128), order(129)).await;
        let strategy = |length: usize| json!({"id": "s$", "description": character.repeat(length)});
        scene.bound("/processingStrategies", "description", strategy(1024), strategy(1025)).await;
    }
    let subscriber = |length: usize| json!({"name": "New", "vendorId": "acme", "organization": "x".repeat(length)});
    scene.bound("/subscribers", "organization", subscriber(256), subscriber(257)).await;
    let contact = |length: usize| json!({"name": "New", "vendorId": "acme", "contactEmail": format!("{}@b.example", "a".repeat(length - 10))});
    scene.bound("/subscribers", "contactEmail", contact(254), contact(255)).await;
    let url = |length: usize| format!("https://b.example/{}", "a".repeat(length - 18));
    let application = |length: usize| json!({"id": "net/a$", "name": "New", "portalUrl": url(length)});
    scene.bound("/applications", "portalUrl", application(2048), application(2049)).await;
    let plan = |length: usize| json!({"id": "net/p$", "name": "New", "notification": {"updatedUrl": url(length)}});
    scene.bound("/connectivityPlans", "notification.updatedUrl", plan(2048), plan(2049)).await;
    let endpoint = |length: usize, words: usize| json!({"url": url(length), "description": "x".repeat(words)});
    scene.bound("/webhookEndpoints", "url", endpoint(2048, 1), endpoint(2049, 1)).await;
    scene.bound("/webhookEndpoints", "description", endpoint(30, 1024), endpoint(30, 1025)).await;
    scene.journal.verify();
}

async fn ids_and_settings_have_a_longest_one(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let vendor = |length: usize| json!({"id": "v".repeat(length), "name": "New"});
    scene.bound("/vendors", "id", vendor(128), vendor(129)).await;
    let product = |length: usize| json!({"id": format!("net/{}", "p".repeat(length)), "name": "New"});
    scene.bound("/applications", "id", product(128), product(129)).await;
    let offer = |length: usize| json!({"id": format!("acme/{}", "o".repeat(length)), "name": "New", "items": [{"productId": "net/app"}]});
    scene.bound("/offers", "id", offer(128), offer(129)).await;
    // {"k":"…"} is eight bytes longer than what is in it.
    let settings = |length: usize| json!({"id": "s$", "settings": {"k": "x".repeat(length - 8)}});
    scene.bound("/processingStrategies", "settings", settings(16_384), settings(16_385)).await;
    scene.journal.verify();
}

async fn numbers_have_a_smallest_and_a_largest_one(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let order = |quantity: u64| json!({"offerId": "acme/sensor-100", "quantity": quantity});
    scene.bound("/orders", "quantity", order(1), order(0)).await;
    scene.bound("/orders", "quantity", order(1_000_000), order(1_000_001)).await;
    let offer = |granted: Value| json!({"id": "acme/o$", "name": "New", "items": [{"productId": "net/plan", "grantedConnections": granted}]});
    let granted = "items[0].grantedConnections";
    scene.bound("/offers", granted, offer(json!(1)), offer(json!(0))).await;
    scene.bound("/offers", granted, offer(json!(1_000_000_000)), offer(json!(1_000_000_001))).await;
    scene.bound("/offers", granted, offer(json!("1000000000")), offer(json!("1000000001"))).await;
    let path = format!("/connectivityPlans/{}?subscriberId={}", scene.shop.plan_ref, scene.shop.subscriber.id);
    // 100 for the one, 100 for each of the million.
    for (used, status, reason) in [
        (json!("0"), 200, ""),
        (json!("100000100"), 200, ""),
        (json!("100000101"), 409, "connections_not_granted"),
        (json!(u64::MAX), 409, "connections_not_granted"),
        (json!("999999999999999999"), 409, "connections_not_granted"),
        (json!("1000000000000000000"), 400, "invalid_attribute"),
        (json!(-1), 400, "invalid_attribute"),
    ] {
        let answer = scene.world.operator.put(&path, json!({"usedConnections": used})).await;
        assert_eq!((answer.status, answer.reason().as_str()), (status, reason), "{used}: {}", answer.text());
    }
    scene.journal.verify();
}

async fn the_most_that_can_be_granted_is_counted_and_no_more(engine: Engine) {
    let scene = Scene::on(engine).await;
    // An older version took offers that name a product a thousand times, which grant as much as
    // this one.
    let items = vec![NewItem { product_id: "net/plan".into(), granted: Some(1_000_000_000_000) }];
    let (id, name, state) = ("acme/huge".to_owned(), "Huge".to_owned(), OfferState::Active);
    let huge = CreateOffer { id, name, state, items, items_max: 1, strategies: None };
    let huge = Intent::system(Command::CreateOffer(huge), "a test");
    scene.world.app.store.commit(huge).await.expect("an offer");
    // One order grants 10^18 connections, which is as much as is counted of one subscriber and product.
    let order = json!({"offerId": "acme/huge", "quantity": 1_000_000});
    for n in 0..10 {
        let subscriber = scene.world.subscriber("acme", &format!("huge-{n}")).await;
        subscriber.post("/orders", order.clone()).await.expect(201);
        let before = scene.journal.length();
        let one_more = json!({"offerId": scene.shop.offer_id});
        subscriber.post("/orders", one_more).await.refused(409, "too_many_connections");
        assert_eq!(scene.journal.length(), before);
    }
    // What is shown is the sum of all, which is more than the database's integers hold.
    let plan = scene.shop.supplier.get(&format!("/connectivityPlans/{}", scene.shop.plan_ref)).await.expect(200);
    assert_eq!(plan["grantedConnections"], "10000000000000000000");
    scene.journal.verify();
}

async fn an_offer_has_a_thousand_items_and_an_order_as_many_subscriptions(engine: Engine) {
    let scene = Scene::with(engine, Settings { offer_items_max: LENGTH_MAX, ..Settings::default() }).await;
    for n in 0..LENGTH_MAX {
        scene.shop.supplier.post("/applications", json!({"id": format!("net/a{n}"), "name": "A"})).await.expect(201);
    }
    let items = |count: usize| json!((0..count).map(|n| json!({"productId": format!("net/a{n}")})).collect::<Vec<_>>());
    let offer = |count: usize| json!({"id": "acme/wide", "name": "Wide", "items": items(count)});
    let vendor = &scene.shop.vendor;
    vendor.post("/offers", offer(LENGTH_MAX + 1)).await.refused(400, "invalid_body");
    vendor.post("/offers", offer(0)).await.refused(400, "invalid_attribute");
    vendor.post("/offers", offer(LENGTH_MAX)).await.expect(201);
    let order = scene.shop.subscriber.post("/orders", json!({"offerId": "acme/wide"})).await.expect(201);
    let subscriptions = order["subscriptions"].as_array().expect("subscriptions");
    assert_eq!(subscriptions.len(), LENGTH_MAX);
    let last = text(&subscriptions[LENGTH_MAX - 1], "ref");
    assert_eq!(scene.shop.supplier.get(&format!("/subscriptions/{last}")).await.expect(200)["ref"], last.as_str());
    scene.journal.verify();
}

/// Where the operator says nothing: fifty, and what was sent and what is allowed are told.
#[tokio::test]
async fn an_offer_has_fifty_items_and_none_twice() {
    let scene = Scene::on(Engine::Sqlite).await;
    let item = json!({"productId": "net/app"});
    for (count, message) in [
        (51, " are 51, and an offer may have 50 at most (the operator's setting orders.offer_items_max)"),
        (2, " name the product 'net/app' twice, at index 0 and at index 1"),
    ] {
        let offer = json!({"id": "acme/wide", "name": "Wide", "items": vec![item.clone(); count]});
        let refused = scene.shop.vendor.post("/offers", offer).await.refused(400, "invalid_attribute");
        assert!(text(&refused, "message").contains(message), "{refused}");
    }
}

#[tokio::test]
async fn json_has_a_depth_and_a_breadth() {
    let scene = Scene::on(Engine::Sqlite).await;
    let caller = &scene.world.operator;
    // The body is one level, `settings` the second.
    let deep = |id: &str, depth: usize| {
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        format!(r#"{{"id":"{id}","settings":{{"k":{open}{close}}}}}"#)
    };
    caller.post_raw("/processingStrategies", deep("deep", DEPTH_MAX)).await.expect(201);
    caller.post_raw("/processingStrategies", deep("deeper", DEPTH_MAX + 1)).await.refused(400, "invalid_body");
    let wide = |id: &str, count: usize| json!({"id": id, "settings": {"k": vec![1; count]}});
    caller.post("/processingStrategies", wide("wide", LENGTH_MAX)).await.expect(201);
    caller.post("/processingStrategies", wide("wider", LENGTH_MAX + 1)).await.refused(400, "invalid_body");
    let named = |id: &str, count: usize| {
        let names: serde_json::Map<String, Value> = (0..count).map(|n| (format!("k{n}"), json!(1))).collect();
        json!({"id": id, "settings": names})
    };
    caller.post("/processingStrategies", named("named", LENGTH_MAX)).await.expect(201);
    caller.post("/processingStrategies", named("named-more", LENGTH_MAX + 1)).await.refused(400, "invalid_body");
    scene.journal.verify();
}

fn padded(shop: &Shop, length: usize) -> String {
    let order = json!({"offerId": shop.offer_id}).to_string();
    format!("{order}{}", " ".repeat(length - order.len()))
}

#[tokio::test]
async fn a_body_has_a_longest_one() {
    let scene = Scene::on(Engine::Sqlite).await;
    let (shop, target) = (&scene.shop, "/core/latest/api/orders");
    for announced in [true, false] {
        for (length, status) in [(BODY_MAX - 1, 201), (BODY_MAX, 201), (BODY_MAX + 1, 413), (4 * BODY_MAX, 413)] {
            let raw = Raw::new(Method::POST, target).bearer(shop.subscriber.token.as_ref()).json(padded(shop, length));
            let raw = if announced { raw.with("content-length", length.to_string()) } else { raw };
            let answer = raw.send(&scene.world.router).await.expect("HTTP carries it");
            assert_eq!(answer.status, status, "{length} announced: {announced}");
        }
    }
    let form = |length: usize| format!("grant_type=client_credentials&a={}", "x".repeat(length - 32));
    let nobody = scene.world.nobody().at("/admin/latest/api").with("content-type", "application/x-www-form-urlencoded");
    assert_eq!(nobody.post_raw("/oauth/token", form(FORM_MAX)).await.status, 401);
    nobody.post_raw("/oauth/token", form(FORM_MAX + 1)).await.refused(413, "body_too_large");
}

async fn pages_and_keys_have_a_largest_one(engine: Engine) {
    let scene = Scene::on(engine).await;
    let caller = &scene.shop.subscriber.caller;
    for _ in 0..201 {
        caller.post("/orders", json!({"offerId": scene.shop.offer_id})).await.expect(201);
    }
    let rows = async |query: &str| {
        let rows = caller.get(&format!("/orders?{query}")).await.expect(200);
        rows.as_array().map(Vec::len)
    };
    assert_eq!(rows("limit=1").await, Some(1));
    assert_eq!(rows("limit=200").await, Some(200));
    assert_eq!(rows("pageIndex=1").await, Some(100));
    assert_eq!(rows("pageIndex=3").await, Some(1));
    assert_eq!(rows("pageIndex=4").await, Some(0));
    assert_eq!(rows("pageIndex=100000").await, Some(0));
    for query in
        ["limit=0", "limit=201", "pageIndex=0", "pageIndex=100001", "pageIndex=4294967296", "limit=5&pageIndex=1"]
    {
        caller.get(&format!("/orders?{query}")).await.refused(400, "invalid_attribute");
    }
    let order = json!({"offerId": scene.shop.offer_id});
    caller.key("k").post("/orders", order.clone()).await.expect(201);
    caller.key(&"k".repeat(255)).post("/orders", order.clone()).await.expect(201);
    caller.key("").post("/orders", order.clone()).await.refused(400, "invalid_request");
    caller.key(&"k".repeat(256)).post("/orders", order).await.refused(400, "invalid_request");
}

/// A list within these bytes of headers; `count` of them.
fn with_headers(caller: &Caller, count: usize, size: usize) -> Caller {
    let token = caller.token.as_deref().unwrap_or_default();
    let first = "authorization".len() + "Bearer ".len() + token.len() + 4;
    let mut caller = caller.clone();
    for n in 1..count - 1 {
        caller = caller.with(&format!("x-{n:03}"), "");
    }
    let others = (count - 2) * (5 + 4);
    caller.with("x-pad", &"p".repeat(size - first - others - 5 - 4))
}

#[tokio::test]
async fn headers_have_a_size_and_a_number() {
    let scene = Scene::on(Engine::Sqlite).await;
    let caller = &scene.world.operator;
    for count in [2, HEADERS_COUNT_MAX] {
        with_headers(caller, count, HEADERS_MAX).get("/orders").await.expect(200);
        with_headers(caller, count, HEADERS_MAX + 1).get("/orders").await.refused(431, "headers_too_large");
    }
    with_headers(caller, HEADERS_COUNT_MAX + 1, HEADERS_MAX / 2).get("/orders").await.refused(431, "headers_too_large");
    let path = |length: usize| format!("/core/latest/api/orders?offerId={}", "x".repeat(length - 32));
    caller.at("").get(&path(URI_MAX)).await.expect(200);
    caller.at("").get(&path(URI_MAX + 1)).await.refused(414, "uri_too_long");
    caller.at("").send(Method::POST, &path(URI_MAX + 1), Body::empty()).await.refused(414, "uri_too_long");
}

/// Sends these bytes over a connection of its own, and reads the first line of the answer.
fn talk(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    // The server may answer and close before it has read all.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_listener_keeps_the_same_limits() {
    let scene = Scene::on(Engine::Sqlite).await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(Arc::clone(&scene.world.app), listener, async {
        let _ = stopped.await;
    }));
    let token = scene.shop.subscriber.token.clone().unwrap_or_default();
    let head = |target: &str, more: &str| {
        let method = if more.contains("content-") || more.contains("chunked") { "POST" } else { "GET" };
        format!(
            "{method} {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{more}\r\n"
        )
    };
    // Three headers are there already: `host: a`, `connection: close` and the token.
    let used = "hostaconnectionclose".len() + "authorizationBearer ".len() + token.len() + 3 * 4;
    let padded_to = |size: usize| format!("x-pad: {}\r\n", "p".repeat(size - used - 5 - 4));
    let many = |count: usize| "x: a\r\n".repeat(count - 3);
    let orders = "/core/latest/api/orders";
    let long = |length: usize| format!("{orders}?offerId={}", "x".repeat(length - orders.len() - 9));
    let announced =
        |length: usize| head(orders, &format!("content-length: {length}\r\n")) + &padded(&scene.shop, length);
    let chunked = |length: usize| {
        let body = padded(&scene.shop, length);
        head(orders, "transfer-encoding: chunked\r\n") + &format!("{length:x}\r\n{body}\r\n0\r\n\r\n")
    };
    let cases = [
        (head(orders, &padded_to(HEADERS_MAX)), vec!["200"]),
        (head(orders, &padded_to(HEADERS_MAX + 1)), vec!["431"]),
        (head(orders, &padded_to(4 * HEADERS_MAX)), vec!["431", ""]),
        (head(orders, &many(HEADERS_COUNT_MAX)), vec!["200"]),
        (head(orders, &many(HEADERS_COUNT_MAX + 1)), vec!["431"]),
        (head(&long(URI_MAX), ""), vec!["200"]),
        (head(&long(URI_MAX + 1), ""), vec!["414"]),
        (head(&long(8 * URI_MAX), ""), vec!["414", "431", ""]),
        (announced(BODY_MAX), vec!["201"]),
        (announced(BODY_MAX + 1), vec!["413"]),
        (chunked(BODY_MAX), vec!["201"]),
        (chunked(BODY_MAX + 1), vec!["413", ""]),
        (head(orders, "transfer-encoding: chunked\r\n") + "zz\r\n", vec!["400"]),
    ];
    for (n, (request, expected)) in cases.into_iter().enumerate() {
        let line = tokio::task::spawn_blocking(move || talk(address, request.as_bytes())).await.expect("no panic");
        let status = line.split(' ').nth(1).unwrap_or_default();
        assert!(expected.contains(&status), "case {n}: {line:?}, not {expected:?}");
    }
    stop.send(()).expect("a server");
    server.await.expect("no panic").expect("no error");
}

/// A stopped committer answers nothing at all: whoever asks it is told so.
async fn what_changes_nothing_is_answered_without_the_committer(engine: Engine) {
    let Scene { world, shop, .. } = Scene::on(engine).await;
    let (operator, vendor) = (&world.operator, &shop.vendor);
    let hook = json!({"url": "https://example.com/hook"});
    for _ in 0..100 {
        vendor.post("/webhookEndpoints", hook.clone()).await.expect(201);
    }
    world.app.store.close().await;
    let name = format!("/vendors/{}", vendor.party);
    let before = operator.get(&name).await.expect(200);
    operator.delete("/users/999999").await.refused(404, "not_found");
    operator.delete(&name).await.refused(409, "in_use");
    operator.put(&name, json!({"name": before["name"]})).await.expect(200);
    vendor.post("/webhookEndpoints", hook).await.refused(409, "too_many_endpoints");
    let order = json!({"offerId": shop.offer_id});
    shop.subscriber.post("/orders?dryRun=true", order.clone()).await.expect(200);
    operator.put(&name, json!({"name": "Another"})).await.refused(503, "unavailable");
    shop.subscriber.post("/orders", order).await.refused(503, "unavailable");
}

harness::on_each_engine! {
    texts_have_a_longest_one;
    ids_and_settings_have_a_longest_one;
    numbers_have_a_smallest_and_a_largest_one;
    the_most_that_can_be_granted_is_counted_and_no_more;
    an_offer_has_a_thousand_items_and_an_order_as_many_subscriptions;
    pages_and_keys_have_a_largest_one;
    what_changes_nothing_is_answered_without_the_committer;
}
