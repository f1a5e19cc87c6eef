//! A secret is shown once, and stands nowhere.

use super::harness::{self, Engine, World, text};
use super::{URL, path};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The bytes of a secret.
pub fn key(endpoint: &Value) -> Vec<u8> {
    let secret = text(endpoint, "secret");
    STANDARD.decode(secret.strip_prefix("whsec_").expect("whsec_")).expect("base64")
}

async fn a_secret_is_shown_once_and_kept_sealed(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let keyed = vendor.key("once");
    let body = json!({"url": URL});
    let made = keyed.post("/webhookEndpoints", body.clone()).await.expect(201);
    assert_eq!(key(&made).len(), 32);
    let again = keyed.post("/webhookEndpoints", body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    let mut expected = made.clone();
    expected.as_object_mut().expect("an object").remove("secret");
    assert_eq!(again.json(), expected);

    let rotate = format!("{}/rotateSecret", path(&made));
    let rotated = keyed.post(&rotate, json!({})).await;
    assert_eq!(rotated.header("etag"), "\"2\"");
    let rotated = rotated.expect(200);
    assert_ne!(key(&rotated), key(&made));
    let again = keyed.post_raw(&rotate, "").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200).get("secret"), None);
    vendor.with("if-match", "\"1\"").post(&rotate, json!({})).await.refused(412, "stale");
    vendor.post(&rotate, json!({"secret": "whsec_mine"})).await.refused(400, "unknown_attribute");

    let answers = [
        vendor.get(&path(&made)).await,
        vendor.get("/webhookEndpoints").await,
        vendor.put(&path(&made), json!({"description": "x"})).await,
        vendor.get("/events").await,
        vendor.delete(&path(&made)).await,
    ];
    let lines = world.journal().lines();
    for secret in [text(&made, "secret"), text(&rotated, "secret")] {
        let base64 = &secret["whsec_".len()..];
        assert!(lines.iter().flatten().all(|cell| !cell.contains(base64)), "a secret stands in the journal");
        assert!(answers.iter().all(|answer| answer.status == 200 && !answer.text().contains(base64)));
    }
    assert!(answers.iter().all(|answer| !answer.text().contains("sealed") && !answer.text().contains("\"secret")));
    world.journal().verify();
}

harness::on_each_engine! {
    a_secret_is_shown_once_and_kept_sealed;
}
