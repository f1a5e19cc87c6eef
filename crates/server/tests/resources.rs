//! Everything but orders: parties, users, products, offers, strategies, subscriptions, through the real router.

mod harness;

use harness::{Engine, World, text};
use orderpark_server::Settings;
use serde_json::json;

async fn a_party_takes_its_names_from_its_primary_user(engine: Engine) {
    let world = World::on(engine).await;
    let user = json!({"email": "jo@acme.example", "firstName": "Jo", "lastName": "Doe"});
    let vendor = world.operator.post("/vendors", json!({"primaryUser": user})).await.expect(201);
    assert_eq!((text(&vendor, "id"), text(&vendor, "name")), ("jo@acme.example".to_owned(), "Jo Doe".to_owned()));
    let user = &vendor["primaryUser"];
    assert_eq!(user["clientId"], "default/jo@acme.example");
    let jo = world.login(&text(user, "clientId"), &text(user, "clientSecret")).await;
    let seen = jo.get("/vendors").await.expect(200);
    assert_eq!(seen, json!([{"ref": vendor["ref"], "id": "jo@acme.example", "name": "Jo Doe"}]));
    jo.post("/vendors", json!({"id": "x", "name": "X"})).await.refused(403, "forbidden");
    let taken = json!({"id": "jo@acme.example", "name": "Again"});
    world.operator.post("/vendors", taken).await.refused(409, "id_taken");
    world.operator.post("/vendors", json!({})).await.refused(400, "invalid_attribute");
    let email = "sam@customer.example";
    let customer = json!({"primaryUser": {"email": email, "organization": "Customer"}});
    let customer = jo.post("/subscribers", customer).await.expect(201);
    let party: u64 = text(&customer, "ref").parse().expect("a number");
    assert_eq!(text(&customer, "id"), (100_000_000 + party).to_string());
    let shown = [&customer["name"], &customer["contactEmail"], &customer["organization"], &customer["vendorId"]];
    assert_eq!(shown, [&json!("Customer"), &json!(email), &json!("Customer"), &json!("jo@acme.example")]);
    for filter in ["subscriberId=100", "contactEmail=x@y", "applicationId=no/app"] {
        assert_eq!(jo.get(&format!("/subscribers?{filter}")).await.expect(200), json!([]));
    }
    let by_email = jo.get(&format!("/subscribers?contactEmail={email}")).await.expect(200);
    assert_eq!(by_email[0]["ref"], customer["ref"]);
}

async fn a_put_may_carry_the_whole_object(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    let subscription = format!("/subscriptions/{}", text(&order["subscriptions"][0], "ref"));
    let paths = [
        format!("/vendors/{}", shop.vendor.party),
        format!("/subscribers/{}", shop.subscriber.party),
        format!("/connectivityPlans/{}", shop.plan_ref),
        format!("/applications/{}", shop.application_ref),
        format!("/offers/{}", shop.offer_ref),
        "/processingStrategies/3".to_owned(),
        "/users/2".to_owned(),
        subscription,
    ];
    for path in paths {
        let read = world.operator.get(&path).await;
        let object = read.expect(200);
        let written = world.operator.put(&path, object.clone()).await;
        assert_eq!(written.expect(200), object, "{path}");
        assert_eq!(written.header("etag"), read.header("etag"), "{path}");
        let mut other = object.clone();
        other["ref"] = json!("999");
        world.operator.put(&path, other).await.refused(400, "invalid_attribute");
        world.operator.put(&path, json!({"surprise": true})).await.refused(400, "unknown_attribute");
    }
}

async fn users_grant_what_they_hold_and_rotate_their_secrets(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let made = shop.vendor.post("/users", json!({"email": "two@acme.example", "firstName": "Two"})).await.expect(201);
    assert_eq!(made["scopes"], json!([format!("VENDOR:{}", shop.vendor.party)]));
    let (client_id, secret) = (text(&made, "clientId"), text(&made, "clientSecret"));
    let two = world.login(&client_id, &secret).await;
    two.get("/offers").await.expect(200);
    let greedy = json!({"email": "x@acme.example", "scopes": ["OPERATOR:1"]});
    shop.vendor.post("/users", greedy).await.refused(403, "scope_not_held");
    world.operator.post("/users", json!({"email": "x@y"})).await.refused(400, "invalid_attribute");
    let path = format!("/users/{}", text(&made, "ref"));
    let again = two.put(&format!("{path}?resetPassword=true"), json!({})).await.expect(200);
    for secret in [secret.as_str(), &text(&again, "clientSecret")] {
        world.login(&client_id, secret).await;
    }
    shop.supplier.get(&path).await.refused(404, "not_found");
    let hard = format!("{path}?resetPassword=true&keepPrevious=false");
    shop.vendor.put(&hard, json!({})).await.expect(200);
    two.get("/offers").await.refused(401, "unauthorized");
    shop.vendor.delete(&path).await.expect(200);
    shop.vendor.get(&path).await.refused(404, "not_found");
    assert_eq!(shop.vendor.get("/users?email=two@acme.example").await.expect(200), json!([]));
    world.operator.delete("/users/2").await.refused(409, "in_use");
}

