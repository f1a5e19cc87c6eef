//! Tokens over HTTP: domain.md, "Tokens", and the security checklist of reliability.md.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use axum::body::Body;
use harness::{Answer, Caller, Engine, Member, World, text};
use http::Method;
use orderpark_server::access::Signer;
use orderpark_server::{App, Profile, Settings, router};
use serde_json::{Value, json};
use std::sync::Arc;

const ADMIN: &str = "/admin/v141/api";
const FORM: &str = "application/x-www-form-urlencoded";

async fn form_at(caller: &Caller, base: &str, path: &str, form: &str) -> Answer {
    caller.at(base).with("content-type", FORM).send(Method::POST, path, Body::from(form.to_owned())).await
}

/// A token request of this client, with more in the query and in the form.
async fn ask(world: &World, member: &Member, query: &str, more: &str) -> Answer {
    let form = form_of(&member.client_id, &member.client_secret) + more;
    form_at(&world.nobody(), ADMIN, &format!("/oauth/token{query}"), &form).await
}

fn form_of(client_id: &str, secret: &str) -> String {
    format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}")
}

async fn token(world: &World, member: &Member, query: &str) -> Value {
    ask(world, member, query, "").await.expect(200)
}

async fn status_of(world: &World, token: &Value) -> u16 {
    let caller = world.nobody().with("authorization", &format!("Bearer {}", text(token, "access_token")));
    caller.get("/orders").await.status
}

/// Checks an error of RFC 6749, 5.2, that is a DX error as well.
#[track_caller]
fn oauth_refused(answer: &Answer, status: u16, reason: &str, error: &str) {
    let body = answer.refused(status, reason);
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(body["error_description"], body["message"], "{body}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn a_token_answer_has_these_attributes_and_is_kept_by_nobody(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let answer = ask(&world, &vendor, "?renewToken=true", "").await;
    let body = answer.expect(200);
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    let expected =
        ["access_token", "token_type", "expires_in", "client_id", "scope", "jti", "customer_id", "operator_id"];
    assert_eq!(names, expected);
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["expires_in"], 7 * 86_400);
    assert_eq!(body["client_id"], "default/acme@vendor.example");
    assert_eq!(body["scope"], format!("[VENDOR:{}]", vendor.party));
    assert_eq!(body["customer_id"], vendor.party);
    assert_eq!(body["operator_id"], "operator");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
}

async fn several_scopes_are_one_string(engine: Engine) {
    let world = World::on(engine).await;
    let (acme, globex) = (world.vendor("acme").await, world.vendor("globex").await);
    let scopes = [format!("VENDOR:{}", acme.party), format!("VENDOR:{}", globex.party)];
    let body = json!({"email": "both@agency.example", "scopes": scopes});
    let user = world.operator.post("/users", body).await.expect(201);
    let form = form_of(&text(&user, "clientId"), &text(&user, "clientSecret"));
    let answer = form_at(&world.nobody(), ADMIN, "/oauth/token", &form).await.expect(200);
    assert_eq!(answer["scope"], format!("[{}, {}]", scopes[0], scopes[1]));
}

async fn every_base_path_and_the_keycloak_shaped_alias_give_tokens(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let form = form_of(&vendor.client_id, &vendor.client_secret);
    let versions = ["v140", "v141", "latest"].map(|version| format!("/admin/{version}/api/oauth/token"));
    let alias = "/users-auth/protocol/openid-connect/token".to_owned();
    for path in versions.into_iter().chain([alias]) {
        for path in [path.clone(), format!("{path}/"), format!("/thingpark/dx{path}")] {
            assert_eq!(form_at(&world.nobody(), "", &path, &form).await.status, 200, "{path}");
        }
    }
}

async fn the_valid_token_is_returned_with_its_remaining_life_until_a_new_one_is_asked_for(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let first = token(&world, &vendor, "?validityPeriod=1hours&renewToken=true").await;
    world.pass_seconds(600);
    let same = token(&world, &vendor, "?validityPeriod=2hours").await;
    assert_eq!(same["access_token"], first["access_token"]);
    assert_eq!((&first["expires_in"], &same["expires_in"]), (&3600.into(), &3000.into()));

    let renewed = token(&world, &vendor, "?renewToken=true").await;
    assert_ne!(renewed["access_token"], first["access_token"]);
    assert_eq!((status_of(&world, &first).await, status_of(&world, &renewed).await), (401, 200), "dies at once");
}

