//! X-04: whatever is sent, the answer is a clear 4xx that says why, nothing is written, and nothing falls over.
//!
//! Three kinds of hostility: bodies that are no decent JSON, sent to every operation that takes one; single attributes with
//! hostile values, in a body that would be accepted otherwise; and hostile headers, paths and queries.

mod attributes;
mod bodies;
#[path = "../harness/mod.rs"]
mod harness;
mod parameters;

use attributes::ATTRIBUTES;
use bodies::bodies;
use harness::{Answer, Engine, Journal, Raw, Shop, World, text};
use http::Method;
use orderpark_server::problem::Reason;
use orderpark_server::router::operations;
use parameters::parameters;
use serde_json::{Value, json};

const BASE: &str = "/core/latest/api";

struct Scene {
    world: World,
    shop: Shop,
    order: Value,
    strategy: String,
    endpoint: String,
    user: String,
    journal: Journal,
}

impl Scene {
    async fn on(engine: Engine) -> Scene {
        let world = World::on(engine).await;
        let shop = world.shop("net", "acme").await;
        let strategy = shop.vendor.post("/processingStrategies", json!({"id": "acme/own"})).await.expect(201);
        let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
        let users = world.operator.get("/users?email=net@supplier.example").await.expect(200);
        let endpoint = json!({"url": "https://hooks.example/", "scope": format!("VENDOR:{}", shop.vendor.party)});
        let endpoint = shop.vendor.post("/webhookEndpoints", endpoint).await.expect(201);
        let [strategy, endpoint, user] = [&strategy, &endpoint, &users[0]].map(|object| text(object, "ref"));
        let journal = world.journal();
        Scene { world, shop, order, strategy, endpoint, user, journal }
    }

    fn path_ref(&self, collection: &str) -> String {
        match collection {
            "/suppliers" => self.shop.supplier.party.clone(),
            "/vendors" | "/quotas" => self.shop.vendor.party.clone(),
            "/subscribers" => self.shop.subscriber.party.clone(),
            "/users" => self.user.clone(),
            "/applications" => self.shop.application_ref.clone(),
            "/connectivityPlans" => self.shop.plan_ref.clone(),
            "/offers" => self.shop.offer_ref.clone(),
            "/processingStrategies" => self.strategy.clone(),
            "/webhookEndpoints" => self.endpoint.clone(),
            "/orders" => text(&self.order, "ref"),
            "/subscriptions" => text(&self.order["subscriptions"][0], "ref"),
            other => panic!("teach Scene::path_ref what {other} has"),
        }
    }

    fn target(&self, path: &str) -> String {
        match path.split_once("{ref}") {
            Some((collection, _)) => {
                let path_ref = self.path_ref(collection.trim_end_matches('/'));
                format!("{BASE}{}", path.replace("{ref}", &path_ref))
            }
            None => format!("{BASE}{path}"),
        }
    }

    fn raw(&self, method: &Method, path: &str) -> Raw {
        Raw::new(method.clone(), self.target(path)).bearer(self.world.operator.token.as_ref())
    }

    /// Sends it, and checks that it is refused clearly and that nothing is written. `None`: HTTP itself cannot carry it.
    async fn refused(&self, raw: Raw, what: &str) -> Option<Answer> {
        let before = self.journal.length();
        let answer = raw.send(&self.world.router).await?;
        let shown = format!("{what}: {} answered {} {}", answer.asked, answer.status, answer.text());
        assert!((400..500).contains(&answer.status), "{shown}");
        let body = answer.json();
        let reason = Reason::ALL.iter().find(|reason| reason.slug() == body["reason"]);
        assert_eq!(reason.map(|reason| reason.status().as_u16()), Some(answer.status), "{shown}");
        assert_eq!(body["code"], answer.status, "{shown}");
        assert!(body["message"].as_str().is_some_and(|message| message.len() > 9), "{shown}");
        assert_eq!(text(&body, "errorId").len(), 36, "{shown}");
        for byte in &answer.body {
            assert!(*byte >= 0x20, "an answer with a control character: {shown}");
        }
        assert_eq!(self.journal.length(), before, "{shown}");
        Some(answer)
    }

