//! Spellings of the same value: texts in normal forms, logins in letter cases, times with finer
//! digits; and what can be nothing however it is spelt.

mod harness;

use axum::body::Body;
use harness::{Caller, Engine, World, text};
use http::Method;
use orderpark_domain::order::{OfferName, PlaceOrder};
use orderpark_domain::{Command, Intent, PartyRef};
use serde_json::{Value, json};

const COMPOSED: &str = "caf\u{e9}-1";
const DECOMPOSED: &str = "cafe\u{301}-1";

async fn count(caller: &Caller, path: &str) -> usize {
    caller.get(path).await.expect(200).as_array().expect("a list").len()
}

async fn an_external_id_is_one_in_both_normal_forms(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let order = |external_id: &str| json!({"offerId": shop.offer_id, "externalId": external_id});
    let first = shop.subscriber.post("/orders", order(COMPOSED)).await.expect(201);
    let second = shop.subscriber.post("/orders", order(DECOMPOSED)).await.expect(201);
    assert_eq!((&second, &first["externalId"]), (&first, &json!(COMPOSED)));
    for spelling in ["caf%C3%A9-1", "cafe%CC%81-1"] {
        assert_eq!(count(&shop.vendor, &format!("/orders?externalId={spelling}")).await, 1, "{spelling}");
    }
    let hidden = shop.subscriber.post("/orders", order("PO-17\u{200b}")).await.refused(400, "invalid_attribute");
    assert!(text(&hidden, "message").contains("U+200B (character 6)"), "{hidden}");
    shop.vendor.get("/orders?externalId=PO-17%E2%80%8B").await.refused(400, "invalid_attribute");
}

/// An older version kept what was sent.
async fn an_external_id_that_was_kept_decomposed_is_found_by_what_was_sent(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let older = PlaceOrder {
        offer: OfferName::Id(shop.offer_id.clone()),
        subscriber: PartyRef::parse(&shop.subscriber.party),
        quantity: 1,
        external_id: Some(DECOMPOSED.to_owned()),
        strategy: None,
        can_ask_suppliers: true,
    };
    let older = Intent::system(Command::PlaceOrder(older), "as an older version");
    world.app.store.commit(older).await.expect("an order");
    let body = json!({"offerId": shop.offer_id, "externalId": DECOMPOSED});
    let again = shop.subscriber.post("/orders", body).await.expect(201);
    assert_eq!(again["externalId"], DECOMPOSED);
    assert_eq!(count(&shop.subscriber, "/orders").await, 1, "no second one");
    assert_eq!(count(&shop.vendor, "/orders?externalId=cafe%CC%81-1").await, 1);
    world.journal().verify();
}

async fn logins_and_addresses_are_one_in_every_letter_case(engine: Engine) {
    let world = World::on(engine).await;
    let acme = world.vendor("acme").await;
    let user = |email: &str| json!({"email": email, "scopes": [format!("VENDOR:{}", acme.party)]});
    let kim = world.operator.post("/users", user("Kim@Farm.example")).await.expect(201);
    let taken = world.operator.post("/users", user("kim@farm.EXAMPLE")).await.refused(409, "id_taken");
    assert!(text(&taken, "message").contains("'kim@farm.EXAMPLE' is taken"), "{taken}");
    let primary = json!({"id": "new", "name": "New", "primaryUser": {"email": "KIM@farm.example"}});
    world.operator.post("/vendors", primary).await.refused(409, "id_taken");
    for query in ["email=kim@farm.example", "userId=KIM@FARM.EXAMPLE", "email=kim@farm.example&userId=Kim@farm.example"]
    {
        assert_eq!(count(&world.operator, &format!("/users?{query}")).await, 1, "{query}");
    }
    world.login("default/kim@farm.example", &text(&kim, "clientSecret")).await.get("/vendors").await.expect(200);

    let body = json!({"name": "S", "vendorId": "acme", "contactEmail": "Desk@Farm.example"});
    world.operator.post("/subscribers", body).await.expect(201);
    assert_eq!(count(&world.operator, "/subscribers?contactEmail=desk@FARM.example").await, 1);
    world.journal().verify();
}

