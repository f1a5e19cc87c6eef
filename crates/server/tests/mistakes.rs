//! The mistakes of a newcomer: every answer says what was sent, what is wrong with it, and what to
//! do.
//!
//! Each row is one mistake and a text that its answer has to show again. The snapshot holds all
//! sentences, so that a reader can judge their English.

mod harness;

use axum::body::Body;
use harness::{Answer, Caller, Shop, World, text};
use http::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;

const FORM: &str = "application/x-www-form-urlencoded";

struct Scene {
    world: World,
    shop: Shop,
    other: Shop,
    order: Value,
    told: String,
}

impl Scene {
    async fn new() -> Scene {
        let world = World::new().await;
        let (shop, other) = (world.shop("net", "acme").await, world.shop("grid", "bolt").await);
        let order = json!({"offerId": shop.offer_id, "externalId": "PO-1"});
        let order = shop.subscriber.key("first").post("/orders", order).await.expect(201);
        let paused = json!({"id": "acme/paused", "name": "Paused", "state": "SUSPENDED", "items": [{"productId": shop.plan_id, "grantedConnections": 1}]});
        shop.vendor.post("/offers", paused).await.expect(201);
        Scene { world, shop, other, order, told: String::new() }
    }

    /// Writes down what was answered to a mistake, which has to show `sent`.
    fn tell(&mut self, mistake: &str, answer: &Answer, sent: &str) {
        let body = answer.json();
        let (message, reason) = (text(&body, "message"), text(&body, "reason"));
        assert!((400..500).contains(&answer.status), "{mistake}: {}", answer.text());
        assert!(message.contains(sent), "{mistake}: {sent:?} is not in {message:?}");
        assert_eq!(body["see"], format!("/docs/errors#{reason}"));
        writeln!(self.told, "{mistake}\n    {} {reason}: {message}", answer.status).expect("memory takes it");
        for field in body["fields"].as_array().into_iter().flatten() {
            if !message.contains(&text(field, "message")) {
                writeln!(self.told, "        {}: {}", text(field, "path"), text(field, "message")).expect("memory");
            }
        }
    }

    async fn form(&self, path: &str, form: &str) -> Answer {
        let caller = self.world.nobody().at("/admin/latest/api").with("content-type", FORM);
        caller.send(Method::POST, path, Body::from(form.to_owned())).await
    }
}

async fn without_a_token(scene: &mut Scene) {
    let nobody = scene.world.nobody();
    let basic = nobody.with("authorization", "Basic YWNtZTpzZWNyZXQ=");
    for (mistake, caller, path, sent) in [
        ("no token", nobody.clone(), "/orders", "Authorization"),
        ("HTTP Basic instead of a token", basic, "/orders", "'basic'"),
        ("a token of elsewhere", nobody.holding("eyJhbGciOiJIUzI1NiJ9.e30.x"), "/orders", "this server did not issue"),
        ("a base that is none", nobody.at("/core/v999/api"), "/orders", "'/core/v999/api/orders'"),
        ("a path that is none", scene.world.operator.clone(), "/devices", "/devices"),
    ] {
        let answer = caller.get(path).await;
        scene.tell(mistake, &answer, sent);
    }
}

async fn at_the_token_endpoint(scene: &mut Scene) {
    let right = format!("client_id={}&client_secret={}", scene.shop.vendor.client_id, scene.shop.vendor.client_secret);
    let plus = "grant_type=client_credentials&client_id=default/a+b@acme.example&client_secret=x".to_owned();
    let grant = "grant_type=client_credentials";
    for (mistake, path, form, sent) in [
        ("an empty form", "/oauth/token", String::new(), "grant_type"),
        ("a wrong grant", "/oauth/token", format!("grant_type=password&{right}"), "'password'"),
        ("no client_id", "/oauth/token", format!("{grant}&client_secret=x"), "client_id"),
        ("no client_secret", "/oauth/token", format!("{grant}&client_id=x"), "client_secret"),
        (
            "a wrong secret",
            "/oauth/token",
            format!("{grant}&client_id=default/me@acme.example&client_secret=x"),
            "me@acme",
        ),
        ("a plus that is a blank", "/oauth/token", plus, "%2B"),
        ("credentials in the address", "/oauth/token?client_id=a&client_secret=b", grant.to_owned(), "client_id"),
        ("the grant in the address", "/oauth/token?grant_type=client_credentials", right.clone(), "grant_type"),
        ("a wrong period", "/oauth/token?validityPeriod=1week", format!("{grant}&{right}"), "'1week'"),
        ("a flag that is none", "/oauth/token?renewToken=maybe", format!("{grant}&{right}"), "'maybe'"),
        ("nothing to revoke", "/oauth/revoke_token", String::new(), "access_token"),
    ] {
        let answer = scene.form(path, &form).await;
        scene.tell(mistake, &answer, sent);
    }
    let json = scene.world.nobody().at("/admin/latest/api").post("/oauth/token", json!({"grant_type": "x"})).await;
    scene.tell("JSON at the token endpoint", &json, "'application/json'");
}