async fn a_replayed_create_shows_no_secret(engine: Engine) {
    let world = World::on(engine).await;
    let body = json!({"id": "net", "name": "Net", "primaryUser": {"email": "a@net.example"}});
    let operator = world.operator.key("once");
    let first = operator.post("/suppliers", body.clone()).await.expect(201);
    let again = operator.post("/suppliers", body).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let mut expected = first;
    expected["primaryUser"].as_object_mut().expect("an object").remove("clientSecret");
    assert_eq!(again.expect(201), expected);
}

async fn a_replayed_delete_answers_what_was_deleted(engine: Engine) {
    let world = World::on(engine).await;
    let supplier = world.supplier("net").await;
    let application = supplier.post("/applications", json!({"id": "net/app", "name": "App"})).await.expect(201);
    let user = supplier.post("/users", json!({"email": "two@net.example"})).await.expect(201);
    let paths = [
        format!("/applications/{}", text(&application, "ref")),
        format!("/users/{}", text(&user, "ref")),
        format!("/suppliers/{}", supplier.party),
    ];
    for path in paths {
        let operator = world.operator.key("gone");
        let first = operator.delete(&path).await;
        let again = operator.delete(&path).await;
        if path.starts_with("/suppliers") {
            assert_eq!(first.expect(200), json!({"ref": supplier.party, "id": "net", "name": "Supplier net"}));
        }
        assert_eq!(again.expect(200), first.expect(200));
        assert_eq!(again.header("idempotent-replayed"), "true");
        world.operator.delete(&path).await.refused(404, "not_found");
    }
}

async fn a_key_belongs_to_one_operation(engine: Engine) {
    let world = World::on(engine).await;
    let supplier = world.supplier("net").await;
    let keyed = supplier.key("k");
    let body = json!({"id": "net/one", "name": "One"});
    keyed.post("/applications", body.clone()).await.expect(201);
    keyed.post("/connectivityPlans", body).await.refused(409, "id_taken");
    let plan = keyed.post("/connectivityPlans", json!({"id": "net/two", "name": "Two"})).await.expect(201);
    assert_eq!(plan["grantedConnections"], "0");
    keyed.delete(&format!("/connectivityPlans/{}", text(&plan, "ref"))).await.expect(200);
    keyed.at("/core/v141/api").post("/applications", json!({"id": "net/one", "name": "One"})).await.expect(200);
}

async fn a_plan_without_a_number_grants_none_and_shows_it(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let body = json!({"id": "acme/none", "name": "None", "items": [{"productId": shop.plan_id}]});
    let offer = shop.vendor.post("/offers", body).await.expect(201);
    assert_eq!(offer["items"][0]["grantedConnections"], "0");
    let order = shop.vendor.post("/orders", json!({"offerId": "acme/none", "subscriberId": shop.subscriber.id}));
    assert_eq!(order.await.expect(201)["subscriptions"][0]["grantedConnections"], "0");
}

async fn unknown_attributes_can_be_ignored(engine: Engine) {
    let settings = Settings { ignore_unknown_fields: true, ..Settings::default() };
    let world = World::with(engine, settings).await;
    let body = json!({"id": "net", "name": "Net", "surprise": 1, "primaryUser": {"email": "a@net.example", "x": 1}});
    let supplier = world.operator.post("/suppliers", body).await.expect(201);
    let path = format!("/suppliers/{}", text(&supplier, "ref"));
    world.operator.put(&path, json!({"surprise": 2})).await.expect(200);
    world.operator.put(&path, json!({"id": "other"})).await.refused(400, "invalid_attribute");
}

