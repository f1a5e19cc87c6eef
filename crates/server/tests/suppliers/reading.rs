//! `GET /thingpark/smp/rest/applications/{n}/subscriptions/{m}`: where an `href` leads.

use crate::harness::{Engine, World, text};
use serde_json::json;

pub async fn an_href_leads_to_its_subscription(engine: Engine) {
    let world = World::on(engine).await;
    let (shop, other) = (world.shop("net", "acme").await, world.shop("far", "else").await);
    let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    for shown in order["subscriptions"].as_array().expect("subscriptions") {
        let href = text(shown, "href");
        for caller in [&world.operator, &shop.supplier.caller, &shop.vendor.caller, &shop.subscriber.caller] {
            let expected = caller.get(&format!("/subscriptions/{}", text(shown, "ref"))).await;
            let found = caller.at("").get(&href).await;
            assert_eq!(found.expect(200), expected.expect(200));
            assert_eq!(found.header("etag"), expected.header("etag"));
            assert_eq!(found.header("cache-control"), "private, no-cache");
            let known = caller.at("").with("if-none-match", found.header("etag"));
            assert_eq!(known.get(&href).await.status, 304);
            assert_eq!(caller.at("").head(&href).await.status, 200);
            assert_eq!(caller.at("").get(&format!("{href}/")).await.status, 200, "a slash at the end is tolerated");
            caller.at("").with("accept", "application/xml").get(&href).await.refused(406, "not_acceptable");
        }
        for stranger in [&other.supplier.caller, &other.vendor.caller, &other.subscriber.caller] {
            stranger.at("").get(&href).await.refused(404, "not_found");
        }
        world.nobody().at("").get(&href).await.refused(401, "unauthorized");
        world.operator.at("").delete(&href).await.refused(405, "method_not_allowed");
        world.nobody().at("").delete(&href).await.refused(401, "unauthorized");
    }
}

/// A foreign one and none are the same, and so is what is no number.
pub async fn what_is_not_there_is_not_found(engine: Engine) {
    let world = World::on(engine).await;
    let (shop, other) = (world.shop("net", "acme").await, world.shop("far", "else").await);
    let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    let (plan, number) = (&shop.plan_ref, text(&order["subscriptions"][0], "href"));
    let number = number.rsplit('/').next().expect("a number");
    let base = "/thingpark/smp/rest/applications";
    let paths = [
        format!("{base}/{}/subscriptions/{number}", other.plan_ref),
        format!("{base}/{plan}/subscriptions/999"),
        format!("{base}/{plan}/subscriptions/0{number}"),
        format!("{base}/{plan}/subscriptions/-1"),
        format!("{base}/{plan}/subscriptions/%00"),
        format!("{base}/{plan}/subscriptions/%FF"),
        format!("{base}/{plan}/subscriptions/99999999999999999999"),
        format!("{base}/x/subscriptions/{number}"),
    ];
    for path in paths {
        let mut found = Vec::new();
        for caller in [&world.operator, &shop.supplier.caller, &other.subscriber.caller] {
            let mut problem = caller.at("").get(&path).await.refused(404, "not_found");
            problem.as_object_mut().expect("a problem").remove("errorId");
            found.push(problem);
        }
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{path}: {found:?}");
        world.nobody().at("").get(&path).await.refused(401, "unauthorized");
    }
    let beside = [
        format!("{base}/{plan}/subscriptions"),
        format!("{base}//subscriptions/{number}"),
        "/thingpark/smp/rest".to_owned(),
        "/thingpark/smp/rest/operators".to_owned(),
    ];
    for path in beside {
        world.nobody().at("").get(&path).await.refused(404, "no_such_operation");
    }
}