async fn in_bodies(scene: &mut Scene) {
    let (offer, other) = (scene.shop.offer_id.clone(), scene.other.offer_id.clone());
    for (mistake, body, sent) in [
        ("an empty body", String::new(), "empty"),
        ("no JSON", "{\"offerId\": acme}".to_owned(), "line 1"),
        ("a list for an object", "[]".to_owned(), "object"),
        ("an attribute twice", format!("{{\"offerId\":\"{offer}\",\"offerId\":\"{offer}\"}}"), "'offerId' twice"),
        ("no attributes", "{}".to_owned(), "offerId"),
        (
            "a misspelt attribute",
            format!("{{\"offerID\":\"{offer}\",\"offerId\":\"{offer}\"}}"),
            "'offerID' (did you mean 'offerId'?)",
        ),
        ("a number for a text", "{\"offerId\":7}".to_owned(), "offerId is 7"),
        ("a quantity of 0", format!("{{\"offerId\":\"{offer}\",\"quantity\":0}}"), "quantity is 0"),
        ("a hidden character", format!("{{\"offerId\":\"{offer}\",\"externalId\":\"PO\u{200b}\"}}"), "U+200B"),
        ("an unknown offer", "{\"offerId\":\"acme/sensors-100\"}".to_owned(), "'acme/sensors-100'"),
        ("an offer of others", format!("{{\"offerId\":\"{other}\"}}"), &*format!("'{other}'")),
        ("an unknown subscriber", format!("{{\"offerId\":\"{offer}\",\"subscriberId\":\"42\"}}"), "'42'"),
        ("a suspended offer", "{\"offerId\":\"acme/paused\"}".to_owned(), "'acme/paused' is not ACTIVE"),
        (
            "an externalId again",
            format!("{{\"offerId\":\"{offer}\",\"quantity\":2,\"externalId\":\"PO-1\"}}"),
            "'PO-1'",
        ),
    ] {
        let answer = scene.shop.subscriber.send(Method::POST, "/orders", Body::from(body)).await;
        scene.tell(mistake, &answer, sent);
    }
    let mixed = json!({"offerId": offer, "subscriberId": scene.other.subscriber.id});
    let mixed = scene.world.operator.post("/orders", mixed).await;
    scene.tell("the operator mixes two vendors", &mixed, "'bolt'");
    let xml = scene.shop.subscriber.with("content-type", "text/xml").send(Method::POST, "/orders", "<a/>".into()).await;
    scene.tell("XML", &xml, "'text/xml'");
}

async fn of_objects(scene: &mut Scene) {
    let item = json!([{"productId": "net/none"}]);
    let offer = |id: &str, items: &Value| json!({"id": id, "name": "N", "items": items});
    let endpoint = |url: &str, types: Value| json!({"url": url, "eventTypes": types});
    let (vendor, operator) = (scene.shop.vendor.caller.clone(), scene.world.operator.clone());
    let plan = json!([{"productId": scene.shop.plan_id, "grantedConnections": 1}]);
    let rows: [(&str, &Caller, &str, Value, &str); 11] = [
        ("a supplier orders", &scene.shop.supplier.caller.clone(), "/orders", json!({"offerId": "a/b"}), "SUPPLIER"),
        ("an id that is taken", &operator, "/vendors", json!({"id": "acme", "name": "A"}), "'acme'"),
        ("an id with another prefix", &vendor, "/offers", offer("bolt/new", &plan), "id"),
        ("an unknown product", &vendor, "/offers", offer("acme/new", &item), "'net/none'"),
        ("an unknown vendor", &operator, "/subscribers", json!({"name": "S", "vendorId": "nobody"}), "'nobody'"),
        ("no names", &operator, "/vendors", json!({"id": "new"}), "name"),
        ("a name of blanks", &operator, "/vendors", json!({"id": "new", "name": " "}), "' '"),
        ("an email that is none", &operator, "/users", json!({"email": "me", "scopes": ["VENDOR:1"]}), "'me'"),
        (
            "a scope that is not held",
            &vendor,
            "/users",
            json!({"email": "a@b.c", "scopes": ["OPERATOR:1"]}),
            "'OPERATOR:1'",
        ),
        (
            "an unknown type of event",
            &vendor,
            "/webhookEndpoints",
            endpoint("https://a.example", json!(["orders"])),
            "'orders'",
        ),
        ("a private address", &vendor, "/webhookEndpoints", endpoint("http://10.0.0.1/", Value::Null), "'10.0.0.1'"),
    ];
    for (mistake, caller, path, body, sent) in rows {
        let answer = caller.post(path, body).await;
        scene.tell(mistake, &answer, sent);
    }
}

