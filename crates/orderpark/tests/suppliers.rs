//! Suppliers that are asked by the program itself: while it is told to stop, and when it is killed.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use axum::Router;
use axum::http::StatusCode;
use harness::Deployment;
use harness::world::{BASE, ORDERS, World, text};
use reqwest::{Client, Response};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

/// The network that the supplier of these tests stands in.
const OPENED: [&str; 2] = ["--allow-network", "127.0.0.0/8"];
/// Longer than an order waits to be refused that nobody settles.
const PATIENCE: Duration = Duration::from_secs(45);

/// A supplier that answers when it is let, and keeps what it heard.
struct Supplier {
    address: String,
    heard: watch::Receiver<Vec<String>>,
    free: watch::Sender<bool>,
}

impl Supplier {
    async fn start() -> Supplier {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (hear, heard) = watch::channel(Vec::new());
        let free = watch::Sender::new(false);
        let (hear, freed) = (Arc::new(hear), free.subscribe());
        let answer = move |body: String| {
            let (hear, mut freed) = (Arc::clone(&hear), freed.clone());
            async move {
                hear.send_modify(|heard| heard.push(body));
                freed.wait_for(|free| *free).await.unwrap();
                StatusCode::OK
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Supplier { address, heard, free }
    }

    /// Waits until it has heard this operation, so many times.
    async fn hears(&self, operation: &str, times: usize) {
        let element = format!("<operation>{operation}</operation>");
        let count = |heard: &Vec<String>| heard.iter().filter(|body| body.contains(&element)).count();
        let mut heard = self.heard.clone();
        let waits = heard.wait_for(|heard| count(heard) >= times);
        timeout(PATIENCE, waits).await.unwrap_or_else(|_| panic!("no {operation}")).unwrap();
    }
}

/// Makes an offer whose supplier wants to be asked.
async fn offer(deployment: &Deployment, world: &World, supplier: &Supplier) {
    let told = json!({"subscribedUrl": format!("{}/subscribed", supplier.address), "mode": "TRY_COMMIT"});
    let product = json!({"id": "net/alarms", "name": "Alarms", "notification": told});
    post(deployment, world, &format!("{BASE}/applications"), product, None).await.error_for_status().unwrap();
    let offer = json!({"id": "acme/alarms", "name": "Alarms", "items": [{"productId": "net/alarms"}]});
    post(deployment, world, &format!("{BASE}/offers"), offer, None).await.error_for_status().unwrap();
}

async fn post(deployment: &Deployment, world: &World, path: &str, body: Value, key: Option<&str>) -> Response {
    let address = format!("http://{}{path}", deployment.address());
    let mut request = Client::new().post(address).bearer_auth(&world.operator).json(&body);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.send().await.unwrap()
}

async fn order(deployment: &Deployment, world: &World) -> Response {
    let body = json!({"offerId": "acme/alarms", "subscriberId": world.subscribers[0]});
    post(deployment, world, ORDERS, body, Some("K")).await
}

/// Who waits for a supplier is waited for; what is to be told then is told by the next start at the latest.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_stops_waits_for_the_suppliers_that_it_asks() {
    let supplier = Supplier::start().await;
    let mut deployment = Deployment::start(&OPENED);
    let world = World::make(&deployment, 1);
    offer(&deployment, &world, &supplier).await;
    let (answer, ()) = tokio::join!(order(&deployment, &world), async {
        supplier.hears("TRY", 1).await;
        deployment.running().signal(Signal::TERM);
        supplier.free.send_replace(true);
    });
    let status = answer.status();
    let order: Value = answer.json().await.unwrap();
    assert_eq!((status.as_u16(), text(&order, "state")), (200, "ACTIVE".to_owned()), "{order}");
    assert_eq!(deployment.stop().0, Some(0));
    deployment.serve(&OPENED);
    supplier.hears("COMMIT", 1).await;
    assert_eq!(deployment.stop().0, Some(0));
    deployment.verify();
}

/// Nobody knows what a supplier did that was being asked when the program was killed: the order is refused, and it is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_killed_refuses_what_it_was_asking_about() {
    let supplier = Supplier::start().await;
    let mut deployment = Deployment::start(&OPENED);
    let world = World::make(&deployment, 1);
    offer(&deployment, &world, &supplier).await;
    tokio::select! {
        answer = order(&deployment, &world) => panic!("{answer:?}"),
        () = supplier.hears("TRY", 1) => {}
    }
    deployment.kill();
    supplier.free.send_replace(true);
    deployment.serve(&OPENED);
    let waits = order(&deployment, &world).await;
    assert_eq!(text(&waits.json().await.unwrap(), "reason"), "order_pending", "somebody may still be asking");
    supplier.hears("CANCEL", 1).await;
    let refused = order(&deployment, &world).await;
    assert_eq!(text(&refused.json().await.unwrap(), "reason"), "supplier_unreachable");
    assert_eq!(deployment.stop().0, Some(0));
    deployment.verify();
}
