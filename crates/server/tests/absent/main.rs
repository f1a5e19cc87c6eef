//! A-04: what is another party's is answered like what does not exist: byte for byte but for `errorId`, headers too.
//!
//! Each operation with a ref is asked about a stranger's object, about one that never was, and about one of the caller's
//! own that is gone, with every precondition, key, body and parameter that could make a difference. Then come the
//! references in bodies and queries, and the filters of lists.

#[path = "../harness/mod.rs"]
mod harness;
mod references;

use harness::{Answer, Caller, Engine, Journal, Shop, World, text};
use http::{HeaderMap, Method};
use orderpark_server::router::operations;
use references::{Reference, references};
use serde_json::{Value, json};

/// What an answer tells, without its `errorId` and its date.
fn told(answer: &Answer) -> (u16, HeaderMap, String) {
    told_again(answer, "\n")
}

/// [`told`], without what was sent and is shown again.
fn told_again(answer: &Answer, sent: &str) -> (u16, HeaderMap, String) {
    let mut headers = answer.headers.clone();
    headers.remove("date");
    headers.remove("content-length");
    let mut body = answer.but_for(sent);
    if answer.status >= 400 {
        let error_id = text(&answer.json(), "errorId");
        body = body.replace(&error_id, "");
    }
    (answer.status, headers, body)
}

/// Two shops, and what is in the second one.
struct Scene {
    world: World,
    own: Shop,
    other: Shop,
    other_order: Value,
    other_strategy: String,
    own_order: Value,
    journal: Journal,
}

impl Scene {
    async fn on(engine: Engine) -> Scene {
        let world = World::on(engine).await;
        let (own, other) = (world.shop("net", "acme").await, world.shop("far", "else").await);
        let mut made = Vec::new();
        for (shop, id) in [(&own, "acme/own"), (&other, "else/own")] {
            let strategy = shop.vendor.post("/processingStrategies", json!({"id": id})).await.expect(201);
            let body = json!({"offerId": shop.offer_id, "externalId": "PO-1"});
            let path = format!("/orders?withProcessingStrategyId={id}");
            let order = shop.subscriber.post(&path, body).await.expect(201);
            made.push((text(&strategy, "ref"), order));
        }
        let (other_strategy, other_order) = made.remove(1);
        let (_, own_order) = made.remove(0);
        let journal = world.journal();
        Scene { world, own, other, other_order, other_strategy, own_order, journal }
    }

    /// Callers of each kind, and one of all kinds at once.
    async fn callers(&self) -> Vec<(&'static str, Caller)> {
        let scopes = [
            format!("SUPPLIER:{}", self.own.supplier.party),
            format!("VENDOR:{}", self.own.vendor.party),
            format!("SUBSCRIBER:{}", self.own.subscriber.party),
        ];
        let all = self.world.user("all@own.example", &scopes.each_ref().map(String::as_str)).await;
        vec![
            ("supplier", self.own.supplier.caller.clone()),
            ("vendor", self.own.vendor.caller.clone()),
            ("subscriber", self.own.subscriber.caller.clone()),
            ("all three", all),
        ]
    }