async fn in_headers_and_queries(scene: &mut Scene) {
    let order = format!("/orders/{}", text(&scene.order, "ref"));
    let (subscriber, vendor) = (scene.shop.subscriber.caller.clone(), scene.shop.vendor.caller.clone());
    let changed = |caller: &Caller, tag: &str| caller.with("if-match", tag);
    let offer = format!("/offers/{}", scene.shop.offer_ref);
    let other = json!({"offerId": scene.shop.offer_id, "quantity": 3});
    let answers = [
        ("a key again", subscriber.key("first").post("/orders", other.clone()).await, "'first'"),
        ("an empty key", subscriber.key("").post("/orders", other).await, "Idempotency-Key is ''"),
        ("an old tag", changed(&vendor, "\"9\"").put(&offer, json!({"name": "N"})).await, "\"9\""),
        ("a tag that is none", changed(&vendor, "xyz").put(&offer, json!({"name": "N"})).await, "xyz"),
        ("a method that is none", vendor.send(Method::PATCH, &order, Body::empty()).await, "'PATCH'"),
        ("a misspelt parameter", vendor.get("/orders?status=ACTIVE").await, "'status' (did you mean 'state'?)"),
        ("a flag that is none", vendor.delete(&format!("{order}?dryRun=yes")).await, "dryRun is 'yes'"),
        ("a time that is none", vendor.get("/orders?createdFrom=yesterday").await, "'yesterday'"),
        ("an offset with a plus", vendor.get("/orders?createdTo=2026-11-23T10:00:00+02:00").await, "%2B"),
        ("a state that is none", vendor.get("/orders?state=OPEN").await, "'OPEN'"),
        ("page 0", vendor.get("/orders?pageIndex=0").await, "'0'"),
        ("an email with a blank", vendor.get("/users?email=a+b@acme.example").await, "%2B"),
        (
            "an unknown strategy",
            subscriber.post("/orders?withProcessingStrategyId=FAST", json!({"offerId": scene.shop.offer_id})).await,
            "'FAST'",
        ),
        ("a ref that is none", vendor.get("/orders/PO-1").await, ""),
        ("in use", vendor.delete(&offer).await, "orders"),
        ("XML is wanted", vendor.with("accept", "text/xml").get("/orders").await, "'text/xml'"),
    ];
    for (mistake, answer, sent) in answers {
        scene.tell(mistake, &answer, sent);
    }
    let use_all = json!({"usedConnections": "1"});
    let report = format!("/connectivityPlans/{}?subscriberId={}", scene.shop.plan_ref, scene.shop.subscriber.id);
    scene.shop.supplier.put(&report, use_all).await.expect(200);
    let answer = subscriber.delete(&order).await;
    scene.tell("connections in use", &answer, "1 connections");
    let answer = scene.shop.supplier.put(&report, json!({"usedConnections": "1000000"})).await;
    scene.tell("more connections than granted", &answer, "1000000");
}

#[tokio::test]
async fn every_mistake_is_told_what_was_sent_and_what_to_do() {
    let mut scene = Scene::new().await;
    without_a_token(&mut scene).await;
    at_the_token_endpoint(&mut scene).await;
    in_bodies(&mut scene).await;
    of_objects(&mut scene).await;
    in_headers_and_queries(&mut scene).await;
    let count = scene.told.lines().filter(|line| !line.starts_with(' ')).count();
    assert!(count >= 55, "only {count} mistakes");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("mistakes", scene.told);
    });
}
