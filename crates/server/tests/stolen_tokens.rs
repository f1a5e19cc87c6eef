//! What a stolen token can do, and how it is contained: roles, makers, one operation that ends all,
//! fresh tokens, a cap on token life, and answers that end with their token.

mod harness;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use harness::{Caller, Engine, Member, World, text};
use http::{Method, Request};
use orderpark_domain::EndpointRef;
use orderpark_server::router::operations;
use orderpark_server::{App, Settings, access::Signer, router};
use orderpark_store::deliveries::{Attempt, Target};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;
use uuid::Uuid;

const ADMIN: &str = "/admin/latest/api";

/// A token for a client, with more parameters of the form.
async fn token_at(nobody: &Caller, client_id: &str, secret: &str, more: &str) -> Value {
    let client_id = client_id.replace('/', "%2F");
    let form = format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}{more}");
    let caller = nobody.at(ADMIN).with("content-type", "application/x-www-form-urlencoded");
    caller.send(Method::POST, "/oauth/token", Body::from(form)).await.expect(200)
}

async fn with_token(world: &World, user: &Value, more: &str) -> Caller {
    let nobody = world.nobody();
    let token = token_at(&nobody, &text(user, "clientId"), &text(user, "clientSecret"), more).await;
    nobody.holding(&text(&token, "access_token"))
}

/// The finding: a token that was stolen makes users, tokens for ever and webhooks, which outlive
/// the rotation of the secret.
async fn a_stolen_token_is_contained_with_all_that_it_made(engine: Engine) {
    let world = World::on(engine).await;
    let acme = world.vendor("acme").await;
    let admin = acme.post("/users", json!({"email": "admin@acme.example"})).await.expect(201);
    let admin = with_token(&world, &admin, "").await;
    let victim = admin.get("/users?email=acme@vendor.example").await.expect(200)[0].clone();
    let path = format!("/users/{}", text(&victim, "ref"));
    let thief = &acme.caller;
    let second = thief.post("/users", json!({"email": "x@thief.example"})).await.expect(201);
    let second = with_token(&world, &second, "&validityPeriod=infinite").await;
    let third = second.post("/users", json!({"email": "y@thief.example"})).await.expect(201);
    let third = with_token(&world, &third, "&validityPeriod=infinite").await;
    let hook = third.post("/webhookEndpoints", json!({"url": "https://thief.example/"})).await.expect(201);
    assert_eq!((&hook["createdByLogin"], &victim.get("createdBy")), (&json!("y@thief.example"), &None));
    admin.put(&format!("{path}?resetPassword=true&keepPrevious=false"), json!({})).await.expect(200);
    thief.get("/orders").await.refused(401, "unauthorized");
    third.get("/orders").await.expect(200);

    let contain = format!("{path}/contain");
    let dry = admin.post(&format!("{contain}?dryRun=true"), json!({"endCreated": true})).await.expect(200);
    third.get("/orders").await.expect(200);
    let logins = |answer: &Value| {
        let users = answer["users"].as_array().expect("users").iter();
        users.map(|user| (text(user, "id"), user["hadToken"] == true)).collect::<Vec<_>>()
    };
    // The admin is no accident: the victim made it, and it is the caller, who stays.
    let made = vec![("x@thief.example".to_owned(), true), ("y@thief.example".to_owned(), true)];
    assert_eq!((logins(&dry), dry["webhookEndpoints"][0]["ref"].clone()), (made.clone(), hook["ref"].clone()));
    let ended = admin.post(&contain, json!({"endCreated": true, "since": "2020-01-01T00:00:00Z"})).await.expect(200);
    assert_eq!((logins(&ended), &ended["ended"], &ended["more"]), (made, &json!(true), &json!(false)));
    for dead in [&second, &third] {
        dead.get("/orders").await.refused(401, "unauthorized");
    }
    assert_eq!(admin.get("/webhookEndpoints").await.expect(200), json!([]));
    let again = admin.post(&contain, json!({})).await.expect(200);
    assert_eq!((logins(&again), &again["webhookEndpoints"]), (vec![], &json!([])));
    let anew = admin.put(&format!("{path}?resetPassword=true"), json!({})).await.expect(200);
    with_token(&world, &anew, "").await.get("/orders").await.expect(200);
    world.journal().verify();
}

