//! The bound on write amplification: what one request keeps on the disk for ever.
//!
//! At most 600 bytes for each item of an order, 1 KiB for an order that is asked for again by its
//! `externalId`, and else [`BYTES_KEPT`] for each byte sent, whatever the size of the object that
//! the request is about: every object here is as large as the API lets it be. Every operation that
//! changes something has a row in [`OPERATIONS`].

mod harness;

use axum::body::Body;
use harness::{Answer, Caller, Engine, Journal, World, on_each_engine, text};
use http::Method;
use orderpark_server::Settings;
use orderpark_server::router::operations;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_each_engine! {
    what_a_request_keeps_is_bounded_by_what_it_sends;
    a_large_object_is_changed_and_told_as_it_is;
}

/// The most bytes that are kept for each byte sent.
const BYTES_KEPT: usize = 40;
/// A request line with its headers and the shortest token, in bytes.
const HEAD: usize = 150;
/// How often each operation is carried out.
const REPEATS: usize = 16;
/// The items of an offer, and as many scopes as a user would have of each.
const MANY: usize = 50;
/// Scopes of the user that has many.
const SCOPES: usize = 300;

type Row = (&'static str, &'static str, Bound);

/// The most that a request may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// So many bytes for each byte sent.
    Sent,
    /// So many bytes.
    Bytes(usize),
    /// Nothing.
    Nothing,
}
use Bound::{Bytes, Nothing, Sent};

const OPERATIONS: &[Row] = &[
    ("POST", "/oauth/token", Nothing),
    ("POST", "/oauth/token renewed", Sent),
    ("POST", "/oauth/revoke_token", Sent),
    ("POST", "/suppliers", Sent),
    ("PUT", "/suppliers/{ref}", Sent),
    ("DELETE", "/suppliers/{ref}", Sent),
    ("POST", "/vendors", Sent),
    ("PUT", "/vendors/{ref}", Sent),
    ("DELETE", "/vendors/{ref}", Sent),
    ("POST", "/subscribers", Sent),
    ("PUT", "/subscribers/{ref}", Sent),
    ("DELETE", "/subscribers/{ref}", Sent),
    ("POST", "/users", Sent),
    ("PUT", "/users/{ref}", Sent),
    ("PUT", "/users/{ref}?resetPassword=true", Sent),
    ("DELETE", "/users/{ref}", Sent),
    ("POST", "/users/{ref}/contain", Sent),
    ("PUT", "/quotas/{ref}", Sent),
    ("POST", "/applications", Sent),
    ("PUT", "/applications/{ref}", Sent),
    ("DELETE", "/applications/{ref}", Sent),
    ("POST", "/connectivityPlans", Sent),
    ("PUT", "/connectivityPlans/{ref}", Sent),
    ("DELETE", "/connectivityPlans/{ref}", Sent),
    ("POST", "/offers", Sent),
    ("PUT", "/offers/{ref}", Sent),
    ("DELETE", "/offers/{ref}", Sent),
    ("POST", "/processingStrategies", Sent),
    ("PUT", "/processingStrategies/{ref}", Sent),
    ("DELETE", "/processingStrategies/{ref}", Sent),
    ("POST", "/orders", Bytes(600 * MANY)),
    ("POST", "/orders again", Bytes(1024)),
    ("POST", "/orders refused", Nothing),
    ("DELETE", "/orders/{ref}", Sent),
    ("PUT", "/subscriptions/{ref}", Sent),
    ("POST", "/webhookEndpoints", Sent),
    ("PUT", "/webhookEndpoints/{ref}", Sent),
    ("DELETE", "/webhookEndpoints/{ref}", Sent),
    ("POST", "/webhookEndpoints/{ref}/rotateSecret", Sent),
    ("POST", "/webhookEndpoints/{ref}/test", Sent),
    ("POST", "/webhookEndpoints/{ref}/replay", Sent),
];

#[test]
fn every_operation_that_changes_something_has_a_row() {
    let changing = operations().iter().filter(|it| it.method != Method::GET);
    let routed: BTreeSet<_> = changing.map(|it| (it.method.as_str(), it.path)).collect();
    let rows: BTreeSet<_> = OPERATIONS.iter().map(|(method, path, _)| (*method, *path)).collect();
    let missing: Vec<_> = routed.difference(&rows).collect();
    assert!(missing.is_empty(), "no row in OPERATIONS for {missing:?}: say what it keeps, and teach Large its body");
}

