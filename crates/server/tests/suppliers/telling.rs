//! What suppliers are told afterwards, by the deliveries: `COMMIT` to all, or `CANCEL` to all.

use crate::harness::{Engine, text};
use crate::receiver::{Receiver, Says};
use crate::shop::{AskingShop, notification};
use orderpark_server::delivery;
use orderpark_server::suppliers::sweep::sweep;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

fn operation(what: &str, order: &Value, place: usize) -> (String, String) {
    (what.to_owned(), AskingShop::subscription(order, place))
}

/// From the question to the end of a subscription, in the form that public receivers understand.
pub async fn a_supplier_is_told_of_the_whole_life(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let deliveries = delivery::start(&shop.world.app);
    let order = shop.order().await.expect(201);
    let (subscription, href) = (AskingShop::subscription(&order, 0), text(&order["subscriptions"][0], "href"));
    receiver.has_heard(2).await;
    assert_eq!(receiver.operations(), [operation("TRY", &order, 0), operation("COMMIT", &order, 0)]);
    let path = format!("/subscriptions/{subscription}");
    shop.vendor.put(&path, json!({"state": "SUSPENDED", "reason": "unpaid"})).await.expect(200);
    receiver.has_heard(3).await;
    shop.vendor.put(&path, json!({"state": "ACTIVE"})).await.expect(200);
    receiver.has_heard(4).await;
    shop.subscriber.delete(&format!("/orders/{}", text(&order, "ref"))).await.expect(200);
    let heard = receiver.has_heard(5).await;
    deliveries.stop().await;
    let paths: Vec<_> = heard.iter().map(|heard| heard.path.as_str()).collect();
    assert_eq!(paths, ["/subscribed", "/subscribed", "/updated", "/updated", "/unsubscribed"]);
    let states: Vec<_> = heard.iter().map(|heard| heard.element("value")).collect();
    assert_eq!(states, ["", "", "ACTIVE/SUSPENDED", "ACTIVE", ""]);
    for message in &heard {
        assert_eq!(message.element("ID"), shop.subscriber.id);
        assert_eq!(message.element("href"), href);
        assert!(!message.body.contains("unpaid"), "{}", message.body);
    }
    assert_eq!(receiver.heard().len(), 5);
}

/// Those who agreed, and those who gave no answer, are told that the order is refused; who said no is not, nor who was not asked.
pub async fn a_refused_order_is_cancelled_at_all_who_may_have_agreed(engine: Engine) {
    let (agrees, refuses) = (Receiver::saying(Says::Status(200)).await, Receiver::saying(Says::Status(409)).await);
    let (silent, told) = (Receiver::saying(Says::Nothing).await, Receiver::saying(Says::Status(200)).await);
    let asked = [&agrees, &refuses, &silent].map(|receiver| notification(&receiver.url, "TRY_COMMIT"));
    let all = asked.into_iter().chain([notification(&told.url, "COMMIT_ONLY")]).collect();
    let shop = AskingShop::with(engine, all).await;
    let deliveries = delivery::start(&shop.world.app);
    shop.order().await.refused(409, "rejected_by_supplier");
    let order = shop.orders().await.remove(0);
    silent.says(Says::Status(200));
    agrees.has_heard(2).await;
    silent.has_heard(2).await;
    assert_eq!(agrees.operations(), [operation("TRY", &order, 0), operation("CANCEL", &order, 0)]);
    assert_eq!(silent.operations(), [operation("TRY", &order, 2), operation("CANCEL", &order, 2)]);
    // What comes after it has been told by then, too: nobody else was to be told.
    refuses.says(Says::Status(200));
    let order = shop.order().await.expect(201);
    for (place, receiver, messages) in [(0, &agrees, 4), (1, &refuses, 3), (2, &silent, 4), (3, &told, 1)] {
        let heard = receiver.has_heard(messages).await;
        assert_eq!(heard.last().unwrap().element("operation"), "COMMIT");
        assert_eq!(heard.last().unwrap().element("transactionID"), AskingShop::subscription(&order, place));
        assert_eq!(heard.len(), messages);
    }
    deliveries.stop().await;
}

/// A supplier that agreed and is away afterwards is told when it is back.
pub async fn a_commit_is_sent_until_it_is_taken(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let order = shop.order().await.expect(201);
    receiver.says(Says::Status(500));
    let deliveries = delivery::start(&shop.world.app);
    let first = receiver.has_heard(2).await;
    receiver.says(Says::Status(200));
    let heard = loop {
        // The first retry comes after five seconds, by the clock that the test moves.
        shop.world.pass_seconds(10);
        if let Ok(heard) = timeout(Duration::from_secs(1), receiver.has_heard(3)).await {
            break heard;
        }
    };
    deliveries.stop().await;
    assert_eq!(receiver.operations()[1..], [operation("COMMIT", &order, 0), operation("COMMIT", &order, 0)]);
    assert_eq!((&heard[2].body, heard[2].header("webhook-id")), (&first[1].body, first[1].header("webhook-id")));
}

/// What a node that died has left behind is cancelled by whoever sweeps.
pub async fn an_abandoned_order_is_cancelled_at_all(engine: Engine) {
    let (one, other) = (Receiver::saying(Says::Status(200)).await, Receiver::saying(Says::Status(200)).await);
    let shop = AskingShop::of(engine, &[&one, &other]).await;
    let deliveries = delivery::start(&shop.world.app);
    shop.abandoned().await;
    shop.world.pass_seconds(20);
    assert_eq!(sweep(&shop.world.app).await, Ok(1));
    let subscriber = shop.world.login(&shop.subscriber.client_id, &shop.subscriber.client_secret).await;
    let order = subscriber.get("/orders?state=REJECTED").await.expect(200)[0].clone();
    for (place, receiver) in [(0, &one), (1, &other)] {
        receiver.has_heard(1).await;
        assert_eq!(receiver.operations(), [operation("CANCEL", &order, place)]);
    }
    deliveries.stop().await;
}

/// In JSON the same are the events of the feed, signed.
pub async fn what_is_told_in_json_is_the_event(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let mut told = notification(&receiver.url, "TRY_COMMIT");
    told["format"] = json!("JSON");
    let shop = AskingShop::with(engine, vec![told]).await;
    let deliveries = delivery::start(&shop.world.app);
    let order = shop.order().await.expect(201);
    receiver.has_heard(2).await;
    shop.subscriber.delete(&format!("/orders/{}", text(&order, "ref"))).await.expect(200);
    let heard = receiver.has_heard(3).await;
    deliveries.stop().await;
    let events = shop.supplier.get("/events").await.expect(200);
    let told: Vec<Value> = heard[1..].iter().map(|heard| serde_json::from_str(&heard.body).expect("JSON")).collect();
    assert_eq!(json!(told), events, "the supplier reads the same in the feed");
    let paths: Vec<_> = heard.iter().map(|heard| heard.path.as_str()).collect();
    assert_eq!(paths, ["/subscribed", "/subscribed", "/unsubscribed"]);
    for message in &heard {
        assert!(message.header("webhook-signature").starts_with("v1,"), "{:?}", message.headers);
    }
}