    /// A stranger's object, and one of the own shop that was deleted where there can be one.
    async fn refs(&self, collection: &str) -> Vec<String> {
        let operator = &self.world.operator;
        let make = async |body: Value| {
            let made = operator.post(collection, body).await.expect(201);
            let made = text(&made, "ref");
            operator.delete(&format!("{collection}/{made}")).await.expect(200);
            made
        };
        let other = &self.other;
        match collection {
            "/suppliers" => vec![other.supplier.party.clone(), self.own.vendor.party.clone()],
            "/vendors" => vec![other.vendor.party.clone(), self.own.supplier.party.clone()],
            "/subscribers" => {
                let gone = make(json!({"name": "Gone", "vendorId": "acme"})).await;
                vec![other.subscriber.party.clone(), self.own.vendor.party.clone(), gone]
            }
            "/quotas" => vec![other.vendor.party.clone(), other.subscriber.party.clone()],
            "/users" => {
                let scope = format!("VENDOR:{}", self.own.vendor.party);
                let gone = make(json!({"email": "gone@own.example", "scopes": [scope]})).await;
                let of_other = operator.get("/users?email=else@vendor.example").await.expect(200);
                vec![text(&of_other[0], "ref"), "2".to_owned(), gone]
            }
            "/applications" => {
                vec![
                    other.application_ref.clone(),
                    self.own.plan_ref.clone(),
                    make(json!({"id": "net/x", "name": "X"})).await,
                ]
            }
            "/connectivityPlans" => {
                let gone = make(json!({"id": "net/y", "name": "Y"})).await;
                vec![other.plan_ref.clone(), self.own.application_ref.clone(), gone]
            }
            "/offers" => {
                let items = json!([{"productId": self.own.application_id}]);
                let gone = make(json!({"id": "acme/x", "name": "X", "items": items})).await;
                vec![other.offer_ref.clone(), gone]
            }
            "/processingStrategies" => vec![self.other_strategy.clone(), make(json!({"id": "acme/x"})).await],
            "/webhookEndpoints" => {
                let url = "https://hooks.example/";
                let scope = format!("SUBSCRIBER:{}", self.own.subscriber.party);
                let gone = make(json!({"url": url, "scope": scope})).await;
                let of_other = other.subscriber.post(collection, json!({"url": url})).await.expect(201);
                vec![text(&of_other, "ref"), self.own.vendor.party.clone(), gone]
            }
            "/orders" => vec![text(&self.other_order, "ref")],
            "/subscriptions" => vec![text(&self.other_order["subscriptions"][0], "ref")],
            other => panic!("teach Scene::refs what {other} has"),
        }
    }
}

/// Of the right form, and of nothing.
fn absent(collection: &str) -> &'static str {
    match collection {
        "/orders" => "019ab6c5-1234-7000-8000-123456789400",
        "/subscriptions" => "019ab6c5-1234-7000-8000-123456789401",
        _ => "987654",
    }
}

const HEADERS: [(&str, &str); 11] = [
    ("accept", "*/*"),
    ("accept", "application/problem+json"),
    ("if-match", "\"1\""),
    ("if-match", "\"1-0-0\""),
    ("if-match", "*"),
    ("if-match", "nonsense"),
    ("if-none-match", "\"1\""),
    ("if-none-match", "*"),
    ("idempotency-key", "the same key"),
    ("idempotency-key", ""),
    ("content-type", "text/plain"),
];

const QUERIES: [&str; 8] = [
    "?force=true",
    "?force=nonsense",
    "?dryRun=true",
    "?dryRun=nonsense",
    "?resetPassword=true",
    "?resetPassword=true&keepPrevious=false",
    "?subscriberId=100000001",
    "?a=1&a=1",
];

