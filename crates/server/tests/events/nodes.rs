//! P-06: two nodes on one PostgreSQL, writers at both, and one who listens at each.

use super::harness::{Caller, Engine, Shop, World, text};
use super::listener::{Listener, STREAM};
use super::next_of;
use axum::body::Body;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const WRITERS: usize = 6;
const ORDERS: usize = 50;
/// How many commits the delay is measured on.
const MEASURED: usize = 100;

/// Places orders at both nodes in turn, and cancels some; answers what was acknowledged: placed, and whether it was cancelled.
async fn write(nodes: &[Caller; 2], shop: &Shop, writer: usize) -> Vec<(String, bool)> {
    let body = json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id});
    let mut acknowledged = Vec::new();
    for number in 0..ORDERS {
        let (here, there) = (&nodes[(writer + number) % 2], &nodes[(writer + number + 1) % 2]);
        let order = text(&here.post("/orders", body.clone()).await.expect(201), "ref");
        let cancels = number.is_multiple_of(3);
        if cancels {
            there.delete(&format!("/orders/{order}")).await.expect(200);
        }
        acknowledged.push((order, cancels));
    }
    acknowledged
}

/// Follows the links of one node until this place is passed.
async fn poll(node: Caller, end: tokio::sync::watch::Receiver<Option<u64>>) -> Vec<Value> {
    let (mut events, mut target) = (Vec::new(), "/core/latest/api/events?limit=17".to_owned());
    loop {
        let end = *end.borrow();
        let answer = node.at("").get(&target).await;
        let page = answer.expect(200);
        let rows = page.as_array().expect("an array").clone();
        let next = next_of(&answer);
        if rows.is_empty() && end.is_some() && next == target {
            return events;
        }
        if rows.is_empty() {
            tokio::task::yield_now().await;
        }
        events.extend(rows);
        target = next;
    }
}

/// Listens at one node until the last event has come, and comes back every now and then.
async fn listen(router: axum::Router, token: String, end: tokio::sync::watch::Receiver<Option<u64>>) -> Vec<Value> {
    let (mut events, mut last_id) = (Vec::new(), String::new());
    loop {
        let mut stream = Listener::open(&router, Some(&token), STREAM, &[("last-event-id", &last_id)]).await;
        assert_eq!(stream.status, 200);
        for _ in 0..100 {
            let mut end = end.clone();
            let heard = stream.last_id.clone();
            let event = tokio::select! {
                event = stream.event() => event.expect("it goes on"),
                // Placed or cancelled, the last entry tells of an order and its two subscriptions.
                _ = end.wait_for(|end| end.is_some_and(|end| heard.starts_with(&format!("{end}.2-")))) => return events,
            };
            events.push(event);
        }
        last_id = stream.last_id;
    }
}

fn ids(events: &[Value]) -> Vec<(u64, u64)> {
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let place = |event| {
        let id = text(event, "id");
        let (seq, place) = id.split('-').next().and_then(|place| place.split_once('.')).expect("entry and number");
        (number(seq), number(place))
    };
    events.iter().map(place).collect()
}

/// What the journal's text says has to be told of orders and their subscriptions.
fn expected(world: &World) -> usize {
    let entries = world.journal().since(0);
    let of = |name: &str| entries.iter().filter(|entry| entry["event"].get(name).is_some()).count();
    (of("orderPlaced") + of("orderCancelled")) * 3
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_tell_the_same_feed_without_a_gap() {
    let world = World::on(Engine::Postgres).await;
    let shop = world.shop("net", "acme").await;
    let other = world.node();
    let nodes = [world.router.clone(), other.clone()].map(|router| Caller::new(router, shop.vendor.token.clone()));
    let (ended, end) = tokio::sync::watch::channel(None);
    let by_pages = tokio::spawn(poll(nodes[0].clone(), end.clone()));
    let token = shop.vendor.token.clone().expect("a token");
    let by_stream = tokio::spawn(listen(other, token, end));
    let written = join_all((0..WRITERS).map(|writer| write(&nodes, &shop, writer))).await;
    let last = world.journal().length();
    ended.send_replace(u64::try_from(last).ok());
    let (polled, listened) = (by_pages.await.expect("no panic"), by_stream.await.expect("no panic"));

    let places = ids(&polled);
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "in order, and each once");
    assert_eq!(ids(&listened), places);
    assert_eq!(listened, polled);
    let of_orders =
        |event: &&Value| text(event, "type").starts_with("order.") || text(event, "type").starts_with("subscription.");
    assert_eq!(polled.iter().filter(of_orders).count(), expected(&world));
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in polled.iter().filter(|event| text(event, "type").starts_with("order.")) {
        told.entry(text(&event["data"], "ref")).or_default().push(text(event, "type"));
    }
    let acknowledged: Vec<_> = written.into_iter().flatten().collect();
    assert_eq!((told.len(), acknowledged.len()), (WRITERS * ORDERS, WRITERS * ORDERS));
    for (order, cancelled) in acknowledged {
        let all = ["order.activated", "order.cancelled"];
        assert_eq!(told[&order], all[..=usize::from(cancelled)], "{order}");
    }
    world.journal().verify();
}

/// How long an event takes from the commit's answer at one node to the stream of the other.
#[tokio::test]
#[allow(clippy::print_stdout, reason = "the figures are for whoever asks for them")]
async fn an_event_crosses_from_node_to_node_without_waiting_for_the_next_look() {
    let world = World::on(Engine::Postgres).await;
    let shop = world.shop("net", "acme").await;
    let token = shop.vendor.token.as_ref();
    let mut stream = Listener::open(&world.node(), token, &format!("{STREAM}?after=latest"), &[]).await;
    assert!(stream.block().await.is_some());
    // A node that believes itself alone tells nobody; it looks around twice a second.
    let mut quick = 0;
    for _ in 0..100 {
        super::order(&shop.vendor, &shop).await;
        let began = Instant::now();
        stream.events(3).await;
        quick = if began.elapsed() < Duration::from_millis(100) { quick + 1 } else { 0 };
        if quick == 5 {
            break;
        }
    }
    let (mut delays, mut placings) = (Vec::new(), Vec::new());
    for _ in 0..MEASURED {
        let began = Instant::now();
        let placed = super::order(&shop.vendor, &shop).await;
        let answered = Instant::now();
        assert_eq!(stream.event().await.expect("an event")["data"], placed);
        delays.push(answered.elapsed());
        placings.push(answered - began);
        stream.events(2).await;
    }
    delays.sort_unstable();
    placings.sort_unstable();
    let (median, worst) = (delays[MEASURED / 2], delays[MEASURED - 1]);
    println!("from the answer at one node to the stream of the other: median {median:?}, worst {worst:?}");
    println!("placing itself: median {:?}", placings[MEASURED / 2]);
    assert!(
        median < Duration::from_millis(150),
        "nobody waits for the next look, which is half a second away: {median:?}"
    );
}

#[tokio::test]
async fn a_token_that_one_node_revokes_ends_its_stream_at_the_other() {
    let world = World::on(Engine::Postgres).await;
    let shop = world.shop("net", "acme").await;
    let token = shop.vendor.token.as_ref().expect("a token");
    let mut stream = Listener::open(&world.node(), Some(token), &format!("{STREAM}?after=latest"), &[]).await;
    super::order(&shop.subscriber, &shop).await;
    assert_eq!(stream.events(3).await.len(), 3);
    let revoke = format!("/oauth/revoke_token?access_token={token}");
    world.nobody().at("/admin/latest/api").send(Method::POST, &revoke, Body::empty()).await.expect(200);
    assert!(stream.ends_silently().await);
}