async fn products_show_each_caller_its_own(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let path = format!("/connectivityPlans/{}", shop.plan_ref);
    let notification = json!({"subscribedUrl": "https://net.example/subscribed"});
    let changed = shop.supplier.put(&path, json!({"notification": notification})).await.expect(200);
    assert_eq!(changed["notification"]["mode"], "COMMIT_ONLY");
    assert_eq!(shop.vendor.get(&path).await.expect(200).get("notification"), None);
    shop.subscriber.get(&path).await.refused(404, "not_found");
    shop.subscriber.post("/orders", json!({"offerId": shop.offer_id, "quantity": 3})).await.expect(201);
    assert_eq!(shop.subscriber.get(&path).await.expect(200)["grantedConnections"], "300");
    let report = format!("{path}?subscriberId={}", shop.subscriber.id);
    let used = shop.supplier.put(&report, json!({"usedConnections": "40"})).await.expect(200);
    assert_eq!((&used["grantedConnections"], &used["usedConnections"]), (&json!("300"), &json!("40")));
    let mut read = shop.supplier.get(&format!("/connectivityPlans/{}", shop.plan_ref)).await.expect(200);
    assert_eq!(shop.supplier.put(&report, read.clone()).await.expect(200)["usedConnections"], "40");
    read["name"] = json!("Other");
    shop.supplier.put(&report, read).await.refused(400, "invalid_attribute");
    shop.supplier.put(&report, json!({"usedConnections": 301})).await.refused(409, "connections_not_granted");
    let nobody = format!("{path}?subscriberId=x");
    shop.supplier.put(&nobody, json!({"usedConnections": 1})).await.refused(400, "unknown_reference");
    assert_eq!(shop.subscriber.get("/connectivityPlans").await.expect(200)[0]["usedConnections"], "40");
    let order = shop.subscriber.get("/orders").await.expect(200);
    let order = format!("/orders/{}", text(&order[0], "ref"));
    shop.subscriber.delete(&order).await.refused(409, "connections_in_use");
    shop.supplier.delete(&path).await.refused(409, "in_use");
    shop.supplier.put(&path, json!({"notification": null})).await.expect(200);
    let foreign = json!({"id": "other/plan", "name": "Plan"});
    shop.supplier.post("/connectivityPlans", foreign).await.refused(400, "invalid_attribute");
    let by_id = format!("/applications?applicationId={}", shop.application_id);
    assert_eq!(shop.vendor.get(&by_id).await.expect(200)[0]["portalUrl"], "https://app.example/");
}

async fn offers_and_strategies_decide_what_can_be_ordered(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let mine = json!({"id": "acme/night", "settings": {"at": [1, 2]}, "description": "At night"});
    let strategy = shop.vendor.post("/processingStrategies", mine).await.expect(201);
    assert_eq!((&strategy["name"], &strategy["settings"]), (&json!("acme/night"), &json!({"at": [1, 2]})));
    let items = json!([{"productId": shop.plan_id, "grantedConnections": 1}]);
    let offer = json!({"id": "acme/picky", "name": "Picky", "items": items, "processingStrategyIds": ["acme/night"]});
    shop.vendor.post("/offers", offer).await.expect(201);
    let order = json!({"offerId": "acme/picky"});
    shop.subscriber.post("/orders?withProcessingStrategyId=acme%2Fnight", order.clone()).await.expect(201);
    let other = shop.subscriber.post("/orders?withProcessingStrategyId=ROUTE", order).await;
    other.refused(400, "unknown_processing_strategy");
    assert_eq!(shop.subscriber.get("/processingStrategies").await.expect(200).as_array().map(Vec::len), Some(5));
    assert_eq!(shop.subscriber.get("/offers").await.expect(200).as_array().map(Vec::len), Some(1));
    assert_eq!(shop.subscriber.get("/offers?orderable=true").await.expect(200).as_array().map(Vec::len), Some(2));
    let path = format!("/offers/{}", shop.offer_ref);
    shop.vendor.put(&path, json!({"state": "SUSPENDED"})).await.expect(200);
    let refused = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await;
    refused.refused(409, "offer_not_orderable");
    shop.vendor.put(&path, json!({"state": "GONE"})).await.refused(400, "invalid_attribute");
    let foreign = json!({"id": "bolt/x", "name": "X", "items": [{"productId": shop.application_id}]});
    shop.vendor.post("/offers", foreign).await.refused(400, "invalid_attribute");
    let unknown = json!({"id": "acme/x", "name": "X", "items": [{"productId": "net/none"}]});
    shop.vendor.post("/offers", unknown).await.refused(400, "unknown_reference");
}