/// Bodies of a PUT or POST; the last one is the stranger's object as it is.
fn bodies(object: &Value) -> Vec<String> {
    let texts = ["{}", "{", r#"{"name":"New"}"#, r#"{"name":7}"#, r#"{"color":1}"#, r#"{"state":"ACTIVE"}"#];
    let mut bodies: Vec<String> = texts.map(str::to_owned).to_vec();
    bodies.extend([r#"{"usedConnections":"1"}"#.to_owned(), object.to_string()]);
    bodies
}

struct Question {
    caller: Caller,
    method: Method,
    query: String,
    body: String,
}

impl Question {
    /// Asks an operation about this object.
    async fn ask(&self, operation: &str, path_ref: &str) -> Answer {
        let path = format!("{}{}", operation.replace("{ref}", path_ref), self.query);
        self.caller.send(self.method.clone(), &path, self.body.clone().into()).await
    }
}

/// Everything that is asked about one object.
fn questions(caller: &Caller, method: &Method, object: &Value) -> Vec<Question> {
    let plain = match *method {
        Method::PUT => r#"{"name":"New"}"#.to_owned(),
        Method::POST => r#"{"exhausted":true}"#.to_owned(),
        _ => String::new(),
    };
    let question = |caller: Caller, query: &str, body: String| Question {
        caller,
        method: method.clone(),
        query: query.to_owned(),
        body,
    };
    let mut questions: Vec<_> =
        HEADERS.iter().map(|(name, value)| question(caller.with(name, value), "", plain.clone())).collect();
    questions.extend(QUERIES.iter().map(|query| question(caller.clone(), query, plain.clone())));
    if *method == Method::PUT || *method == Method::POST {
        for body in bodies(object) {
            questions.push(question(caller.clone(), "", body.clone()));
            questions.push(question(caller.clone(), "?resetPassword=true", body));
        }
    }
    questions
}

async fn a_strangers_object_is_answered_like_one_that_never_was(engine: Engine) {
    let scene = Scene::on(engine).await;
    let callers = scene.callers().await;
    let mut compared = 0;
    for operation in operations().iter().filter(|operation| operation.is_of_one()) {
        let collection = operation.collection();
        let refs = scene.refs(collection).await;
        let before = scene.journal.length();
        let object = scene.world.operator.get(&format!("{collection}/{}", refs[0])).await.expect(200);
        let is_product = ["/applications", "/connectivityPlans"].contains(&collection);
        for (name, caller) in &callers {
            // Vendors bundle the products of every supplier, so they see them.
            let sees_all = is_product && ["vendor", "all three"].contains(name) && operation.method == Method::GET;
            for question in questions(caller, &operation.method, &object) {
                let expected = told(&question.ask(operation.path, absent(collection)).await);
                for path_ref in refs.iter().skip(usize::from(sees_all)) {
                    let answer = question.ask(operation.path, path_ref).await;
                    let (query, body) = (&question.query, &question.body);
                    assert_eq!(told(&answer), expected, "{} {query} {body} as {name}", answer.asked);
                    assert!(answer.status >= 400, "{} as {name}", answer.asked);
                    compared += 1;
                }
            }
        }
        assert_eq!(scene.journal.length(), before, "{} {}", operation.method, operation.path);
    }
    assert!(compared > 3_000, "only {compared} pairs were compared");
    scene.journal.verify();
}

async fn for_the_operator_what_is_gone_never_was(engine: Engine) {
    let scene = Scene::on(engine).await;
    for operation in operations().iter().filter(|operation| operation.is_of_one()) {
        let collection = operation.collection();
        let Some(gone) = scene.refs(collection).await.pop() else { continue };
        let answer = scene.world.operator.get(&format!("{collection}/{gone}")).await;
        // The last one is a stranger's where none can be deleted.
        if answer.status != 404 {
            continue;
        }
        for question in questions(&scene.world.operator, &operation.method, &json!({})) {
            let expected = told(&question.ask(operation.path, absent(collection)).await);
            let answer = question.ask(operation.path, &gone).await;
            assert_eq!(told(&answer), expected, "{} {} {}", answer.asked, question.query, question.body);
        }
    }
}

async fn a_reference_in_a_body_tells_nothing_of_strangers(engine: Engine) {
    let scene = Scene::on(engine).await;
    let before = scene.journal.length();
    let ask = async |(caller, method, path, body, _): &Reference<'_>, value: &str, key: bool| {
        let body = body.replace('$', value).replace("OWN", &scene.own.subscriber.id);
        let caller = if key { caller.key("the same key") } else { (*caller).clone() };
        caller.send(method.clone(), path, body.into()).await
    };
    let references = references(&scene);
    let mut compared = 0;
    for key in [false, true] {
        for reference in references.iter().filter(|reference| !reference.4.is_empty()) {
            let expected = told_again(&ask(reference, &reference.4[0], key).await, &reference.4[0]);
            assert!((400..409).contains(&expected.0), "{} {} {expected:?}", reference.2, reference.3);
            for value in &reference.4 {
                let answer = ask(reference, value, key).await;
                assert_eq!(told_again(&answer, value), expected, "{} {} with {value}", answer.asked, reference.3);
                compared += 1;
            }
        }
        let in_query: Vec<_> = references.iter().filter(|reference| reference.4.is_empty()).collect();
        for pair in in_query.chunks(2) {
            let (first, second) = (ask(pair[0], "", key).await, ask(pair[1], "", key).await);
            let sent = [pair[0], pair[1]].map(|it| it.2.split_once('=').map_or("", |(_, value)| value));
            let both = (told_again(&first, sent[0]), told_again(&second, sent[1]));
            assert_eq!(both.0, both.1, "{} and {}", first.asked, second.asked);
            first.refused(400, &second.reason());
            compared += 1;
        }
    }
    assert_eq!(scene.journal.length(), before);
    assert!(compared > 100, "only {compared} pairs were compared");
}

async fn a_filter_finds_nothing_of_strangers(engine: Engine) {
    let scene = Scene::on(engine).await;
    let other = &scene.other;
    let order = text(&scene.other_order, "ref");
    other.vendor.post("/webhookEndpoints", json!({"url": "https://else.example/"})).await.expect(201);
    let filters = [
        ("/suppliers?supplierId=", "far".to_owned(), "none"),
        ("/vendors?vendorId=", "else".to_owned(), "none"),
        ("/subscribers?subscriberId=", other.subscriber.id.clone(), "100987654"),
        ("/subscribers?contactEmail=", "else-customer@subscriber.example".to_owned(), "none@subscriber.example"),
        ("/subscribers?applicationId=", other.application_id.clone(), "far/none"),
        ("/users?email=", "else@vendor.example".to_owned(), "none@vendor.example"),
        ("/users?userId=", "else@vendor.example".to_owned(), "none@vendor.example"),
        ("/offers?offerId=", other.offer_id.clone(), "else/none"),
        ("/offers?orderable=true&offerId=", other.offer_id.clone(), "else/none"),
        ("/processingStrategies?processingStrategyId=", "else/own".to_owned(), "else/none"),
        ("/orders?offerId=", other.offer_id.clone(), "else/none"),
        ("/orders?state=ALL&subscriberId=", other.subscriber.id.clone(), "100987654"),
        ("/subscriptions?subscriberId=", other.subscriber.id.clone(), "100987654"),
        ("/subscriptions?productId=", other.plan_id.clone(), "far/none"),
        ("/subscriptions?orderRef=", order, absent("/orders")),
        ("/applications?applicationId=", other.application_id.clone(), "far/none"),
        ("/connectivityPlans?connectivityPlanId=", other.plan_id.clone(), "far/none"),
        ("/webhookEndpoints?scope=", format!("VENDOR:{}", other.vendor.party), "VENDOR:987654"),
    ];
    for (name, caller) in scene.callers().await {
        for (path, foreign, absent) in &filters {
            let sees_all = path.contains("Plan") || path.starts_with("/applications");
            if sees_all && ["vendor", "all three"].contains(&name) {
                continue;
            }
            let found = caller.get(&format!("{path}{foreign}")).await;
            let expected = caller.get(&format!("{path}{absent}")).await;
            assert_eq!(told(&found), told(&expected), "{} as {name}", found.asked);
            assert!(found.status == 403 || found.text() == "[]", "{} as {name}: {}", found.asked, found.text());
        }
    }
    // The same filters do find what is there, for whoever may see it.
    for (path, foreign, _) in &filters {
        let found = scene.world.operator.get(&format!("{path}{foreign}")).await.expect(200);
        assert_eq!(found.as_array().map(Vec::is_empty), Some(false), "{path}{foreign}");
    }
}

async fn a_place_to_go_on_from_tells_nothing_of_strangers(engine: Engine) {
    let scene = Scene::on(engine).await;
    let order = text(&scene.other_order, "ref");
    let own = text(&scene.own_order, "ref");
    for (name, caller) in scene.callers().await {
        let found = caller.get(&format!("/orders?after={order}&limit=1")).await;
        // One that is a little younger than the stranger's, and does not exist: `after` is a place in time, no more.
        let beside = format!("{}{}", &order[..24], "fffffffffc00");
        let expected = caller.get(&format!("/orders?after={beside}&limit=1")).await;
        assert_eq!(told(&found), told(&expected), "as {name}");
        assert!(!found.text().contains(&order) && found.header("link").is_empty(), "as {name}: {own}");
    }
}

harness::on_each_engine! {
    a_strangers_object_is_answered_like_one_that_never_was;
    for_the_operator_what_is_gone_never_was;
    a_reference_in_a_body_tells_nothing_of_strangers;
    a_filter_finds_nothing_of_strangers;
    a_place_to_go_on_from_tells_nothing_of_strangers;
}