/// An older version told logins apart by letter case.
async fn logins_that_differ_by_letter_case_alone_keep_working(engine: Engine) {
    let world = World::on(engine).await;
    let acme = world.vendor("acme").await;
    let scopes = [format!("VENDOR:{}", acme.party)];
    let mut secrets = Vec::new();
    for email in ["kim@farm.example", "other@farm.example"] {
        let user = world.operator.post("/users", json!({"email": email, "scopes": scopes})).await.expect(201);
        secrets.push(text(&user, "clientSecret"));
    }
    world.database.execute("update users set login = 'Kim@farm.example' where login = 'other@farm.example'");
    let ask = async |login: &str, secret: &str| {
        let form = format!("grant_type=client_credentials&client_id=default/{login}&client_secret={secret}");
        let caller = world.nobody().at("/admin/latest/api").with("content-type", "application/x-www-form-urlencoded");
        caller.send(Method::POST, "/oauth/token", Body::from(form)).await.status
    };
    assert_eq!(ask("kim@farm.example", &secrets[0]).await, 200);
    assert_eq!(ask("Kim@farm.example", &secrets[1]).await, 200);
    assert_eq!(ask("KIM@farm.example", &secrets[0]).await, 401, "neither is meant");
    assert_eq!(count(&world.operator, "/users?email=KIM@farm.example").await, 2);
    world
        .operator
        .post("/users", json!({"email": "KIM@farm.example", "scopes": scopes}))
        .await
        .refused(409, "id_taken");
}

async fn a_filter_that_nothing_can_have_is_refused(engine: Engine) {
    let world = World::on(engine).await;
    for path in [
        "/users?email=a+b@farm.example",
        "/users?userId=a%20b",
        "/subscribers?contactEmail=a+b@farm.example",
        "/subscribers?subscriberId=+",
        "/subscribers?applicationId=net/a%C2%A0b",
        "/suppliers?supplierId=a+b",
        "/vendors?vendorId=a%E2%80%8Bb",
        "/applications?applicationId=net/a+b",
        "/connectivityPlans?connectivityPlanId=a%0Ab",
        "/offers?offerId=acme/a+b",
        "/orders?offerId=acme/a+b",
        "/orders?subscriberId=1+2",
        "/orders?createdFrom=2026-11-23T10:00:00+02:00",
        "/subscriptions?productId=a+b",
        "/subscriptions?orderRef=a+b",
        "/processingStrategies?processingStrategyId=a+b",
    ] {
        let refused = world.operator.get(path).await.refused(400, "invalid_attribute");
        let message = text(&refused, "message");
        assert!(message.contains("%2B") || message.contains("U+200B"), "{path}: {message}");
    }
    assert_eq!(count(&world.operator, "/users?email=a%2Bb@farm.example").await, 0);
    assert_eq!(count(&world.operator, "/orders?subscriberId=none").await, 0, "no id, but it could be one");
}

async fn finer_times_and_far_ones_are_times(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    let created = text(&order, "creationDate");
    let behind = format!("{}9Z", created.trim_end_matches('Z'));
    let ends = [("9999-12-31T23:59:59Z".to_owned(), 0, 1), ("9999-12-31T23:59:59.9999999Z".to_owned(), 0, 1)];
    for (time, from, to) in ends.into_iter().chain([(behind, 0, 1), (created, 1, 0)]) {
        assert_eq!(count(&shop.vendor, &format!("/orders?createdFrom={time}")).await, from, "from {time}");
        assert_eq!(count(&shop.vendor, &format!("/orders?createdTo={time}")).await, to, "to {time}");
    }
}

async fn names_are_always_there_and_may_be_sent_back(engine: Engine) {
    let world = World::on(engine).await;
    let acme = world.vendor("acme").await;
    let scopes = [format!("VENDOR:{}", acme.party)];
    world.operator.post("/users", json!({"email": "bare@acme.example", "scopes": scopes})).await.expect(201);
    let subscriber = json!({"name": "Bare", "vendorId": "acme"});
    world.operator.post("/subscribers", subscriber).await.expect(201);
    for (path, names) in [
        ("/users", &["firstName", "lastName", "organization"][..]),
        ("/subscribers", &["contactEmail", "organization"]),
    ] {
        for object in world.operator.get(path).await.expect(200).as_array().expect("a list") {
            assert!(names.iter().all(|name| object[name].is_string()), "{object}");
            let one = format!("{path}/{}", text(object, "ref"));
            assert_eq!(&world.operator.put(&one, object.clone()).await.expect(200), object, "an echo");
            let named = world.operator.put(&one, json!({names[0]: "a@b.example"})).await.expect(200);
            assert_eq!(named[names[0]], "a@b.example");
            world.operator.put(&one, json!({names[0]: ""})).await.refused(400, "invalid_attribute");
        }
    }
    let operator = &world.operator.get("/users?email=operator").await.expect(200)[0];
    assert_ne!((&operator["lastName"], &operator["organization"]), (&Value::from(""), &Value::from("")));
}

harness::on_each_engine! {
    an_external_id_is_one_in_both_normal_forms;
    an_external_id_that_was_kept_decomposed_is_found_by_what_was_sent;
    logins_and_addresses_are_one_in_every_letter_case;
    logins_that_differ_by_letter_case_alone_keep_working;
    a_filter_that_nothing_can_have_is_refused;
    finer_times_and_far_ones_are_times;
    names_are_always_there_and_may_be_sent_back;
}
