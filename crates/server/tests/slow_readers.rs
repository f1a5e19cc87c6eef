//! Lists of large rows: bounded in memory whatever the rows are, whole, and counted while nobody
//! reads them.

mod harness;

use axum::body::Body;
use axum::response::Response;
use harness::{Caller, Engine, World, text};
use http::Request;
use http_body_util::BodyExt as _;
use orderpark_server::router::operations;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const PAGE_BYTES: usize = 1024 * 1024;
const SLICE_BYTES: usize = 256 * 1024;
const ROWS: usize = 120;

/// Operations whose rows are tried with their largest size below; the rows of all others are small,
/// or go the same way through `dx::list`.
const LARGE: [&str; 3] = ["/processingStrategies", "/orders", "/events"];

async fn strategies(world: &World) {
    for n in 0..ROWS {
        let body = json!({"id": format!("s{n}"), "name": "S", "settings": {"k": "x".repeat(16_000)}});
        world.operator.post("/processingStrategies", body).await.expect(201);
    }
}

/// Orders of 50 items each, whose text is more than a page.
async fn orders(world: &World) -> Caller {
    let shop = world.shop("net", "acme").await;
    let mut items = Vec::new();
    for n in 0..50 {
        let id = format!("net/{}{n}", "p".repeat(120));
        world.operator.post("/connectivityPlans", json!({"id": id, "name": "P"})).await.expect(201);
        items.push(json!({"productId": id, "grantedConnections": 1}));
    }
    shop.vendor.post("/offers", json!({"id": "acme/wide", "name": "W", "items": items})).await.expect(201);
    for _ in 0..ROWS {
        shop.subscriber.post("/orders", json!({"offerId": "acme/wide"})).await.expect(201);
    }
    shop.subscriber.caller.clone()
}

/// The pieces of an answer as they come.
async fn pieces(world: &World, caller: &Caller, path: &str) -> Vec<usize> {
    let (_, mut body) = ask(world, caller, path).await.into_parts();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        pieces.push(frame.expect("a whole list").into_data().expect("text").len());
    }
    pieces
}

async fn ask(world: &World, caller: &Caller, path: &str) -> Response {
    let token = format!("Bearer {}", caller.token.as_deref().unwrap_or_default());
    let request = Request::get(format!("/core/latest/api{path}")).header("authorization", token);
    let Ok(response) = world.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
    response
}

fn refs(rows: &Value, name: &str) -> Vec<String> {
    rows.as_array().expect("a list").iter().map(|row| text(row, name)).collect()
}

/// Follows `Link`s to the end; each page is of bounded size.
async fn pages(caller: &Caller, path: &str, name: &str) -> (Vec<String>, usize) {
    let (mut all, mut next, mut count) = (Vec::new(), format!("/core/latest/api{path}"), 0);
    loop {
        let page = caller.at("").get(&next).await;
        assert!(page.body.len() <= PAGE_BYTES + 1, "{next}: {} bytes", page.body.len());
        let link = page.headers.get("link").map(|link| link.to_str().expect("text").to_owned());
        let rows = refs(&page.expect(200), name);
        count += 1;
        // Of the feed there is always a next page.
        let is_end = rows.is_empty();
        all.extend(rows);
        match link {
            Some(link) if !is_end => link[1..].split_once('>').expect("a link").0.clone_into(&mut next),
            _ => return (all, count),
        }
    }
}

async fn every_list_is_bounded_in_memory_and_whole(engine: Engine) {
    let world = World::on(engine).await;
    strategies(&world).await;
    let subscriber = orders(&world).await;
    assert!(LARGE.iter().all(|large| operations().iter().any(|operation| operation.path == *large)));
    for (caller, path, rows) in [(&world.operator, "/processingStrategies", ROWS), (&subscriber, "/orders", ROWS)] {
        let whole = refs(&caller.get(path).await.expect(200), "ref");
        let first = refs(&caller.get(&format!("{path}?pageIndex=1")).await.expect(200), "ref");
        let second = refs(&caller.get(&format!("{path}?pageIndex=2")).await.expect(200), "ref");
        assert!(whole.len() >= rows && whole[..100] == first && whole[100..] == second, "{path}: {}", whole.len());
        for path in [path.to_owned(), format!("{path}?pageIndex=1")] {
            let pieces = pieces(&world, caller, &path).await;
            assert!(pieces.len() > 2 && pieces.iter().all(|piece| *piece <= SLICE_BYTES + 1), "{path}: {pieces:?}");
        }
    }
    let whole = refs(&subscriber.get("/orders").await.expect(200), "ref");
    let (paged, count) = pages(&subscriber, "/orders?limit=200", "ref").await;
    assert!(paged == whole && count > 1, "{count} pages, {} of {} orders", paged.len(), whole.len());
    let (events, count) = pages(&subscriber, "/events?limit=200", "id").await;
    assert!(events.len() >= ROWS && count > 2, "{count} pages of {} events", events.len());
}

#[tokio::test]
async fn who_reads_nothing_is_refused_and_nobody_else() {
    let world = World::new().await;
    strategies(&world).await;
    let other = world.vendor("acme").await;
    let mut unread = Vec::new();
    let refused = loop {
        let response = ask(&world, &world.operator, "/processingStrategies").await;
        if response.status() != 200 {
            break response;
        }
        unread.push(response);
        assert!(unread.len() <= 64 + 1, "an eighth of 128 MiB, in slices of 256 KiB");
    };
    assert_eq!(refused.status(), 429);
    assert!(unread.len() >= 60, "{}", unread.len());
    world.operator.get("/vendors").await.refused(429, "too_many_requests");
    let made = world.operator.post("/vendors", json!({"id": "new", "name": "New"})).await;
    assert_eq!((made.status, made.header("retry-after")), (429, "5"));
    other.get("/processingStrategies").await.expect(200);
    drop(unread);
    world.operator.get("/processingStrategies").await.expect(200);
}

harness::on_each_engine! {
    every_list_is_bounded_in_memory_and_whole;
}