    /// After all the hostility it still works.
    async fn still_serves(&self) {
        self.shop.subscriber.post("/orders", json!({"offerId": self.shop.offer_id})).await.expect(201);
        self.journal.verify();
    }
}

/// Operations that may be asked without a body.
const NEEDS_NO_BODY: [&str; 3] = ["/rotateSecret", "/test", "/contain"];

/// Operations that change nothing that has a tag.
const NOT_TAGGED: [&str; 2] = ["/test", "/replay"];

/// Every operation that takes a body.
fn writing() -> Vec<(&'static Method, &'static str)> {
    let takes_body = |method: &Method| *method == Method::POST || *method == Method::PUT;
    operations().iter().filter(|op| takes_body(&op.method)).map(|op| (&op.method, op.path)).collect()
}

async fn a_body_that_is_no_decent_json_is_refused_by_every_operation(engine: Engine) {
    let scene = Scene::on(engine).await;
    let mut cases = 0;
    for (what, body, reason) in bodies() {
        for (method, path) in writing() {
            if body.is_empty() && NEEDS_NO_BODY.iter().any(|end| path.ends_with(end)) {
                continue;
            }
            let raw = scene.raw(method, path).json(body.clone());
            let answer = scene.refused(raw, what).await.expect("HTTP carries any body");
            assert_eq!(answer.reason(), reason, "{what}: {} answered {}", answer.asked, answer.text());
            cases += 1;
        }
    }
    assert!(cases >= 500, "only {cases} cases");
    scene.still_serves().await;
}

async fn an_attribute_with_a_hostile_value_is_named(engine: Engine) {
    let scene = Scene::on(engine).await;
    let mut cases = 0;
    for (method, path, body, attribute, values) in ATTRIBUTES {
        for value in *values {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let long = format!("\"{}\"", "x".repeat(20_000));
            let value = if *value == "LONG" { &long } else { *value };
            let body = body.replace("SUB", &scene.shop.subscriber.id).replace('$', value);
            let raw = scene.raw(&method, path).json(body.clone());
            let answer = scene.refused(raw, &body).await.expect("HTTP carries any body");
            cases += 1;
            if answer.reason() == "position_unknown" && *attribute == "eventId" {
                continue;
            }
            assert_eq!(answer.status, 400, "{body} answered {}", answer.text());
            // The reader of the whole body is first to meet U+0000 and what no number can hold; it names a place instead.
            if answer.reason() == "invalid_body" {
                assert!(answer.text().contains("column"), "{body} answered {}", answer.text());
                continue;
            }
            let answered = answer.json();
            // A list names the element.
            let of =
                |path: &Value| path.as_str().and_then(|path| path.split('[').next()) == attribute.split('[').next();
            let named = answered["fields"].as_array().into_iter().flatten().any(|field| of(&field["path"]));
            assert!(named, "{} {body} answered {}", answer.asked, answer.text());
        }
    }
    assert!(cases >= 400, "only {cases} cases");
    scene.still_serves().await;
}

