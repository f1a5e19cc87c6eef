//! What JSON is signed with: made here, shown once, kept sealed.

use crate::harness::{Engine, text};
use crate::receiver::{Receiver, Says};
use crate::shop::{AskingShop, near, notification};
use serde_json::{Value, json};

fn signed(url: &str) -> Value {
    let mut told = notification(url, "TRY_COMMIT");
    told["format"] = json!("JSON");
    told
}

pub async fn a_secret_is_shown_once(engine: Engine) {
    let world = near(engine).await;
    let supplier = world.supplier("net").await;
    for noun in ["/applications", "/connectivityPlans"] {
        let body = json!({"id": format!("net{noun}"), "name": "N", "notification": signed("https://supplier.example")});
        let first = supplier.key(noun).post(noun, body.clone()).await;
        let made = first.expect(201);
        let secret = text(&made["notification"], "secret");
        assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
        let path = format!("{noun}/{}", text(&made, "ref"));
        let read = supplier.get(&path).await.expect(200);
        assert_eq!(read["notification"].get("secret"), None);
        let again = supplier.key(noun).post(noun, body).await;
        assert_eq!((again.expect(201), again.header("idempotent-replayed")), (read.clone(), "true"));
        // What was read may be sent back, and changes nothing.
        assert_eq!(supplier.put(&path, read.clone()).await.expect(200), read);

        for body in [String::new(), read.to_string()] {
            let rotated =
                supplier.send("PUT".parse().unwrap(), &format!("{path}?rotateSecret=true"), body.into()).await;
            let newer = text(&rotated.expect(200)["notification"], "secret");
            assert!(newer.starts_with("whsec_") && newer != secret);
        }
        let xml = json!({"notification": notification("https://supplier.example", "TRY_COMMIT")});
        assert_eq!(supplier.put(&path, xml).await.expect(200)["notification"].get("secret"), None);
        let rotated = supplier.send("PUT".parse().unwrap(), &format!("{path}?rotateSecret=true"), "".into()).await;
        rotated.refused(400, "invalid_attribute");
        let json = json!({"notification": signed("https://supplier.example")});
        let begun = supplier.put(&path, json).await.expect(200);
        assert_ne!(text(&begun["notification"], "secret"), secret);
    }
    world.journal().verify();
    let lines = world.journal().lines();
    assert!(!lines.iter().flatten().any(|cell| cell.contains("whsec_")), "it is kept sealed");
}

/// What is asked in JSON is signed; while a secret is being rotated, with both.
pub async fn questions_in_json_are_signed(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::with(engine, vec![signed(&receiver.url)]).await;
    let order = shop.order().await.expect(201);
    let heard = &receiver.heard()[0];
    assert_eq!((heard.path.as_str(), heard.header("content-type")), ("/subscribed", "application/json"));
    let asked: Value = serde_json::from_str(&heard.body).expect("JSON");
    let subscription = AskingShop::subscription(&order, 0);
    assert_eq!((&asked["type"], &asked["data"]["state"]), (&json!("subscription.pending"), &json!("PENDING")));
    assert_eq!(asked["data"]["ref"], subscription);
    assert_eq!(heard.header("webhook-id"), format!("try_{subscription}"));
    assert_eq!(heard.header("webhook-signature").split(' ').count(), 1);
    for (header, attribute) in [("ce-id", "id"), ("ce-type", "type"), ("ce-time", "timestamp")] {
        assert_eq!(heard.header(header), text(&asked, attribute));
    }

    let path = format!("/applications/{}?rotateSecret=true", text(&shop.products[0], "ref"));
    shop.supplier.send("PUT".parse().unwrap(), &path, "".into()).await.expect(200);
    for (seconds, signatures) in [(0, 2), (24 * 60 * 60 + 1, 1)] {
        shop.world.pass_seconds(seconds);
        let subscriber = shop.world.login(&shop.subscriber.client_id, &shop.subscriber.client_secret).await;
        subscriber.post("/orders", shop.body()).await.expect(201);
        let heard = receiver.heard();
        assert_eq!(heard.last().unwrap().header("webhook-signature").split(' ').count(), signatures, "{seconds}");
    }
}