async fn an_expired_token_is_worth_nothing_and_followed_by_a_new_one(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let first = token(&world, &vendor, "?validityPeriod=1minutes&renewToken=true").await;
    world.pass_seconds(59);
    assert_eq!(status_of(&world, &first).await, 200);
    world.pass_seconds(1);
    assert_eq!(status_of(&world, &first).await, 401);
    let next = token(&world, &vendor, "").await;
    assert_ne!(next["access_token"], first["access_token"]);
}

async fn a_token_with_little_life_left_is_not_handed_out_again(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let first = token(&world, &vendor, "?validityPeriod=1minutes&renewToken=True").await;
    world.pass_seconds(54);
    assert_eq!(token(&world, &vendor, "").await["expires_in"], 6, "a tenth");
    world.pass_micros(1);
    let next = token(&world, &vendor, "?validityPeriod=1hours").await;
    assert_eq!((next["access_token"] != first["access_token"], &next["expires_in"]), (true, &json!(3600)));
    world.pass_seconds(3600 - 29);
    assert_ne!(token(&world, &vendor, "").await["access_token"], next["access_token"], "less than 30 seconds");
}

async fn an_infinite_token_says_so_and_lives(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let body = ask(&world, &vendor, "", "&validityPeriod=infinite&renewToken=true").await.expect(200);
    assert_eq!(body["expires_in"], 2_147_483_647);
    world.pass_seconds(400 * 86_400);
    assert_eq!(status_of(&world, &body).await, 200);
}

async fn a_setting_caps_what_is_asked_for(engine: Engine) {
    let settings = Settings { token_validity_max_s: Some(3600), ..Settings::default() };
    let world = World::with(engine, settings).await;
    let vendor = world.vendor("acme").await;
    assert_eq!(token(&world, &vendor, "?validityPeriod=infinite&renewToken=true").await["expires_in"], 3600);
}

