//! The 401 of requests without a valid token, and what a setting lets in at the token endpoint.

mod harness;

use axum::body::Body;
use harness::{Answer, Engine, Member, World, text};
use http::Method;
use orderpark_server::Settings;
use serde_json::Value;

const ADMIN: &str = "/admin/v141/api";

async fn form_at(world: &World, path: &str, form: &str) -> Answer {
    let caller = world.nobody().at(ADMIN).with("content-type", "application/x-www-form-urlencoded");
    caller.send(Method::POST, path, Body::from(form.to_owned())).await
}

fn form_of(client: &Member) -> String {
    let (id, secret) = (&client.client_id, &client.client_secret);
    format!("grant_type=client_credentials&client_id={id}&client_secret={secret}")
}

async fn token(world: &World, client: &Member, query: &str) -> Value {
    form_at(world, &format!("/oauth/token{query}"), &form_of(client)).await.expect(200)
}

/// The challenge and the sentence of a 401.
async fn challenge(world: &World, authorization: &str) -> (String, String) {
    let answer = world.nobody().with("authorization", authorization).get("/orders").await;
    let message = text(&answer.refused(401, "unauthorized"), "message");
    assert!(message.contains("/oauth/token"), "how to get one: {message}");
    (answer.header("www-authenticate").to_owned(), message)
}

async fn a_401_says_what_is_wrong_with_the_token(engine: Engine) {
    let world = World::on(engine).await;
    let vendor = world.vendor("acme").await;
    let bearer = |token: &Value| format!("Bearer {}", text(token, "access_token"));
    let first = token(&world, &vendor, "?validityPeriod=1minutes&renewToken=true").await;
    let second = token(&world, &vendor, "?validityPeriod=1minutes&renewToken=true").await;
    let (replaced, _) = challenge(&world, &bearer(&first)).await;
    assert!(replaced.contains("error=\"invalid_token\"") && replaced.contains("replaced"), "{replaced}");
    world.pass_seconds(60);
    for expired in [&first, &second] {
        let (told, message) = challenge(&world, &bearer(expired)).await;
        assert!(told.contains("expired at 2") && message.contains("expired at 2"), "{told} {message}");
        let info = format!("/oauth/tokeninfo?token={}", text(expired, "access_token"));
        let info = world.nobody().at(ADMIN).get(&info).await.refused(400, "invalid_request");
        assert!(text(&info, "message").contains("expired at 2"), "{info}");
    }
    let mut forged = bearer(&second);
    forged.truncate(forged.len() - 6);
    for foreign in [forged.as_str(), "Bearer a.b.c", "Bearer nothing"] {
        let (told, _) = challenge(&world, foreign).await;
        assert!(told.contains("this server did not issue"), "{told}");
    }
    for (other, said) in [("Basic YTpi", "'basic'"), ("ops_secret", "must be 'Bearer'"), ("Bearer", "a token")] {
        let (told, message) = challenge(&world, other).await;
        assert_eq!(told, "Bearer realm=\"orderpark\"", "no token, no error");
        assert!(message.contains(said) && !message.contains("ops_secret"), "{message}");
    }
}

async fn a_setting_lets_in_what_thingsboard_and_hono_send(engine: Engine) {
    let settings = Settings { lenient_token_requests: true, ..Settings::default() };
    let world = World::with(engine, settings).await;
    let vendor = world.vendor("acme").await;
    let form = form_of(&vendor);
    let in_query = format!("/oauth/token?{form}");
    assert_eq!(form_at(&world, &in_query, "").await.status, 200);
    let labelled = world.nobody().at(ADMIN).with("content-type", "application/json");
    assert_eq!(labelled.send(Method::POST, "/oauth/token", Body::from(form.clone())).await.status, 200);
    let strict = World::on(engine).await;
    form_at(&strict, &in_query, "").await.refused(400, "invalid_attribute");
    let json = strict.nobody().at(ADMIN).with("content-type", "application/json");
    json.send(Method::POST, "/oauth/token", Body::from(form)).await.refused(415, "unsupported_media_type");
}

harness::on_each_engine! {
    a_401_says_what_is_wrong_with_the_token;
    a_setting_lets_in_what_thingsboard_and_hono_send;
}
