//! P-01: copies of a request that reach two nodes of one deployment make one order.
//!
//! Two applications work on one PostgreSQL, each with a store of its own, and share nothing else but their signing key. Every
//! request is sent twenty times at once, to both, and in the midst of it its client renews its token; whoever is too late with the
//! old one asks again with the new one.

mod harness;

use axum::body::Body;
use futures_util::future::join_all;
use harness::{Answer, Caller, Engine, Member, World, text};
use http::Method;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

const KEYS: usize = 100;
const COPIES: usize = 20;
/// Longer than anything may take; only so that a test that hangs ends.
const ANSWERED_MAX: Duration = Duration::from_secs(30);

const FORM: &str = "application/x-www-form-urlencoded";

/// A client that sends to any of the nodes.
struct Client {
    nodes: Vec<Caller>,
    member: Member,
    token: Mutex<String>,
}

impl Client {
    fn token(&self) -> String {
        self.token.lock().expect("no panic").clone()
    }

    fn at(&self, node: usize) -> Caller {
        self.nodes[node].holding(&self.token())
    }

    /// Asks this node for a new token, which ends the old one on all of them.
    async fn renew(&self, node: usize) {
        let client_id = self.member.client_id.replace('/', "%2F");
        let form = format!(
            "grant_type=client_credentials&client_id={client_id}&client_secret={}&renewToken=true",
            self.member.client_secret
        );
        let nobody = self.nodes[node].at("/admin/latest/api").with("content-type", FORM);
        let answer = nobody.send(Method::POST, "/oauth/token", Body::from(form)).await.expect(200);
        *self.token.lock().expect("no panic") = text(&answer, "access_token");
    }

    /// Places the order, with the next token if the one that it has is refused.
    async fn place(&self, node: usize, key: &str, body: &serde_json::Value) -> Answer {
        loop {
            let caller = self.at(node).key(key);
            let answer = caller.post("/orders", body.clone()).await;
            if answer.status != 401 {
                return answer;
            }
            while Some(self.token()) == caller.token {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn copies_over_two_nodes_make_one_order_each() {
    let world = World::on(Engine::Postgres).await;
    let shop = world.shop("net", "acme").await;
    let nodes = [world.router.clone(), world.node()].map(|router| Caller::new(router, None)).to_vec();
    let token = Mutex::new(shop.vendor.token.clone().expect("a token"));
    let client = Client { nodes, member: shop.vendor.clone(), token };
    let mut refs = BTreeSet::new();
    for number in 0..KEYS {
        let key = format!("key {number}");
        let body = json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id, "quantity": number + 1});
        let copies = (0..COPIES).map(|copy| client.place(copy % 2, &key, &body));
        let old = client.token();
        let sent = async { tokio::join!(join_all(copies), client.renew(number % 2)).0 };
        let answers = tokio::time::timeout(ANSWERED_MAX, sent).await.expect("answers");
        let first: BTreeSet<String> = answers.iter().map(|answer| text(&answer.expect(201), "ref")).collect();
        assert_eq!(first.len(), 1, "{key}: {first:?}");
        let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == "true").count();
        assert_eq!(replayed, COPIES - 1, "{key}");
        // The node that did not end it may remember it for a second.
        for (node, seconds) in [(number % 2, 0), (1 - number % 2, 1)] {
            world.pass_seconds(seconds);
            let caller = client.nodes[node].holding(&old);
            caller.get("/orders?limit=1").await.refused(401, "unauthorized");
        }
        refs.extend(first);
    }
    assert_eq!(refs.len(), KEYS);
    for node in [0, 1] {
        let listed = client.at(node).get("/orders").await.expect(200);
        assert_eq!(listed.as_array().map(Vec::len), Some(KEYS));
    }
    world.journal().verify();
}

/// What one node was answered, the other shows: there is nothing in between that could be old.
#[tokio::test]
async fn what_one_node_has_answered_the_other_one_shows() {
    let world = World::on(Engine::Postgres).await;
    let shop = world.shop("net", "acme").await;
    let nodes = [world.router.clone(), world.node()].map(|router| Caller::new(router, shop.vendor.token.clone()));
    let body = json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id});
    for number in 0..100 {
        let (here, there) = (&nodes[number % 2], &nodes[(number + 1) % 2]);
        let order = here.post("/orders", body.clone()).await.expect(201);
        let path = format!("/orders/{}", text(&order, "ref"));
        assert_eq!(there.get(&path).await.expect(200), order);
        let newest = there.get("/orders?limit=1").await.expect(200);
        assert_eq!(newest[0], order);
        let cancelled = there.delete(&path).await.expect(200);
        assert_eq!(here.get(&path).await.expect(200), cancelled);
    }
    world.journal().verify();
}

/// Decisions are made on what another node has written, not on what this one remembers.
#[tokio::test]
async fn a_node_decides_on_what_the_other_one_has_changed() {
    let world = World::on(Engine::Postgres).await;
    let shop = world.shop("net", "acme").await;
    let nodes = [world.router.clone(), world.node()].map(|router| Caller::new(router, shop.vendor.token.clone()));
    let body = json!({"offerId": shop.offer_id, "subscriberId": shop.subscriber.id});
    let offer = format!("/offers/{}", shop.offer_ref);
    for number in 0..20 {
        let (here, there) = (&nodes[number % 2], &nodes[(number + 1) % 2]);
        there.post("/orders", body.clone()).await.expect(201);
        here.put(&offer, json!({"state": "SUSPENDED"})).await.expect(200);
        there.post("/orders", body.clone()).await.refused(409, "offer_not_orderable");
        there.put(&offer, json!({"state": "ACTIVE"})).await.expect(200);
        here.post("/orders", body.clone()).await.expect(201);
    }
    world.journal().verify();
}