/// A text of so many characters, of four bytes each.
fn long(characters: usize) -> String {
    "\u{1F69C}".repeat(characters)
}

fn url(host: &str) -> String {
    format!("https://{host}.example/{}", "u".repeat(2048 - 17 - host.len()))
}

/// A deployment in which each object is as large as the API lets it be.
struct Large {
    world: World,
    journal: Journal,
    /// Ids of products.
    products: Vec<String>,
    /// Scopes that a user may have.
    scopes: Vec<String>,
    user: Value,
    order: Value,
    changed: Vec<(&'static str, String)>,
    next: usize,
}

impl Large {
    async fn on(engine: Engine) -> Large {
        let world = World::with(engine, Settings::default()).await;
        let journal = world.journal();
        let (products, scopes, changed) = (Vec::new(), Vec::new(), Vec::new());
        let mut large =
            Large { world, journal, products, scopes, user: Value::Null, order: Value::Null, changed, next: 0 };
        for collection in ["/suppliers", "/vendors", "/subscribers"] {
            large.keep(collection).await;
        }
        for _ in 0..MANY {
            let product = large.made("/connectivityPlans").await;
            large.products.push(text(&product, "id"));
        }
        let of = |n| json!({"name": format!("S{n}"), "vendorId": "v".repeat(128)});
        for n in 0..SCOPES {
            let subscriber = large.world.operator.post("/subscribers", of(n)).await.expect(201);
            large.scopes.push(format!("SUBSCRIBER:{}", text(&subscriber, "ref")));
        }
        for collection in
            ["/applications", "/connectivityPlans", "/offers", "/processingStrategies", "/webhookEndpoints"]
        {
            large.keep(collection).await;
        }
        large.user = large.keep("/users").await;
        large.order = large.made("/orders").await;
        large
    }

    async fn made(&mut self, collection: &str) -> Value {
        let body = self.body(collection);
        self.world.operator.post(collection, body).await.expect(201)
    }

