//! What orders come to whose suppliers are asked.

use crate::harness::log::Log;
use crate::harness::{Engine, text};
use crate::receiver::{Receiver, Says};
use crate::shop::{AskingShop, near, notification};
use serde_json::json;
use std::time::Instant;
use tokio::net::TcpListener;

pub async fn an_order_that_all_suppliers_agree_to_is_active(engine: Engine) {
    let (one, other) = (Receiver::saying(Says::Status(200)).await, Receiver::saying(Says::Status(204)).await);
    let shop = AskingShop::of(engine, &[&one, &other]).await;
    let answer = shop.order().await;
    let order = answer.expect(201);
    assert_eq!((&order["state"], answer.header("etag")), (&json!("ACTIVE"), "\"2\""));
    for (place, receiver) in [(0, &one), (1, &other)] {
        let expected = [("TRY".to_owned(), AskingShop::subscription(&order, place))];
        assert_eq!(receiver.operations(), expected, "each is asked once, about its own");
        let heard = &receiver.heard()[0];
        assert_eq!((heard.path.as_str(), heard.header("content-type")), ("/subscribed", "application/xml"));
        assert_eq!(heard.header("webhook-id"), format!("try_{}", expected[0].1));
        assert_eq!(heard.header("webhook-signature"), "", "XML is not signed");
        assert_eq!(heard.header("ce-id"), "", "nor is it a CloudEvent");
        assert_eq!(heard.element("name"), "farm");
        assert_eq!(heard.element("href"), text(&order["subscriptions"][place], "href"));
    }
    assert_eq!(shop.subscriber.get(&format!("/orders/{}", text(&order, "ref"))).await.expect(200), order);
    let events = shop.vendor.get("/events").await.expect(200);
    let kinds: Vec<_> = events.as_array().unwrap().iter().map(|event| text(event, "type")).collect();
    let told: Vec<_> =
        kinds.iter().filter(|kind| !kind.starts_with("offer") && !kind.starts_with("subscriber")).collect();
    assert_eq!(told, ["order.pending", "order.activated", "subscription.activated", "subscription.activated"]);
    shop.world.journal().verify();
}

pub async fn one_supplier_who_does_not_agree_refuses_the_order(engine: Engine) {
    for status in [400, 409, 500, 302] {
        let (one, other) = (Receiver::saying(Says::Status(200)).await, Receiver::saying(Says::Status(status)).await);
        let shop = AskingShop::of(engine, &[&one, &other]).await;
        let problem = shop.order().await.refused(409, "rejected_by_supplier");
        assert!(text(&problem, "message").contains("net/app-1"), "{problem}");
        let order = &shop.orders().await[0];
        let states = order["subscriptions"].as_array().unwrap().iter().map(|it| text(it, "state")).collect::<Vec<_>>();
        assert_eq!((text(order, "state"), states), ("REJECTED".to_owned(), vec!["REJECTED".to_owned(); 2]));
        assert_eq!((one.heard().len(), other.heard().len()), (1, 1), "each is asked once, redirects are not followed");
        let refs: Vec<u64> = shop.products.iter().map(|product| text(product, "ref").parse().unwrap()).collect();
        let expected = json!({"order": order["ref"], "refused": refs[1], "declined": [refs[1]]});
        assert_eq!(shop.settlements(), [expected], "who agreed is to be told");
        shop.world.journal().verify();
    }
}

/// Whoever gives no answer within five seconds, or cannot be reached, has not agreed, and may have heard it all the same.
pub async fn one_supplier_who_does_not_answer_refuses_the_order(engine: Engine) {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let (silent, bad) = (Receiver::saying(Says::Nothing).await, Receiver::saying(Says::Status(504)).await);
    let busy = Receiver::saying(Says::Status(503)).await;
    let nowhere = "http://no-such-host.example".to_owned();
    let cases = [(silent.url, 5), (closed, 0), (bad.url, 0), (busy.url, 0), (nowhere, 0)];
    for (url, seconds) in cases {
        let agrees = Receiver::saying(Says::Status(200)).await;
        let told = [&agrees.url, &url].map(|url| notification(url, "TRY_COMMIT"));
        let shop = AskingShop::with(engine, told.to_vec()).await;
        let began = Instant::now();
        let problem = shop.order().await.refused(409, "supplier_unreachable");
        let took = began.elapsed().as_secs();
        assert!(text(&problem, "message").contains("net/app-1"), "{problem}");
        assert!(took >= seconds && took < seconds + 3, "{url} took {took} s");
        let settlement = &shop.settlements()[0];
        assert_eq!(settlement.get("declined"), None, "nobody knows what it heard, so it is told {url}");
        assert_eq!(settlement["unreachable"], true);
    }
}