async fn subscriptions_are_suspended_and_resumed(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    let path = format!("/subscriptions/{}", text(&order["subscriptions"][0], "ref"));
    let seen = shop.supplier.get(&path).await.expect(200);
    assert_eq!((&seen["orderRef"], &seen["productId"]), (&order["ref"], &json!(shop.plan_id)));
    assert_eq!(shop.supplier.get("/subscriptions").await.expect(200).as_array().map(Vec::len), Some(2));
    let suspend = json!({"state": "SUSPENDED", "reason": "unpaid"});
    shop.subscriber.put(&path, suspend.clone()).await.refused(403, "forbidden");
    assert_eq!(shop.vendor.put(&path, suspend).await.expect(200)["state"], "SUSPENDED");
    let by_state = shop.vendor.get("/subscriptions?state=SUSPENDED").await.expect(200);
    assert_eq!(by_state.as_array().map(Vec::len), Some(1));
    assert_eq!(shop.vendor.put(&path, json!({"state": "ACTIVE"})).await.expect(200)["state"], "ACTIVE");
    shop.vendor.put(&path, json!({"state": "CANCELLED"})).await.refused(400, "invalid_attribute");
    let of_order = format!("/subscriptions?orderRef={}", text(&order, "ref"));
    assert_eq!(shop.vendor.get(&of_order).await.expect(200).as_array().map(Vec::len), Some(2));
    assert_eq!(shop.vendor.get("/subscriptions?orderRef=x").await.expect(200), json!([]));
}

async fn a_subscriber_with_orders_is_deleted_by_force_only(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    let path = format!("/subscribers/{}", shop.subscriber.party);
    shop.vendor.delete(&path).await.refused(409, "in_use");
    shop.vendor.delete(&format!("{path}?force=maybe")).await.refused(400, "invalid_attribute");
    shop.vendor.delete(&format!("{path}?force=true")).await.expect(200);
    shop.subscriber.get("/orders").await.refused(401, "unauthorized");
    let cancelled = shop.vendor.get(&format!("/orders/{}", text(&order, "ref"))).await.expect(200);
    assert_eq!(cancelled["state"], "CANCELLED");
    world.operator.delete(&format!("/vendors/{}", shop.vendor.party)).await.refused(409, "in_use");
}

async fn a_supplier_does_not_see_what_happens_to_another_ones_part_of_an_order(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let other = world.supplier("grid").await;
    other.post("/applications", json!({"id": "grid/app", "name": "Other"})).await.expect(201);
    let items = json!([{"productId": shop.plan_id, "grantedConnections": 1}, {"productId": "grid/app"}]);
    shop.vendor.post("/offers", json!({"id": "acme/both", "name": "Both", "items": items})).await.expect(201);
    let order = shop.subscriber.post("/orders", json!({"offerId": "acme/both"})).await.expect(201);
    let path = |n: usize| format!("/subscriptions/{}", text(&order["subscriptions"][n], "ref"));
    let tags = async || {
        let mut tags = Vec::new();
        for caller in [&shop.supplier, &shop.vendor, &shop.subscriber] {
            tags.push(caller.get(&path(0)).await.header("etag").to_owned());
        }
        tags
    };
    let before = tags().await;
    shop.vendor.put(&path(1), json!({"state": "SUSPENDED"})).await.expect(200);
    let after = tags().await;
    assert_eq!(
        (&after[0], &before[1], &after[1], &after[2]),
        (&before[0], &"\"1\"".into(), &"\"2\"".into(), &after[1])
    );
    let known = shop.supplier.with("if-none-match", &after[0]).get(&path(0)).await;
    assert_eq!(known.status, 304);
    shop.vendor.with("if-match", &after[1]).put(&path(0), json!({"state": "SUSPENDED"})).await.expect(200);
    assert_ne!(tags().await[0], after[0]);
}

harness::on_each_engine! {
    a_party_takes_its_names_from_its_primary_user;
    a_put_may_carry_the_whole_object;
    users_grant_what_they_hold_and_rotate_their_secrets;
    a_replayed_create_shows_no_secret;
    a_replayed_delete_answers_what_was_deleted;
    a_key_belongs_to_one_operation;
    a_plan_without_a_number_grants_none_and_shows_it;
    unknown_attributes_can_be_ignored;
    products_show_each_caller_its_own;
    offers_and_strategies_decide_what_can_be_ordered;
    subscriptions_are_suspended_and_resumed;
    a_subscriber_with_orders_is_deleted_by_force_only;
    a_supplier_does_not_see_what_happens_to_another_ones_part_of_an_order;
}