    /// Makes what is changed later.
    async fn keep(&mut self, collection: &'static str) -> Value {
        let made = self.made(collection).await;
        self.changed.push((collection, text(&made, "ref")));
        made
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// The largest object of a collection; the first of each kind of party owns all others.
    fn body(&mut self, collection: &str) -> Value {
        let n = self.number();
        let id = |owner: &str| format!("{}/{n:0>128}", owner.repeat(128));
        let party = |first: &str| {
            if self.changed.iter().any(|(kept, _)| *kept == collection) {
                format!("{n:0>128}")
            } else {
                first.repeat(128)
            }
        };
        let notification = json!({"subscribedUrl": url("a"), "updatedUrl": url("b"), "unsubscribedUrl": url("c"),
                                  "mode": "COMMIT_ONLY", "format": "JSON"});
        match collection {
            "/suppliers" => json!({"id": party("s"), "name": long(256)}),
            "/vendors" => json!({"id": party("v"), "name": long(256)}),
            "/subscribers" => json!({"name": long(256), "vendorId": "v".repeat(128), "organization": long(256),
                                     "contactEmail": format!("{n}@{}.example", "e".repeat(230))}),
            "/users" => json!({"email": format!("{n}@{}.example", "e".repeat(230)), "scopes": self.scopes,
                               "firstName": long(256), "lastName": long(256), "organization": long(256)}),
            "/applications" => {
                json!({"id": id("s"), "name": long(256), "portalUrl": url("p"), "notification": notification})
            }
            "/connectivityPlans" if self.products.len() < MANY => json!({"id": id("s"), "name": "Plan"}),
            "/connectivityPlans" => json!({"id": id("s"), "name": long(256), "notification": notification}),
            "/offers" => {
                let item = |product: &String| json!({"productId": product, "grantedConnections": 1_000_000_000});
                json!({"id": id("v"), "name": long(256), "items": self.products.iter().map(item).collect::<Vec<_>>()})
            }
            "/processingStrategies" => json!({"id": id("v"), "name": long(256), "description": long(1024),
                                              "settings": {"a": "\"".repeat(8000)}}),
            "/orders" => json!({"offerRef": self.of("/offers"), "subscriberRef": self.of("/subscribers")}),
            "/webhookEndpoints" => {
                json!({"url": url(&format!("w{n}")), "description": long(1024), "scope": format!("VENDOR:{}", self.of("/vendors"))})
            }
            other => panic!("teach Large::body what is large in {other}"),
        }
    }

    /// The ref of what is changed.
    fn of(&self, collection: &str) -> String {
        let kept = self.changed.iter().find(|(kept, _)| *kept == collection);
        kept.unwrap_or_else(|| panic!("nothing was made in {collection}")).1.clone()
    }

    /// The size of the database, in bytes.
    fn size(&self) -> i64 {
        let look = |sql: &str| self.world.database.look(sql);
        let sql = match self.world.database.engine() {
            Engine::Sqlite => "select page_count * page_size from pragma_page_count(), pragma_page_size()".to_owned(),
            Engine::Postgres => {
                let tables = look(
                    "select tablename from pg_tables where schemaname = 'public' and tablename not like 'refinery%'",
                );
                // A row's header and its entries in two or three indexes.
                let of = |table: &Vec<String>| {
                    format!("coalesce((select sum(octet_length(t::text) + 100) from {0} t), 0)", table[0])
                };
                format!("select {}", tables.iter().map(of).collect::<Vec<_>>().join(" + "))
            }
        };
        look(&sql)[0][0].parse().expect("a number")
    }

    /// The requests of a row: who asks, where, what.
    async fn requests(&mut self, method: &str, path: &str) -> Vec<(Caller, Method, String, String)> {
        let mut requests = Vec::new();
        for _ in 0..REPEATS {
            requests.push(self.request(method, path).await);
        }
        requests
    }

    async fn request(&mut self, method: &str, path: &str) -> (Caller, Method, String, String) {
        let n = self.number();
        let (collection, _) = path.split_once("/{ref}").unwrap_or((path, ""));
        let operator = self.world.operator.clone();
        let by_method = Method::from_bytes(method.as_bytes()).expect("a method");
        let asked = |caller: Caller, path: String, body: Value| {
            (caller, by_method.clone(), path, if body.is_null() { String::new() } else { body.to_string() })
        };
        if let Some(path) = path.strip_prefix("/oauth") {
            let client = format!(
                "client_id={}&client_secret={}",
                text(&self.user, "clientId").replace('/', "%2F"),
                text(&self.user, "clientSecret")
            );
            let form = format!("grant_type=client_credentials&{client}");
            let admin =
                self.world.nobody().at("/admin/latest/api").with("content-type", "application/x-www-form-urlencoded");
            let (path, body) = match path {
                "/token" => ("/oauth/token".to_owned(), form),
                "/token renewed" => ("/oauth/token?renewToken=true".to_owned(), form),
                _ => {
                    let token =
                        self.world.user(&format!("u{n}@x.example"), &["OPERATOR:1"]).await.token.expect("a token");
                    (format!("/oauth/revoke_token?access_token={token}"), String::new())
                }
            };
            return (admin, Method::POST, path, body);
        }
        match (method, path) {
            ("POST", "/orders again") => {
                let mut body = self.body("/orders");
                body["externalId"] = json!("PO-1");
                asked(operator.key(&format!("k{n}")), "/orders".to_owned(), body)
            }
            ("POST", "/orders refused") => {
                let mut body = self.body("/orders");
                body["offerRef"] = json!("999999");
                asked(operator.key(&format!("k{n}")), "/orders".to_owned(), body)
            }
            ("POST", path) if !path.contains("{ref}") => {
                let body = self.body(path);
                asked(operator, path.to_owned(), body)
            }
            ("DELETE", _) | ("POST", "/users/{ref}/contain") => {
                let made = self.made(collection).await;
                asked(operator, path.replace("{ref}", &text(&made, "ref")), Value::Null)
            }
            ("PUT", "/quotas/{ref}") => {
                let vendor = self.of("/vendors");
                asked(operator, path.replace("{ref}", &vendor), json!({"users": n}))
            }
            ("PUT", "/subscriptions/{ref}") => {
                let state = if n.is_multiple_of(2) { "SUSPENDED" } else { "ACTIVE" };
                let subscription = text(&self.order["subscriptions"][0], "ref");
                asked(operator, path.replace("{ref}", &subscription), json!({"state": state}))
            }
            _ => {
                let body = match (method, path) {
                    ("PUT", "/users/{ref}") => json!({"firstName": format!("{n}")}),
                    ("PUT", "/users/{ref}?resetPassword=true") => json!({}),
                    ("PUT", "/webhookEndpoints/{ref}") => {
                        json!({"eventTypes": [if n.is_multiple_of(2) { "offer.deleted" } else { "offer.created" }]})
                    }
                    ("PUT", _) => json!({"name": format!("{n}")}),
                    (_, "/webhookEndpoints/{ref}/replay") => json!({"exhausted": true}),
                    _ => json!({}),
                };
                asked(operator, path.replace("{ref}", &self.of(collection)), body)
            }
        }
    }
}

async fn send(request: &(Caller, Method, String, String)) -> Answer {
    let (caller, method, path, body) = request;
    caller.send(method.clone(), path, Body::from(body.clone())).await
}

async fn what_a_request_keeps_is_bounded_by_what_it_sends(engine: Engine) {
    let mut large = Large::on(engine).await;
    let mut broken = Vec::new();
    for (method, path, bound) in OPERATIONS {
        let requests = large.requests(method, path).await;
        // What is made or found the first time is not repeated by the others.
        send(&requests[0]).await;
        let (before, mut allowed, mut answers) = (large.size(), 0, BTreeSet::new());
        for request in &requests[1..] {
            answers.insert(send(request).await.status);
            allowed += match bound {
                Sent => BYTES_KEPT * (HEAD + request.2.len() + request.3.len()),
                Bytes(bytes) => *bytes,
                Nothing => 0,
            };
        }
        let kept = large.size() - before;
        let is_bounded = kept <= i64::try_from(allowed).expect("a few megabytes");
        if !is_bounded || answers.iter().any(|status| *status >= 400) != path.ends_with("refused") {
            broken.push(format!("{method} {path}: {answers:?}, {kept} bytes kept, {allowed} allowed"));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    large.journal.verify();
}

/// What an update left out of its entry is in the row and in the feed.
async fn a_large_object_is_changed_and_told_as_it_is(engine: Engine) {
    let large = Large::on(engine).await;
    let operator = &large.world.operator;
    let endpoint = operator.get(&format!("/webhookEndpoints/{}", large.of("/webhookEndpoints"))).await.expect(200);
    for (collection, of_it) in &large.changed {
        let path = format!("{collection}/{of_it}");
        let mut expected = operator.get(&path).await.expect(200);
        let attribute = match *collection {
            "/users" => "firstName",
            "/webhookEndpoints" => "eventTypes",
            _ => "name",
        };
        let other = if attribute == "eventTypes" { json!(["offer.deleted"]) } else { json!("Other") };
        let body = json!({ attribute: other });
        let changed = operator.put(&path, body.clone()).await.expect(200);
        let now = operator.get(&path).await.expect(200);
        assert!(as_made(changed) == as_made(now.clone()), "{path}");
        expected[attribute] = now[attribute].clone();
        assert!(as_made(now) == as_made(expected), "{path}");
        let length = large.journal.length();
        operator.put(&path, body.clone()).await.expect(200);
        assert_eq!(large.journal.length(), length, "{path}: what changes nothing keeps nothing");
    }
    let told = operator.get(&format!("/events?after={}", text(&endpoint["delivery"], "cursor"))).await.expect(200);
    let offers = told.as_array().expect("events").iter().filter(|event| event["type"] == "offer.updated");
    let items: Vec<_> = offers.map(|event| event["data"]["items"].as_array().map(Vec::len)).collect();
    assert_eq!(items, [Some(MANY)]);
    large.journal.verify();
}

/// An object without what deliveries add to it when it is read.
fn as_made(mut object: Value) -> Value {
    object.as_object_mut().expect("an object").retain(|name, value| name != "delivery" && !value.is_null());
    object
}