async fn a_hostile_header_is_refused(engine: Engine) {
    let scene = Scene::on(engine).await;
    let order = || format!(r#"{{"offerId":"acme/sensor-100","subscriberId":"{}"}}"#, scene.shop.subscriber.id);
    let keys: Vec<Vec<u8>> =
        vec![b"".to_vec(), b"a\tb".to_vec(), b"caf\xE9".to_vec(), "\u{202e}".into(), vec![b'k'; 256], vec![0x80]];
    for key in keys {
        for path in ["/orders", "/suppliers", "/users", "/offers"] {
            let body = if path == "/orders" { order() } else { scene.acceptable(path) };
            let raw = scene.raw(&Method::POST, path).json(body).with("idempotency-key", key.clone());
            let answer = scene.refused(raw, "a hostile key").await.expect("HTTP carries it");
            assert_eq!((answer.status, answer.reason().as_str()), (400, "invalid_request"), "{key:?}");
        }
    }
    let twice =
        scene.raw(&Method::POST, "/orders").json(order()).with("idempotency-key", "a").with("idempotency-key", "a");
    scene.refused(twice, "two keys").await.expect("HTTP carries it");
    let others = ["\"\"", "\"x\"", "\"-1\"", "\"99999999999\"", "W/\"99\"", "\"\u{e9}\""].map(|tag| (tag, 412));
    let no_tags = ["nonsense", "\"1", "1", ",", "\"1\" x"].map(|tag| (tag, 400));
    for (tag, status) in others.into_iter().chain(no_tags) {
        let changes = operations().iter().filter(|op| op.is_of_one() && op.method != Method::GET);
        for operation in changes.filter(|op| !NOT_TAGGED.iter().any(|end| op.path.ends_with(end))) {
            let body = if operation.method == Method::PUT { "{}" } else { "" };
            let raw = scene.raw(&operation.method, operation.path).json(body).with("if-match", tag);
            let answer = scene.refused(raw, tag).await.expect("HTTP carries it");
            assert_eq!(answer.status, status, "{tag} {} {}", answer.asked, answer.text());
        }
    }
    let token = scene.world.operator.token.clone().expect("a token");
    let authorizations = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {token}"),
        format!("Bearer{token}"),
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[1..]),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer \u{202e}{token}"),
        "Bearer \u{e9}".to_owned(),
        format!("Bearer {}", "a".repeat(10_000)),
        token.clone(),
    ];
    for authorization in authorizations {
        let raw = Raw::new(Method::GET, format!("{BASE}/orders")).with("authorization", authorization.clone());
        let answer = scene.refused(raw, &authorization).await.expect("HTTP carries it");
        assert_eq!(answer.status, 401, "{authorization}");
    }
    let twice = scene.raw(&Method::GET, "/orders").bearer(Some(&token));
    assert_eq!(scene.refused(twice, "two tokens").await.map(|answer| answer.status), Some(401));
    scene.still_serves().await;
}

impl Scene {
    /// A body that would be accepted once.
    fn acceptable(&self, path: &str) -> String {
        match path {
            "/suppliers" => json!({"id": "new", "name": "New"}),
            "/users" => json!({"email": "new@b.example", "scopes": [format!("VENDOR:{}", self.shop.vendor.party)]}),
            _ => json!({"id": "acme/new", "name": "New", "items": [{"productId": "net/app"}]}),
        }
        .to_string()
    }
}

async fn odd_preferences_and_types_are_refused_or_served_but_never_a_fault(engine: Engine) {
    let scene = Scene::on(engine).await;
    let types: [&[u8]; 8] = [
        b"text/plain",
        b"application/xml",
        b"",
        b"json",
        b"\xE9",
        b"application/jsonx",
        b"a/b, application/json",
        b";",
    ];
    for content_type in types {
        for (method, path) in writing() {
            let mut raw = scene.raw(method, path).with("content-type", content_type);
            raw.body = b"{}".to_vec();
            let answer = scene.refused(raw, "a content type").await.expect("HTTP carries it");
            assert_eq!(answer.status, 415, "{content_type:?} {}", answer.asked);
        }
    }
    let accepts: [&[u8]; 8] = [
        b"text/html",
        b"application/xml",
        b"\xE9",
        b",",
        b";q=1",
        b"*",
        b"application/json;q=0",
        b"application/json;q=x",
    ];
    for accept in accepts {
        // A stream has no end that could be waited for.
        let ends = |path: &str| !path.ends_with("/stream");
        for operation in operations().iter().filter(|it| it.method == Method::GET && ends(it.path)) {
            let raw = scene.raw(&operation.method, operation.path).with("accept", accept);
            let answer = raw.send(&scene.world.router).await.expect("HTTP carries it");
            assert!([200, 406].contains(&answer.status), "{accept:?} {}: {}", answer.asked, answer.text());
        }
    }
    scene.still_serves().await;
}