/// Where one supplier said no, another one that could not be reached changes nothing: trying again
/// is of no use.
pub async fn a_no_counts_more_than_no_answer(engine: Engine) {
    let (busy, declines) = (Receiver::saying(Says::Status(503)).await, Receiver::saying(Says::Status(409)).await);
    let shop = AskingShop::of(engine, &[&busy, &declines]).await;
    let problem = shop.order().await.refused(409, "rejected_by_supplier");
    assert!(text(&problem, "message").contains("net/app-1"), "{problem}");
}

/// Who gives no answer is told of once, and when there is one again; who refuses an order has
/// answered.
pub async fn an_operator_is_told_of_a_supplier_that_gives_no_answer(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(409)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let (log, _until_the_end) = Log::begin();
    for (status, answer) in [(409, 409), (503, 409), (502, 409), (204, 201), (204, 201)] {
        receiver.says(Says::Status(status));
        shop.order().await.expect(answer);
    }
    let told: Vec<_> = log.lines().into_iter().filter(|line| line.contains("questions")).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    for (line, begin) in
        told.iter().zip(["WARN questions (TRY) to the supplier of net/app-0 fail host=", "INFO questions"])
    {
        assert!(line.starts_with(begin), "{told:#?}");
    }
    assert!(told[1].contains("succeed again") && !told[0].contains("/subscribed"), "{told:#?}");
}

/// Every question is listed with what came of it, for the operator and the product's supplier.
pub async fn questions_are_listed_as_attempts(engine: Engine) {
    let (one, other) = (Receiver::saying(Says::Status(200)).await, Receiver::saying(Says::Status(409)).await);
    let shop = AskingShop::of(engine, &[&one, &other]).await;
    shop.order().await.refused(409, "rejected_by_supplier");
    let subscriptions = &shop.orders().await[0]["subscriptions"];
    let rival = shop.world.supplier("rival").await;
    for (place, receiver, status) in [(0, &one, 200), (1, &other, 409)] {
        let path = format!("/applications/{}/attempts", text(&shop.products[place], "ref"));
        let listed = shop.world.operator.get(&path).await.expect(200);
        let attempt = &listed[0];
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed:#}");
        assert_eq!(attempt["webhookId"], format!("try_{}", text(&subscriptions[place], "ref")));
        assert_eq!((&attempt["type"], &attempt["status"]), (&json!("subscription.try"), &json!(status)));
        assert_eq!((&attempt["url"], &attempt["number"]), (&json!(format!("{}/subscribed", receiver.url)), &json!(1)));
        assert_eq!((attempt.get("eventId"), attempt["failure"].is_string()), (None, status != 200));
        let told = shop.supplier.get(&path).await.expect(200);
        let masked = if status == 200 { json!([200, null]) } else { json!([null, "failed"]) };
        assert_eq!(json!([told[0]["status"], told[0]["failure"]]), masked, "the receiver is inside");
        let failed = shop.world.operator.get(&format!("{path}?failed=true")).await.expect(200);
        assert_eq!(failed, if status == 200 { json!([]) } else { listed });
        rival.get(&path).await.refused(404, "not_found");
        shop.supplier.get(&path.replace("applications", "connectivityPlans")).await.refused(404, "not_found");
        for other in [&shop.vendor, &shop.subscriber] {
            other.get(&path).await.refused(403, "forbidden");
        }
    }
}

/// All are asked at the same time: five seconds are enough for any number of them.
pub async fn suppliers_are_asked_at_once(engine: Engine) {
    let mut receivers = Vec::new();
    for _ in 0..12 {
        receivers.push(Receiver::saying(Says::Later(200)).await);
    }
    let all: Vec<&Receiver> = receivers.iter().collect();
    let shop = AskingShop::of(engine, &all).await;
    let (answer, ()) = tokio::join!(shop.order(), async {
        for receiver in &receivers {
            receiver.has_heard(1).await;
        }
        receivers.iter().for_each(Receiver::release);
    });
    assert_eq!(answer.expect(201)["state"], "ACTIVE");
}

pub async fn who_only_wants_to_be_told_is_not_asked(engine: Engine) {
    let told = Receiver::saying(Says::Status(500)).await;
    let shop = AskingShop::with(engine, vec![notification(&told.url, "COMMIT_ONLY")]).await;
    let answer = shop.order().await;
    assert_eq!((&answer.expect(201)["state"], answer.header("etag")), (&json!("ACTIVE"), "\"1\""));
    assert_eq!(told.heard().len(), 0);
    assert_eq!(shop.settlements().len(), 0);

    // Nor is it told that an order is refused which it never heard of.
    let refuses = Receiver::saying(Says::Status(409)).await;
    let both = vec![notification(&told.url, "COMMIT_ONLY"), notification(&refuses.url, "TRY_COMMIT")];
    let shop = AskingShop::with(engine, both).await;
    shop.order().await.refused(409, "rejected_by_supplier");
    let refs: Vec<u64> = shop.products.iter().map(|product| text(product, "ref").parse().unwrap()).collect();
    assert_eq!(shop.settlements()[0]["declined"], json!(refs));
}

