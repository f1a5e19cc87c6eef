//! Test events: signed, sent at once, logged, and never repeated.

use super::harness::{self, Engine, World, text};
use super::receiver::{Arrival, Receiver};
use super::secrets::key;
use super::{URL, near, path};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orderpark_server::Settings;
use serde_json::{Value, json};

/// The signature of a request under this key (Standard Webhooks 1.0).
fn signature(arrival: &Arrival, key: &[u8]) -> String {
    let mut signing = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    signing.update(format!("{}.{}.", arrival.header("webhook-id"), arrival.header("webhook-timestamp")).as_bytes());
    signing.update(&arrival.body);
    format!("v1,{}", STANDARD.encode(signing.sign()))
}

async fn a_test_is_sent_at_once_signed_and_logged(engine: Engine) {
    let world = near(engine).await;
    let vendor = world.vendor("acme").await;
    let mut receiver = Receiver::start().await;
    let made = vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    let test = format!("{}/test", path(&made));
    // The receiver is inside an allowed network: what it answers is for the operator.
    let (answer, arrival) = tokio::join!(world.operator.post_raw(&test, ""), async {
        let arrival = receiver.next().await;
        let told = (arrival.line.clone(), arrival.headers.clone(), arrival.body.clone());
        assert_eq!(arrival.header("webhook-signature"), signature(&arrival, &key(&made)));
        arrival.answer(202, "taken\n").await;
        told
    });
    let (line, headers, body) = arrival;
    assert_eq!((line.as_str(), headers["content-type"].as_str()), ("POST /hooks HTTP/1.1", "application/json"));
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let attempt = answer.expect(200);
    let id = text(&attempt, "webhookId");
    assert_eq!((&headers["webhook-id"], &headers["ce-id"]), (&id, &id));
    assert_eq!((headers["ce-type"].as_str(), &headers["ce-time"]), ("webhook.test", &text(&attempt, "timestamp")));
    let mut endpoint = made.clone();
    // Its receiver need not know who made it.
    endpoint
        .as_object_mut()
        .expect("an object")
        .retain(|name, _| !["secret", "createdBy", "createdByLogin"].contains(&name.as_str()));
    assert_eq!(body, json!({"id": id, "type": "webhook.test", "timestamp": attempt["timestamp"], "data": endpoint}));
    let expected = json!({"ref": attempt["ref"], "webhookId": id, "type": "webhook.test", "number": 1,
        "timestamp": attempt["timestamp"], "durationMs": attempt["durationMs"], "url": receiver.url, "status": 202,
        "response": attempt["response"]});
    assert_eq!(attempt, expected);
    assert!(text(&attempt, "response").starts_with("taken"), "{attempt}");
    let attempts = format!("{}/attempts", path(&made));
    assert_eq!(world.operator.get(&attempts).await.expect(200), json!([attempt]));
    let mut masked = attempt.clone();
    masked.as_object_mut().expect("an object").remove("response");
    assert_eq!(vendor.get(&attempts).await.expect(200), json!([masked]));
    let delivery = &vendor.get(&path(&made)).await.expect(200)["delivery"];
    assert_eq!((&delivery["waiting"], &delivery["failingSince"]), (&json!(0), &Value::Null));
}

async fn while_a_secret_is_rotated_both_sign(engine: Engine) {
    let world = near(engine).await;
    let vendor = world.vendor("acme").await;
    let mut receiver = Receiver::start().await;
    let made = vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    world.pass_seconds(60);
    let rotated = vendor.post(&format!("{}/rotateSecret", path(&made)), json!({})).await.expect(200);
    let test = format!("{}/test", path(&made));
    for (passed, keys) in [(0, vec![&rotated, &made]), (86_399, vec![&rotated, &made]), (1, vec![&rotated])] {
        world.pass_seconds(passed);
        let caller = world.login(&vendor.client_id, &vendor.client_secret).await;
        let (answer, ()) = tokio::join!(caller.post_raw(&test, "{}"), async {
            let arrival = receiver.next().await;
            let expected: Vec<String> = keys.iter().map(|made| signature(&arrival, &key(made))).collect();
            assert_eq!(arrival.header("webhook-signature"), expected.join(" "));
            arrival.answer(200, "").await;
        });
        assert_eq!(answer.expect(200)["status"], 200);
    }
}

async fn what_went_wrong_is_answered_and_logged(engine: Engine) {
    let world = near(engine).await;
    let vendor = world.vendor("acme").await;
    let mut receiver = Receiver::start().await;
    let made = vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    vendor.put(&path(&made), json!({"state": "DISABLED"})).await.expect(200);
    let test = format!("{}/test", path(&made));
    for (status, slug) in [(500, "status: "), (302, "redirected: "), (410, "status: ")] {
        let (answer, ()) = tokio::join!(world.operator.post(&test, json!({})), async {
            receiver.next().await.answer(status, "no").await;
        });
        let attempt = answer.expect(200);
        assert_eq!(attempt["status"], status, "a disabled endpoint can be tried");
        assert!(text(&attempt, "failure").starts_with(slug), "{attempt}");
    }
    let after = vendor.get(&path(&made)).await.expect(200);
    assert_eq!(after["disabledReason"], "asked", "what a test is answered changes nothing");
    let masked = vendor.get(&format!("{}/attempts?failed=true", path(&made))).await.expect(200);
    let told = |row: &Value| ["status", "failure", "response", "durationMs"].map(|name| row[name].clone());
    for row in masked.as_array().expect("rows") {
        assert_eq!(told(row), [Value::Null, json!("failed"), Value::Null, Value::Null], "nobody else explores it");
    }
    // Nobody knows this name here.
    vendor.put(&path(&made), json!({"url": URL})).await.expect(200);
    let attempt = vendor.post(&test, json!({})).await.expect(200);
    assert_eq!((&attempt["status"], attempt.get("response")), (&Value::Null, None));
    assert!(text(&attempt, "failure").starts_with("name_not_resolved: "), "{attempt}");
    let failed = vendor.get(&format!("{}/attempts?failed=true", path(&made))).await.expect(200);
    assert_eq!(failed.as_array().map(Vec::len), Some(4));
    vendor.key("").post(&test, json!({})).await.refused(400, "invalid_request");
}