async fn a_hostile_path_or_query_is_refused(engine: Engine) {
    let scene = Scene::on(engine).await;
    let refs = [
        "%00",
        "%2F",
        "..",
        "%2e%2e",
        ".",
        "%2e",
        "-1",
        "0",
        "01",
        "+1",
        "1.0",
        "1e1",
        "%31",
        "1%00",
        "1%0a",
        "1;a=b",
        "99999999999999999999",
        "9223372036854775808",
        "18446744073709551616",
        "%C0%AF",
        "%ED%A0%80",
        "%FF",
        "%",
        "%zz",
        "1/2",
        "987654//",
        "null",
        "*",
        "'",
        "1'--",
        "%27%20or%201=1",
        "019AB6C5-0000-7000-8000-000000000400",
        "{ref}",
        "urn:uuid:019ab6c5-0000-7000-8000-000000000400",
        "019ab6c5000070008000000000000400",
    ];
    let (mut cases, mut carried) = (0, 0);
    for operation in operations().iter().filter(|operation| operation.is_of_one()) {
        for path_ref in refs {
            let target = format!("{BASE}{}", operation.path.replace("{ref}", path_ref));
            let raw = Raw::new(operation.method.clone(), target).bearer(scene.world.operator.token.as_ref()).json("{}");
            let answer = scene.refused(raw, path_ref).await;
            cases += 1;
            carried += usize::from(answer.is_some());
            if let Some(answer) = answer {
                assert_eq!(answer.status, 404, "{} {}", answer.asked, answer.text());
            }
        }
    }
    assert!(cases > 900 && carried > cases * 9 / 10, "{carried} of {cases} were carried");
    let paths = [
        "",
        "/",
        "/./orders",
        "/../api/orders",
        "/ORDERS",
        "/orders;a=b",
        "/orders%00",
        "/orders%2F",
        "/%6frders",
        "/orders/1/2/3",
        "/ord\u{0435}rs",
    ];
    for path in paths {
        let raw = Raw::new(Method::GET, format!("{BASE}{path}")).bearer(scene.world.operator.token.as_ref());
        if let Some(answer) = scene.refused(raw, path).await {
            assert_eq!(answer.status, 404, "{}", answer.asked);
        }
    }
    let queries = "a=% a=%z a=%zz %=1 a=%00 %00=a a=%FF a=%C0%AF a=%ED%A0%80 a=1&a=2 a=1&%61=2 a&a =&= a=%F4%90%80%80";
    for operation in operations() {
        for query in queries.split(' ') {
            let raw = scene.raw(&operation.method, operation.path).json("{}");
            let raw = Raw { target: format!("{}?{query}", raw.target), ..raw };
            let answer = scene.refused(raw, query).await.expect("HTTP carries it");
            assert_eq!((answer.status, answer.reason().as_str()), (400, "invalid_request"), "{}", answer.asked);
        }
    }
    scene.still_serves().await;
}

async fn a_parameter_with_a_hostile_value_is_named(engine: Engine) {
    let scene = Scene::on(engine).await;
    for (method, path, name, values) in parameters() {
        for value in values {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let raw = scene.raw(&method, path).json("{}");
            let raw = Raw { target: format!("{}?{name}={value}", raw.target), ..raw };
            let Some(answer) = scene.refused(raw, value).await else { continue };
            assert_eq!((answer.status, answer.reason().as_str()), (400, "invalid_attribute"), "{}", answer.text());
            assert_eq!(answer.json()["fields"][0]["path"], name, "{}", answer.text());
        }
    }
    // A reference that is nonsense finds nothing, in a filter as in a body.
    for filter in ["subscriberId", "offerId", "externalId"] {
        for value in ["", "%F0%9F%98%80", "'or''='", "99999999999999999999", "-1"] {
            let answer = scene.world.operator.get(&format!("/orders?{filter}={value}")).await;
            assert_eq!(answer.expect(200), json!([]), "{}", answer.asked);
        }
    }
    scene.still_serves().await;
}

harness::on_each_engine! {
    a_body_that_is_no_decent_json_is_refused_by_every_operation;
    an_attribute_with_a_hostile_value_is_named;
    a_hostile_header_is_refused;
    odd_preferences_and_types_are_refused_or_served_but_never_a_fault;
    a_hostile_path_or_query_is_refused;
    a_parameter_with_a_hostile_value_is_named;
}