async fn the_client_id_may_be_encoded_or_short_and_http_basic_works(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    for client_id in ["default%2Facme@vendor.example", "default%252Facme%40vendor.example", "acme@vendor.example"] {
        let form = form_of(client_id, &vendor.client_secret);
        assert_eq!(form_at(&world.nobody(), ADMIN, "/oauth/token", &form).await.status, 200, "{client_id}");
    }
    let basic = base64(&format!("{}:{}", vendor.client_id, vendor.client_secret));
    let caller = world.nobody().with("authorization", &format!("Basic {basic}"));
    assert_eq!(form_at(&caller, ADMIN, "/oauth/token", "grant_type=client_credentials").await.status, 200);
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

async fn errors_are_those_of_rfc_6749_and_of_dx_at_once(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let right = form_of(&vendor.client_id, &vendor.client_secret);
    let cases = [
        (String::new(), 400, "invalid_attribute", "invalid_request"),
        (right.replace("client_credentials", "password"), 400, "invalid_attribute", "unsupported_grant_type"),
        (format!("{right}&grant_type=client_credentials"), 400, "invalid_request", "invalid_request"),
        (format!("{right}&validityPeriod=1weeks"), 400, "invalid_attribute", "invalid_request"),
        (format!("{right}&renewToken=maybe"), 400, "invalid_attribute", "invalid_request"),
        ("grant_type=client_credentials".to_owned(), 401, "unauthorized", "invalid_client"),
        (right.replace("client_id=default", "client_id=other"), 401, "unauthorized", "invalid_client"),
        (format!("{right}x"), 401, "unauthorized", "invalid_client"),
    ];
    for (form, status, reason, error) in cases {
        let answer = form_at(&world.nobody(), ADMIN, "/oauth/token", &form).await;
        oauth_refused(&answer, status, reason, error);
        assert_eq!(answer.header("www-authenticate").starts_with("Basic"), status == 401);
    }
    let as_json = world.nobody().at(ADMIN).post("/oauth/token", json!({"grant_type": "client_credentials"})).await;
    oauth_refused(&as_json, 415, "unsupported_media_type", "invalid_request");
    let in_query = ask(&world, &vendor, &format!("?client_secret={}", vendor.client_secret), "").await;
    oauth_refused(&in_query, 400, "invalid_request", "invalid_request");
    world.nobody().at(ADMIN).get("/oauth/token").await.refused(405, "method_not_allowed");
}

async fn an_unknown_client_is_answered_as_a_wrong_secret(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let mut wrong = Vec::new();
    for client_id in [vendor.client_id.as_str(), "default/nobody@acme.example"] {
        let answer = form_at(&world.nobody(), ADMIN, "/oauth/token", &form_of(client_id, "wrong")).await;
        let error_id = text(&answer.expect(401), "errorId");
        assert!(answer.text().contains(client_id));
        wrong.push(answer.but_for(client_id).replace(&error_id, ""));
    }
    assert_eq!(wrong[0], wrong[1]);
}

async fn failure_throttling_slows_the_failing_one_and_lets_the_victim_in(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let wrong = form_of(&vendor.client_id, "wrong");
    for _ in 0..5 {
        assert_eq!(form_at(&world.nobody(), ADMIN, "/oauth/token", &wrong).await.status, 401);
    }
    let answer = form_at(&world.nobody(), ADMIN, "/oauth/token", &wrong).await;
    oauth_refused(&answer, 429, "too_many_requests", "invalid_client");
    assert_eq!(answer.header("retry-after"), "1");
    token(&world, &vendor, "").await;
    assert_eq!(form_at(&world.nobody(), ADMIN, "/oauth/token", &wrong).await.status, 401, "the count began anew");
}

async fn revoking_is_effective_at_once_and_says_nothing_of_unknown_tokens(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    for (name, in_form) in [("access_token", false), ("access_token", true), ("token", false), ("token", true)] {
        let body = token(&world, &vendor, "").await;
        assert_eq!(status_of(&world, &body).await, 200);
        let shown = format!("{name}={}&token_type_hint=access_token", text(&body, "access_token"));
        let nobody = world.nobody();
        for _ in 0..2 {
            let answer = if in_form {
                form_at(&nobody, ADMIN, "/oauth/revoke_token", &shown).await
            } else {
                form_at(&nobody, ADMIN, &format!("/oauth/revoke_token?{shown}"), "").await
            };
            assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
        }
        assert_eq!(status_of(&world, &body).await, 401);
    }
    let unknown = form_at(&world.nobody(), ADMIN, "/oauth/revoke_token?access_token=unknown", "").await;
    assert_eq!(unknown.status, 200);
    form_at(&world.nobody(), ADMIN, "/oauth/revoke_token", "").await.refused(400, "invalid_request");
}

async fn token_info_needs_the_token_and_nothing_else(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let body = token(&world, &vendor, "").await;
    let nobody = world.nobody().at(ADMIN);
    let info = nobody.get(&format!("/oauth/tokeninfo?access_token={}", text(&body, "access_token"))).await;
    assert_eq!(info.expect(200), body);
    for query in ["?access_token=unknown", "?access_token=", ""] {
        nobody.get(&format!("/oauth/tokeninfo{query}")).await.refused(400, "invalid_request");
    }
}

async fn profiles_are_those_of_the_configuration(engine: Engine) {
    let profile = |id: &str, name: &str| Profile { id: id.to_owned(), name: name.to_owned() };
    let profiles = vec![profile("default", "Default"), profile("other", "Another")];
    let world = World::with(engine, Settings { profiles, ..Settings::default() }).await;
    let operator = world.operator.at(ADMIN);
    let list = json!([{"id": "default", "name": "Default"}, {"id": "other", "name": "Another"}]);
    assert_eq!(operator.get("/profiles").await.expect(200), list);
    assert_eq!(operator.get("/profiles/other").await.expect(200), list[1]);
    operator.get("/profiles/absent").await.refused(404, "not_found");
    operator.get("/profiles/%FF").await.refused(404, "not_found");
    for path in ["/profiles", "/profiles/other", "/profiles/absent"] {
        world.nobody().at(ADMIN).get(path).await.refused(401, "unauthorized");
    }
}

async fn two_live_secrets_per_client_let_programs_be_moved_over_one_by_one(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let user = vendor.get("/users?email=acme@vendor.example").await.expect(200);
    let path = format!("/users/{}?resetPassword=true", text(&user[0], "ref"));
    let rotated = vendor.put(&path, json!({})).await.expect(200);
    let new = Member { client_secret: text(&rotated, "clientSecret"), ..vendor.clone() };
    let before = token(&world, &vendor, "").await;
    assert_eq!(token(&world, &new, "").await["access_token"], before["access_token"]);

    let misspelt = vendor.put(&format!("{path}&keep_previous=false"), json!({})).await;
    assert_eq!((misspelt.status, misspelt.reason().as_str()), (400, "unknown_parameter"));
    let path = format!("{path}&keepprevious=false");
    let rotated = vendor.put(&path, json!({})).await.expect(200);
    assert_eq!(status_of(&world, &before).await, 401, "the token died with the old secrets, at once");
    let newest = Member { client_secret: text(&rotated, "clientSecret"), ..vendor.clone() };
    assert_eq!(ask(&world, &vendor, "", "").await.status, 401);
    assert_eq!(ask(&world, &new, "", "").await.status, 401);
    assert_eq!(ask(&world, &newest, "", "").await.status, 200);
}

async fn other_scopes_and_deletion_end_a_token_at_once(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let body = json!({"email": "joe@acme.example", "scopes": [format!("VENDOR:{}", vendor.party)]});
    let user = world.operator.post("/users", body).await.expect(201);
    let (client_id, secret) = (text(&user, "clientId"), text(&user, "clientSecret"));
    let joe = Member { client_id, client_secret: secret, ..vendor.clone() };
    let path = format!("/users/{}", text(&user, "ref"));

    let first = token(&world, &joe, "").await;
    assert_eq!(status_of(&world, &first).await, 200);
    let subscriber = world.subscriber("acme", "buyer").await;
    let scopes = json!({"scopes": [format!("SUBSCRIBER:{}", subscriber.party)]});
    world.operator.put(&path, scopes).await.expect(200);
    assert_eq!(status_of(&world, &first).await, 401);

    let second = token(&world, &joe, "").await;
    assert_eq!(second["scope"], format!("[SUBSCRIBER:{}]", subscriber.party));
    assert_eq!(status_of(&world, &second).await, 200);
    world.operator.delete(&path).await.expect(200);
    assert_eq!(status_of(&world, &second).await, 401);
    assert_eq!(ask(&world, &joe, "", "").await.status, 401);
}

/// The same deployment after its signing key was lost.
fn with_another_key(world: &World) -> Caller {
    let World { app, .. } = world;
    let signer = Signer::open(None, &*app.chance).unwrap();
    let (outside, chance) = (Arc::clone(&app.outside), Arc::clone(&app.chance));
    let app = App::new(app.store.clone(), app.settings.clone(), signer, outside, chance);
    Caller::new(router(Arc::new(app)), None)
}

async fn a_lost_signing_key_costs_a_client_a_new_token_and_nothing_more(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let before = token(&world, &vendor, "").await;
    let nobody = with_another_key(&world);
    let bearer = format!("Bearer {}", text(&before, "access_token"));
    assert_eq!(nobody.with("authorization", &bearer).get("/orders").await.status, 200, "it is known by its digest");

    let form = form_of(&vendor.client_id, &vendor.client_secret);
    let after = form_at(&nobody, ADMIN, "/oauth/token", &form).await.expect(200);
    assert_ne!(after["access_token"], before["access_token"]);
    let again = form_at(&nobody, ADMIN, "/oauth/token", &form).await.expect(200);
    assert_eq!(again["access_token"], after["access_token"]);
}

async fn copies_of_a_token_request_at_once_end_with_one_token(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    world.pass_seconds(8 * 86_400);
    let asked = (0..16).map(|_| ask(&world, &vendor, "", ""));
    let answers = futures_util::future::join_all(asked).await;
    let first = answers[0].expect(200);
    for answer in &answers {
        assert_eq!(answer.expect(200)["access_token"], first["access_token"]);
    }
}

async fn a_second_that_has_begun_does_not_count(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let first = token(&world, &vendor, "?renewToken=true").await;
    assert_eq!(first["expires_in"], 604_800);
    world.pass_micros(1);
    assert_eq!(token(&world, &vendor, "").await["expires_in"], 604_799);
    world.pass_micros(1_000_000);
    assert_eq!(token(&world, &vendor, "").await["expires_in"], 604_798);
}

harness::on_each_engine! {
    a_token_answer_has_these_attributes_and_is_kept_by_nobody;
    several_scopes_are_one_string;
    every_base_path_and_the_keycloak_shaped_alias_give_tokens;
    the_valid_token_is_returned_with_its_remaining_life_until_a_new_one_is_asked_for;
    an_expired_token_is_worth_nothing_and_followed_by_a_new_one;
    an_infinite_token_says_so_and_lives;
    a_setting_caps_what_is_asked_for;
    the_client_id_may_be_encoded_or_short_and_http_basic_works;
    errors_are_those_of_rfc_6749_and_of_dx_at_once;
    an_unknown_client_is_answered_as_a_wrong_secret;
    failure_throttling_slows_the_failing_one_and_lets_the_victim_in;
    revoking_is_effective_at_once_and_says_nothing_of_unknown_tokens;
    token_info_needs_the_token_and_nothing_else;
    profiles_are_those_of_the_configuration;
    two_live_secrets_per_client_let_programs_be_moved_over_one_by_one;
    other_scopes_and_deletion_end_a_token_at_once;
    a_lost_signing_key_costs_a_client_a_new_token_and_nothing_more;
    copies_of_a_token_request_at_once_end_with_one_token;
    a_second_that_has_begun_does_not_count;
    a_token_with_little_life_left_is_not_handed_out_again;
}