/// A member orders and reads, is told why not more, and its role counts from one request to the
/// next.
async fn a_role_is_that_of_now(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let made = shop.vendor.post("/users", json!({"email": "m@acme.example", "role": "MEMBER"})).await.expect(201);
    let (path, member) = (format!("/users/{}", text(&made, "ref")), with_token(&world, &made, "").await);
    let body = json!({"email": "n@acme.example"});
    let refused = member.post("/users", body.clone()).await.refused(403, "forbidden");
    assert!(text(&refused, "message").contains("role MEMBER"), "{refused}");
    member.put(&path, json!({"role": "ADMIN"})).await.refused(403, "forbidden");
    let own = member.get("/users").await.expect(200);
    assert_eq!((own.as_array().map(Vec::len), &own[0]["role"]), (Some(1), &json!("MEMBER")));
    // Its maker is no user that it may read.
    assert!(own[0].get("createdBy").is_none() && own[0].get("createdByLogin").is_none(), "{own}");
    let seen = shop.vendor.get(&path).await.expect(200);
    assert_eq!((&seen["createdByLogin"], seen["creationDate"].is_string()), (&json!("acme@vendor.example"), true));
    let order = json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id});
    member.post("/orders", order).await.expect(201);
    shop.vendor.put(&path, json!({"role": "ADMIN"})).await.expect(200);
    member.post("/users", body).await.expect(201);
    shop.vendor.put(&path, json!({"role": "MEMBER"})).await.expect(200);
    member.post("/webhookEndpoints", json!({"url": "https://a.example/"})).await.refused(403, "forbidden");
    // The vendor made the subscriber's first user: who made it is none of the subscriber's
    // business.
    let buyer = shop.vendor.post("/subscribers", json!({"name": "B", "primaryUser": {"email": "b@b.example"}})).await;
    let buyer = with_token(&world, &buyer.expect(201)["primaryUser"], "").await;
    let own = buyer.get("/users").await.expect(200);
    assert!(own[0].get("createdBy").is_none() && own[0]["creationDate"].is_string(), "{own}");
    world.journal().verify();
}

/// Whatever makes or changes credentials and endpoints asks for a token that was issued a moment
/// ago.
async fn credentials_need_a_fresh_token_where_the_operator_wants_it(engine: Engine) {
    let settings = Settings { token_fresh_for_credentials_s: Some(600), ..Settings::default() };
    let world = World::with(engine, settings).await;
    let acme = world.vendor("acme").await;
    let user = acme.post("/users", json!({"email": "a@acme.example"})).await.expect(201);
    let hook = acme.post("/webhookEndpoints", json!({"url": "https://a.example/"})).await.expect(201);
    let (user, hook) = (format!("/users/{}", text(&user, "ref")), format!("/webhookEndpoints/{}", text(&hook, "ref")));
    world.pass_seconds(600);
    let writes = [
        (Method::POST, "/users".to_owned(), json!({"email": "b@acme.example"})),
        (Method::PUT, user.clone(), json!({"firstName": "A"})),
        (Method::PUT, format!("{user}?resetPassword=true"), json!({})),
        (Method::POST, format!("{user}/contain"), json!({})),
        (Method::DELETE, user, json!({})),
        (Method::POST, "/webhookEndpoints".to_owned(), json!({"url": "https://b.example/"})),
        (Method::PUT, hook.clone(), json!({"description": "A"})),
        (Method::POST, format!("{hook}/rotateSecret"), json!({})),
        (Method::DELETE, hook, json!({})),
        (Method::POST, "/subscribers".to_owned(), json!({"name": "B", "primaryUser": {"email": "b@b.example"}})),
    ];
    for (method, path, body) in &writes {
        let answer = acme.send(method.clone(), path, Body::from(body.to_string())).await;
        let refused = answer.refused(401, "fresh_token_needed");
        assert!(text(&refused, "message").contains("renewToken=true"), "{refused}");
        assert!(answer.header("www-authenticate").contains("insufficient_user_authentication"));
    }
    acme.post("/subscribers", json!({"name": "C"})).await.expect(201);
    let renewed = token_at(&world.nobody(), &acme.client_id, &acme.client_secret, "&renewToken=true").await;
    let renewed = world.nobody().holding(&text(&renewed, "access_token"));
    for (method, path, body) in &writes {
        let answer = renewed.send(method.clone(), path, Body::from(body.to_string())).await;
        assert!(answer.status < 300, "{}: {}", answer.asked, answer.text());
    }
}

/// Tokens of before the rule end when one that was issued under it would, and are not handed out
/// again.
async fn a_cap_on_token_life_counts_for_tokens_of_before(engine: Engine) {
    let world = World::on(engine).await;
    let acme = world.vendor("acme").await;
    let more = "&renewToken=true&validityPeriod=infinite";
    let before = token_at(&world.nobody(), &acme.client_id, &acme.client_secret, more).await;
    assert_eq!(before["expires_in"], 2_147_483_647);
    let World { app, .. } = &world;
    let settings = Settings { token_validity_max_s: Some(3600), ..app.settings.clone() };
    let signer = Signer::open(None, &*app.chance).expect("a signer");
    let capped = App::new(app.store.clone(), settings, signer, Arc::clone(&app.outside), Arc::clone(&app.chance));
    let nobody = Caller::new(router(Arc::new(capped)), None);
    let (old, bearer) = (text(&before, "access_token"), |token: &str| nobody.holding(token));
    let info = nobody.at(ADMIN).get(&format!("/oauth/tokeninfo?access_token={old}")).await.expect(200);
    assert_eq!(info["expires_in"], 3600);
    world.pass_seconds(3599);
    bearer(&old).get("/orders").await.expect(200);
    world.pass_seconds(1);
    let refused = bearer(&old).get("/orders").await.refused(401, "unauthorized");
    assert!(text(&refused, "message").contains("expired"), "{refused}");
    let new = token_at(&nobody, &acme.client_id, &acme.client_secret, "&validityPeriod=infinite").await;
    assert!(new["expires_in"] == 3600 && new["access_token"] != before["access_token"], "{new}");
}

