//! The closing of a subscriber with many orders, as its vendor, its own clients and others see it.

mod harness;

use harness::{Engine, World, text};
use orderpark_server::closing;
use serde_json::json;

harness::on_each_engine! {
    a_subscriber_with_many_orders_is_closed_in_the_background;
    a_login_of_two_vendors_outlives_the_subscriber_of_one;
}

/// More subscriptions than are ended at once, two an order.
const ORDERS: usize = 60;

async fn a_subscriber_with_many_orders_is_closed_in_the_background(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let (vendor, subscriber) = (&shop.vendor, &shop.subscriber);
    let path = format!("/subscribers/{}", subscriber.party);
    let order = json!({"offerId": shop.offer_id, "subscriberId": subscriber.id});
    for _ in 0..ORDERS {
        vendor.post("/orders", order.clone()).await.expect(201);
    }
    vendor.delete(&path).await.refused(409, "in_use");
    let forced = format!("{path}?force=true");
    let tried = vendor.delete(&format!("{forced}&dryRun=true")).await.expect(200);
    assert_eq!(tried["closing"]["openOrders"], ORDERS.to_string(), "{tried}");
    assert_eq!(vendor.get(&path).await.expect(200).get("closing"), None, "a dry run begins nothing");

    let begun = vendor.key("k").delete(&forced).await;
    assert_eq!(begun.expect(202)["closing"]["openOrders"], ORDERS.to_string());
    // Its own clients are out at once, on every node.
    assert_eq!(subscriber.get("/orders").await.status, 401);
    if engine == Engine::Postgres {
        let elsewhere = harness::Caller::new(world.node(), subscriber.token.clone());
        assert_eq!(elsewhere.get("/orders").await.status, 401);
    }
    vendor.post("/orders", order.clone()).await.refused(409, "party_closing");
    closing::pass(&world.app).await.expect("a piece");
    let seen = vendor.get(&path).await;
    let left: usize = text(&seen.expect(200)["closing"], "openOrders").parse().expect("a number");
    assert!(left < ORDERS && left > 0, "{left} are left after one piece");
    for again in [vendor.delete(&path).await, vendor.delete(&forced).await] {
        assert_eq!(again.expect(202)["closing"]["openOrders"], left.to_string());
    }
    let whole = vendor.get(&path).await;
    vendor.with("if-match", whole.header("etag")).put(&path, whole.json()).await.expect(200);

    while closing::pass(&world.app).await.expect("a piece") > 0 {}
    assert_eq!(vendor.get(&path).await.status, 404);
    assert_eq!(vendor.delete(&forced).await.status, 404);
    let replayed = vendor.key("k").delete(&forced).await;
    assert_eq!((replayed.status, replayed.header("idempotent-replayed")), (202, "true"));
    let cancelled = vendor.get("/orders?state=CANCELLED").await.expect(200);
    assert_eq!(cancelled.as_array().map(Vec::len), Some(ORDERS));
    world.journal().verify();
}

async fn a_login_of_two_vendors_outlives_the_subscriber_of_one(engine: Engine) {
    let world = World::on(engine).await;
    let (shop, rival) = (world.shop("net", "acme").await, world.vendor("rival").await);
    let (own, other) = (format!("SUBSCRIBER:{}", shop.subscriber.party), format!("VENDOR:{}", rival.party));
    let both = world.user("both@example.org", &[&own, &other]).await;
    let vendor = format!("/vendors/{}", rival.party);
    both.get(&vendor).await.expect(200);
    shop.vendor.delete(&format!("/subscribers/{}?force=true", shop.subscriber.party)).await.expect(200);
    both.get(&vendor).await.expect(200);
    let users = rival.get("/users?email=both@example.org").await.expect(200);
    assert_eq!(users[0]["scopes"], json!([other]), "what was the subscriber's is gone: {users}");
    assert_eq!(shop.subscriber.get("/orders").await.status, 401);
    world.journal().verify();
}
