//! Dry runs: whatever changes something can be tried, is answered alike, and changes nothing.

use super::harness::{Answer, Caller, Engine, World, text};
use super::{COLUMNS, MATRIX, Row, Scene};
use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

const BASE: &str = "/core/latest/api";

/// Everything that the database holds.
fn everything(world: &World) -> Vec<(String, Vec<Vec<String>>)> {
    let tables = match world.database.engine() {
        Engine::Sqlite => "select name from sqlite_master where type = 'table' order by name",
        Engine::Postgres => {
            "select table_name from information_schema.tables where table_schema = current_schema() order by 1"
        }
    };
    let tables = world.database.look(tables).concat();
    assert!(tables.len() > 15, "{tables:?}");
    let rows = |table: &String| world.database.look(&format!("select * from {table} order by 1, 2"));
    tables.into_iter().map(|table| (table.clone(), rows(&table))).collect()
}

/// A request that is made as a dry run, and can be made in earnest.
pub(super) struct Tried {
    pub caller: Caller,
    pub method: Method,
    path: String,
    pub body: String,
}

impl Tried {
    pub async fn of(scene: &mut Scene, (method, path, _): &Row, column: usize) -> Tried {
        let target = if path.contains("{ref}") { scene.target(method, path, column).await } else { String::new() };
        let body = match *method {
            "POST" | "PUT" => scene.body(method, path, column).to_string(),
            _ => String::new(),
        };
        let caller = scene.callers[column].at(BASE).key(&format!("{method} {path} {column}"));
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Tried { caller, method, path: path.replace("{ref}", &target), body }
    }

    pub async fn send(&self, query: &str) -> Answer {
        self.caller.send(self.method.clone(), &format!("{}{query}", self.path), Body::from(self.body.clone())).await
    }
}

/// The attributes of an answer, without those that only a change in earnest has.
fn attributes(answer: &Value) -> Vec<&String> {
    let secrets = ["dryRun", "secret", "clientSecret"];
    let mut names: Vec<_> = answer.as_object().expect("an object").keys().collect();
    names.retain(|name| !secrets.contains(&name.as_str()));
    names
}

fn assert_marked(dry: &Answer) {
    assert_eq!((dry.status, dry.header("dry-run")), (200, "true"), "{}: {}", dry.asked, dry.text());
    assert_eq!((&dry.json()["dryRun"], dry.header("etag"), dry.header("location")), (&json!(true), "", ""));
    assert!(!dry.text().contains("ecret\":\""), "{}", dry.text());
}

pub(super) async fn a_dry_run_is_answered_alike_and_changes_nothing(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for row in MATRIX.iter().filter(|row| row.0 != "GET") {
        let mut tried = Vec::new();
        for column in 0..COLUMNS.len() {
            tried.push(Tried::of(&mut scene, row, column).await);
        }
        let before = everything(&scene.world);
        let mut answers = Vec::new();
        for (column, one) in tried.iter().enumerate() {
            let dry = one.send("?dryRun=True").await;
            if row.2[column] < 300 {
                assert_marked(&dry);
            } else {
                assert_eq!(dry.status, row.2[column], "{} as {}: {}", dry.asked, COLUMNS[column], dry.text());
            }
            answers.push(dry);
        }
        assert!(everything(&scene.world) == before, "{} {} changed something", row.0, row.1);
        for (column, (one, dry)) in tried.iter().zip(answers).enumerate() {
            if row.2[column] < 300 && column > 0 {
                continue;
            }
            let real = one.send("?dryRun=false").await;
            assert_eq!((real.status, real.header("dry-run")), (row.2[column], ""), "{}: {}", real.asked, real.text());
            assert_eq!(real.header("idempotent-replayed"), "", "{}: a dry run keeps no key", real.asked);
            let (dry, real) = (dry.json(), real.json());
            if row.2[column] >= 300 {
                assert_eq!((&dry["reason"], &dry["message"]), (&real["reason"], &real["message"]));
            } else if !row.1.ends_with("/test") {
                assert_eq!(attributes(&dry), attributes(&real), "{} {}", row.0, row.1);
            }
        }
    }
    scene.journal.verify();
}

pub(super) async fn a_dry_run_makes_no_secret_valid(engine: Engine) {
    let scene = Scene::on(engine).await;
    let (shop, operator) = (&scene.shop, &scene.world.operator);
    let users = operator.get(&format!("/users?email={}", shop.vendor.client_id.replace("default/", ""))).await;
    let application = format!("/applications/{}", shop.application_ref);
    let notification = json!({"notification": {"subscribedUrl": "https://net.example/", "format": "JSON"}});
    operator.put(&application, notification).await.expect(200);
    let before = everything(&scene.world);
    let cases = [
        (format!("/users/{}?resetPassword=true&keepPrevious=False", text(&users.json()[0], "ref")), json!({})),
        (format!("{application}?rotateSecret=TRUE"), json!({})),
        (
            format!("/connectivityPlans/{}?subscriberId={}", shop.plan_ref, shop.subscriber.id),
            json!({"usedConnections": 1}),
        ),
    ];
    for (path, body) in cases {
        assert_marked(&operator.put(&format!("{path}&dryRun=true"), body).await);
    }
    assert!(everything(&scene.world) == before);
    shop.vendor.get("/orders").await.expect(200);
    scene.world.login(&shop.vendor.client_id, &shop.vendor.client_secret).await;
    for (query, path) in [
        ("keepPrevious=true", format!("/users/{}", text(&users.json()[0], "ref"))),
        ("rotateSecret=true&subscriberId=x", format!("/connectivityPlans/{}", shop.plan_ref)),
        ("dryRun=yes", application.clone()),
    ] {
        operator.put(&format!("{path}?{query}"), json!({})).await.refused(400, "invalid_attribute");
    }
}

/// A key that was used already says what the request in earnest would be answered.
pub(super) async fn a_dry_run_under_a_used_key_is_its_first_answer(engine: Engine) {
    let scene = Scene::on(engine).await;
    let keyed = scene.shop.subscriber.key("used");
    let body = json!({"offerId": scene.shop.offer_id});
    let first = keyed.post("/orders", body.clone()).await.expect(201);
    let before = everything(&scene.world);
    let again = keyed.post("/orders?dryRun=true", body).await;
    assert_marked(&again);
    assert_eq!((&again.json()["ref"], again.header("idempotent-replayed")), (&first["ref"], "true"));
    let other = json!({"offerId": scene.shop.offer_id, "quantity": 2});
    keyed.post("/orders?dryRun=true", other).await.refused(422, "key_reused");
    assert!(everything(&scene.world) == before);
}

pub(super) async fn no_supplier_is_asked_by_a_dry_run(engine: Engine) {
    let scene = Scene::on(engine).await;
    let (shop, operator) = (&scene.shop, &scene.world.operator);
    let asked = json!({"notification": {"subscribedUrl": "https://net.example/", "mode": "TRY_COMMIT"}});
    operator.put(&format!("/applications/{}", shop.application_ref), asked).await.expect(200);
    let body = json!({"offerId": shop.offer_id});
    let dry = shop.subscriber.post("/orders?dryRun=true", body).await;
    assert_marked(&dry);
    assert_eq!(dry.json()["state"], "PENDING", "nobody was asked, and so nobody has agreed or refused");
}