/// More than one page of everything that is listed, as the operator sees it.
async fn much_of_everything(world: &World) -> String {
    let shop = world.shop("net", "acme").await;
    for n in 0..110 {
        for (path, body) in [
            ("/suppliers", json!({"id": format!("s{n}"), "name": "S"})),
            ("/vendors", json!({"id": format!("v{n}"), "name": "V"})),
            (
                "/subscribers",
                json!({"name": "B", "vendorId": "acme", "primaryUser": {"email": format!("b{n}@b.example")}}),
            ),
            ("/applications", json!({"id": format!("net/a{n}"), "name": "A"})),
            ("/connectivityPlans", json!({"id": format!("net/c{n}"), "name": "C"})),
            ("/offers", json!({"id": format!("acme/o{n}"), "name": "O", "items": [{"productId": "net/app"}]})),
            ("/processingStrategies", json!({"id": format!("acme/p{n}")})),
            ("/orders", json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id})),
        ] {
            world.operator.post(path, body).await.expect(201);
        }
        let owner: &Member = if n < 60 { &shop.vendor } else { &shop.supplier };
        owner.post("/webhookEndpoints", json!({"url": format!("https://h.example/{n}")})).await.expect(201);
    }
    let endpoint = text(&shop.vendor.get("/webhookEndpoints").await.expect(200)[0], "ref");
    let target = Target::Endpoint(EndpointRef::parse(&endpoint).expect("a ref"));
    for number in 1..=110 {
        world.app.store.log_attempt(target, attempt(number)).await.expect("a log");
        let product = orderpark_domain::ProductRef::parse(&shop.plan_ref).expect("a ref");
        world.app.store.log_attempt(Target::Supplier(product), attempt(number)).await.expect("a log");
        let product = orderpark_domain::ProductRef::parse(&shop.application_ref).expect("a ref");
        world.app.store.log_attempt(Target::Supplier(product), attempt(number)).await.expect("a log");
    }
    [("/webhookEndpoints", endpoint), ("/connectivityPlans", shop.plan_ref), ("/applications", shop.application_ref)]
        .map(|(collection, at)| format!("{collection}/{at}"))
        .join(" ")
}

fn attempt(number: u32) -> Attempt {
    Attempt {
        id: Uuid::from_u128(u128::from(number)),
        event: None,
        webhook_id: "evt".into(),
        kind: "webhook.test".into(),
        number,
        at: orderpark_domain::Instant(i64::from(number)),
        took_us: 1,
        url: "https://h.example/".into(),
        status: Some(200),
        failure: None,
        response: None,
        inside: None,
    }
}

async fn opened(world: &World, token: &str, path: &str) -> BodyDataStream {
    let request = Request::get(format!("/core/latest/api{path}")).header("authorization", format!("Bearer {token}"));
    let Ok(response) = world.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(response.status(), 200, "{path}");
    response.into_body().into_data_stream()
}

/// One row an operation: every list that goes on, and the stream. What else lasts is in
/// `test_event` and the orders that wait for their suppliers, which show what their own caller did.
async fn what_outlives_its_authentication_ends_with_its_token(engine: Engine) {
    let world = World::on(engine).await;
    let of_one = much_of_everything(&world).await;
    let lasting = operations().iter().filter(|operation| {
        let lists = operation.parameters().names().any(|name| name == "pageIndex");
        operation.method == Method::GET && (lists || operation.path.ends_with("/stream"))
    });
    let operator = &world.operator;
    let scopes = json!(["OPERATOR:1"]);
    let leaver = operator.post("/users", json!({"email": "leaver@op.example", "scopes": scopes})).await.expect(201);
    let mut looked_at = 0;
    for operation in lasting {
        let one = of_one.split(' ').find(|one| one.starts_with(operation.collection()) && operation.is_of_one());
        let path = one.map_or(operation.path.to_owned(), |one| format!("{one}/attempts"));
        let token = with_token(&world, &leaver, "&renewToken=true").await.token.expect("a token");
        let mut body = opened(&world, &token, &path).await;
        body.next().await.expect("a beginning").expect("a beginning");
        let revoke = format!("/oauth/revoke_token?access_token={token}");
        world.nobody().at(ADMIN).post_raw(&revoke, "").await.expect(200);
        let ended = async { while body.next().await.is_some_and(|piece| piece.is_ok()) {} };
        if path.ends_with("/stream") {
            tokio::time::timeout(Duration::from_secs(10), ended).await.expect("the stream ends");
        } else {
            let next = body.next().await;
            assert!(matches!(next, Some(Err(_))), "{path} went on after its token was dead: {next:?}");
        }
        looked_at += 1;
    }
    assert!(looked_at > 12, "only {looked_at} were looked at");
}

harness::on_each_engine! {
    a_stolen_token_is_contained_with_all_that_it_made;
    a_role_is_that_of_now;
    credentials_need_a_fresh_token_where_the_operator_wants_it;
    a_cap_on_token_life_counts_for_tokens_of_before;
    what_outlives_its_authentication_ends_with_its_token;
}