/// Addresses that are not public are refused when they are registered, too; only what is there may be said again.
pub async fn an_address_inside_is_refused(engine: Engine) {
    let world = near(engine).await;
    let supplier = world.supplier("net").await;
    for url in ["http://10.0.0.1", "http://169.254.169.254", "http://[::1]:80", "http://2130706433"] {
        let body = json!({"id": "net/inside", "name": "N", "notification": notification(url, "TRY_COMMIT")});
        let problem = supplier.post("/applications", body).await.refused(400, "invalid_attribute");
        assert_eq!(problem["fields"][0]["path"], "notification.subscribedUrl", "{problem}");
        assert_eq!(problem["fields"].as_array().unwrap().len(), 3, "{problem}");
    }
}

/// Who wants to be asked says where.
pub async fn who_cannot_be_asked_is_refused(engine: Engine) {
    let world = near(engine).await;
    let supplier = world.supplier("net").await;
    let mute = json!({"id": "net/mute", "name": "M", "notification": {"mode": "TRY_COMMIT"}});
    let problem = supplier.post("/applications", mute).await.refused(400, "invalid_attribute");
    assert_eq!(problem["fields"][0]["path"], "notification.subscribedUrl", "{problem}");
    let told = json!({"id": "net/told", "name": "T", "notification": {"mode": "COMMIT_ONLY"}});
    supplier.post("/applications", told).await.expect(201);
}

/// Orders that wait for one supplier take no places of those that wait for others, however many they are.
pub async fn a_supplier_that_hangs_delays_nobody_else(engine: Engine) {
    let (hangs, answers) = (Receiver::saying(Says::Later(200)).await, Receiver::saying(Says::Status(200)).await);
    let shop = AskingShop::of(engine, &[&hangs]).await;
    let other = shop.world.supplier("other").await;
    let body = json!({"id": "other/quick", "name": "Q", "notification": notification(&answers.url, "TRY_COMMIT")});
    other.post("/applications", body).await.expect(201);
    let offer = json!({"id": "acme/quick", "name": "Q", "items": [{"productId": "other/quick"}]});
    shop.vendor.post("/offers", offer).await.expect(201);
    let waiting = futures_util::future::join_all((0..48).map(|_| shop.order()));
    let quick = async {
        // So many questions of one buyer are asked of one supplier at once.
        hangs.has_heard(32).await;
        let began = Instant::now();
        let order = shop.subscriber.post("/orders", json!({"offerId": "acme/quick"})).await.expect(201);
        let took = began.elapsed();
        assert_eq!(hangs.heard().len(), 32);
        hangs.release();
        (order, took)
    };
    let (waited, (order, took)) = tokio::join!(waiting, quick);
    assert_eq!(order["state"], "ACTIVE");
    assert!(took.as_secs() < 2, "{took:?}");
    for answer in waited {
        assert_eq!(answer.expect(201)["state"], "ACTIVE", "the others had their turn");
    }
}

/// The asking belongs to nobody's connection.
pub async fn a_client_that_hangs_up_cancels_nothing(engine: Engine) {
    let receiver = Receiver::saying(Says::Later(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    tokio::select! {
        _ = shop.order() => panic!("nobody answered yet"),
        heard = receiver.has_heard(1) => assert_eq!(heard.len(), 1),
    }
    assert_eq!(shop.orders().await[0]["state"], "PENDING");
    let mut moves = shop.world.app.store.moved();
    moves.borrow_and_update();
    receiver.release();
    moves.changed().await.expect("it is settled");
    assert_eq!(shop.orders().await[0]["state"], "ACTIVE");
}

/// Nor does one that hangs up in the very moment in which its order is committed.
pub async fn a_client_that_hangs_up_with_the_commit_cancels_nothing(engine: Engine) {
    let receiver = Receiver::saying(Says::Status(200)).await;
    let shop = AskingShop::of(engine, &[&receiver]).await;
    let mut moves = shop.world.app.store.moved();
    moves.borrow_and_update();
    tokio::select! {
        biased;
        news = moves.changed() => news.expect("the order is committed"),
        _ = shop.order() => panic!("nobody can be answered before the commit"),
    }
    receiver.has_heard(1).await;
    moves.wait_for(|_| shop.settlements().len() == 1).await.expect("it is settled");
    assert_eq!(shop.orders().await[0]["state"], "ACTIVE");
}