/// Where the operator asks for proof, a test is a challenge until one is echoed, and again at a new
/// address.
async fn a_challenge_is_to_be_echoed(engine: Engine) {
    let mut settings = Settings::default();
    settings.outside.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.deliveries.require_proof = true;
    let world = World::with(engine, settings).await;
    let mut receiver = Receiver::start().await;
    let made = world.operator.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    let test = format!("{}/test", path(&made));
    let steps = [
        (false, "webhook.challenge", "AWAITED"),
        (true, "webhook.challenge", "PROVEN"),
        (false, "webhook.test", "PROVEN"),
    ];
    for (echoes, kind, proof) in steps {
        let (answer, ()) = tokio::join!(world.operator.post(&test, json!({})), async {
            let arrival = receiver.next().await;
            let body: Value = serde_json::from_slice(&arrival.body).expect("JSON");
            let echo = json!({"challenge": body["data"]["challenge"]}).to_string();
            arrival.answer(200, if echoes { &echo } else { "ok" }).await;
        });
        let attempt = answer.expect(200);
        assert_eq!(
            (&attempt["type"], attempt.get("failure").is_none()),
            (&json!(kind), proof == "PROVEN"),
            "{attempt}"
        );
        assert_eq!(world.operator.get(&path(&made)).await.expect(200)["delivery"]["proof"], proof);
    }
    world.operator.put(&path(&made), json!({"url": URL})).await.expect(200);
    assert_eq!(world.operator.get(&path(&made)).await.expect(200)["delivery"]["proof"], "AWAITED");
}

async fn an_address_that_is_not_public_is_neither_taken_nor_tried(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    for url in
        ["http://127.0.0.1/", "http://[::1]:8000/", "https://10.1.2.3/", "http://169.254.169.254/latest/meta-data"]
    {
        let refused = vendor.post("/webhookEndpoints", json!({"url": url})).await.refused(400, "invalid_attribute");
        assert_eq!(refused["fields"][0]["path"], "url", "{url}");
    }
    let made = vendor.post("/webhookEndpoints", json!({"url": URL})).await.expect(201);
    vendor.put(&path(&made), json!({"url": "http://localhost:1@10.0.0.1/"})).await.refused(400, "invalid_attribute");
    assert_eq!(vendor.get(&path(&made)).await.expect(200)["url"], URL);
}

async fn who_hangs_up_does_not_end_a_test(engine: Engine) {
    let world = near(engine).await;
    let vendor = world.vendor("acme").await;
    let mut receiver = Receiver::start().await;
    let made = vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    let (caller, test) = (vendor.caller.clone(), format!("{}/test", path(&made)));
    let asked = tokio::spawn(async move { caller.post_raw(&test, "").await });
    let arrival = receiver.next().await;
    asked.abort();
    assert!(asked.await.expect_err("aborted").is_cancelled());
    let id = arrival.header("webhook-id").to_owned();
    arrival.answer(200, "").await;
    let attempts = format!("{}/attempts", path(&made));
    let mut logged = json!([]);
    for _ in 0..10_000 {
        logged = vendor.get(&attempts).await.expect(200);
        if logged != json!([]) {
            break;
        }
    }
    assert_eq!((&logged[0]["webhookId"], &logged[0]["status"]), (&json!(id), &json!(200)));
}

async fn a_party_has_few_tests_at_once_however_many_users_it_has(engine: Engine) {
    let world = near(engine).await;
    let vendor = world.vendor("acme").await;
    let mut receiver = Receiver::start().await;
    let made = vendor.post("/webhookEndpoints", json!({"url": receiver.url})).await.expect(201);
    let test = format!("{}/test", path(&made));
    let mut held = Vec::new();
    let mut asked = Vec::new();
    for _ in 0..16 {
        let (caller, test) = (vendor.caller.clone(), test.clone());
        asked.push(tokio::spawn(async move { caller.post_raw(&test, "").await }));
        held.push(receiver.next().await);
    }
    let colleague = world.user("colleague@acme.example", &[&format!("VENDOR:{}", vendor.party)]).await;
    for caller in [&vendor.caller, &colleague] {
        let refused = caller.post_raw(&test, "").await;
        refused.refused(429, "too_many_requests");
        assert_eq!(refused.header("retry-after"), "5");
    }
    for arrival in held {
        arrival.answer(200, "").await;
    }
    for answer in asked {
        answer.await.expect("no panic").expect(200);
    }
    let (answer, ()) = tokio::join!(vendor.post_raw(&test, ""), async {
        receiver.next().await.answer(200, "").await;
    });
    answer.expect(200);
}

harness::on_each_engine! {
    a_test_is_sent_at_once_signed_and_logged;
    while_a_secret_is_rotated_both_sign;
    what_went_wrong_is_answered_and_logged;
    a_challenge_is_to_be_echoed;
    an_address_that_is_not_public_is_neither_taken_nor_tried;
    who_hangs_up_does_not_end_a_test;
    a_party_has_few_tests_at_once_however_many_users_it_has;
}
