//! `GET /events/stream`: what comes, where it goes on, and what ends it.

use super::harness::{self, Engine, World, on_each_engine, text};
use super::listener::{Block, Listener, STREAM};
use super::{heard, kinds, order};
use axum::body::Body;
use http::Method;
use orderpark_server::Settings;
use serde_json::json;

async fn a_stream_is_the_feed_and_goes_on(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    order(&shop.subscriber, &shop).await;
    let mut stream = Listener::open(&world.router, shop.vendor.token.as_ref(), STREAM, &[]).await;
    assert_eq!((stream.status, stream.headers["content-type"].as_bytes()), (200, b"text/event-stream".as_slice()));
    assert_eq!(stream.headers["cache-control"], "no-store");
    assert!(!stream.headers.contains_key("content-encoding"));
    let whole = heard(&shop.vendor, 200).await;
    assert_eq!(stream.events(whole.len()).await, whole);
    for _ in 0..5 {
        let placed = order(&shop.subscriber, &shop).await;
        let told = stream.events(3).await;
        assert_eq!(kinds(&told), ["order.activated", "subscription.activated", "subscription.activated"]);
        assert_eq!(told[0]["data"], placed);
    }
}

async fn who_comes_back_goes_on_where_it_was(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let token = shop.vendor.token.as_ref();
    for _ in 0..5 {
        order(&shop.subscriber, &shop).await;
    }
    let whole = heard(&shop.vendor, 200).await;
    for (index, event) in whole.iter().enumerate() {
        let id = text(event, "id");
        let mut by_header = Listener::open(&world.router, token, STREAM, &[("last-event-id", &id)]).await;
        let target = format!("{STREAM}?after={id}");
        let mut by_query = Listener::open(&world.router, token, &target, &[]).await;
        let rest = &whole[index + 1..];
        assert_eq!(by_header.events(rest.len()).await, rest, "after {id}");
        assert_eq!(by_query.events(rest.len()).await, rest, "after {id}");
    }
    // What was heard counts more than where one once began.
    let (first, latest) = (text(&whole[0], "id"), format!("{STREAM}?after=latest"));
    let mut back = Listener::open(&world.router, token, &latest, &[("last-event-id", &first)]).await;
    assert_eq!(back.events(2).await, whole[1..3]);
    let mut new = Listener::open(&world.router, token, &latest, &[("last-event-id", "")]).await;
    assert_eq!(new.block().await.and_then(|greeting| greeting.retry), Some(1000));
    let placed = order(&shop.subscriber, &shop).await;
    assert_eq!(new.event().await.expect("an event")["data"], placed);
    for wrong in ["x", "1.x", "latest", "-1"] {
        let refused = Listener::open(&world.router, token, STREAM, &[("last-event-id", wrong)]).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
    let json = shop.vendor.with("accept", "application/json").get("/events/stream").await;
    json.refused(406, "not_acceptable");
}

/// Whatever comes without `data` ends no block and has no `id`: some libraries would hand it out as
/// an event.
async fn a_silent_stream_gives_signs_of_life_that_are_no_events(engine: Engine) {
    let world = World::with(engine, Settings { heartbeat_ms: 20, ..Settings::default() }).await;
    let shop = world.shop("net", "acme").await;
    let rival = world.shop("far", "rival").await;
    let token = rival.subscriber.token.as_ref();
    let mut stream = Listener::open(&world.router, token, &format!("{STREAM}?after=latest"), &[]).await;
    order(&shop.subscriber, &shop).await;
    assert_eq!(stream.block().await, Some(Block { retry: Some(1000), ..Block::default() }));
    for _ in 0..3 {
        assert_eq!(stream.block().await, Some(Block { comments: 1, ..Block::default() }));
    }
    let placed = order(&rival.subscriber, &rival).await;
    assert_eq!(stream.event().await.expect("an event")["data"], placed);
}

async fn a_token_that_ends_ends_its_stream(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let latest = format!("{STREAM}?after=latest");
    let token = shop.vendor.token.as_ref().expect("a token");
    let mut stream = Listener::open(&world.router, Some(token), &latest, &[]).await;
    order(&shop.subscriber, &shop).await;
    assert_eq!(stream.events(3).await.len(), 3);
    let revoke = format!("/oauth/revoke_token?access_token={token}");
    world.nobody().at("/admin/latest/api").send(Method::POST, &revoke, Body::empty()).await.expect(200);
    order(&shop.subscriber, &shop).await;
    assert!(stream.ends_silently().await, "nothing is told to a dead token");
    assert_eq!(Listener::open(&world.router, Some(token), &latest, &[]).await.status, 401);

    let mut expiring = Listener::open(&world.router, shop.subscriber.token.as_ref(), &latest, &[]).await;
    assert!(expiring.block().await.is_some());
    world.pass_seconds(8 * 86_400);
    assert!(expiring.ends_silently().await, "an expired token is noticed while nothing happens");
}

async fn a_user_that_loses_its_scopes_hears_no_more(engine: Engine) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    let vendor = format!("VENDOR:{}", shop.vendor.party);
    let supplier = format!("SUPPLIER:{}", shop.supplier.party);
    let user = world.user("both@acme.example", &[&vendor, &supplier]).await;
    let listed = world.operator.get("/users?email=both@acme.example").await.expect(200);
    let latest = format!("{STREAM}?after=latest");
    let mut stream = Listener::open(&world.router, user.token.as_ref(), &latest, &[]).await;
    assert!(stream.block().await.is_some());
    let path = format!("/users/{}", text(&listed[0], "ref"));
    world.operator.put(&path, json!({"scopes": [supplier]})).await.expect(200);
    order(&shop.subscriber, &shop).await;
    while let Some(event) = stream.event().await {
        assert!(text(&event, "type").starts_with("subscription."), "{event}");
        if stream.last_id.ends_with(".2") {
            break;
        }
    }
}

on_each_engine! {
    a_stream_is_the_feed_and_goes_on;
    who_comes_back_goes_on_where_it_was;
    a_silent_stream_gives_signs_of_life_that_are_no_events;
    a_token_that_ends_ends_its_stream;
    a_user_that_loses_its_scopes_hears_no_more;
}
