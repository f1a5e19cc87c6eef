//! What these tests have in common: a deployment in which things happen, and what a broker should have been told of it.

use crate::harness::{Caller, Engine, Shop, World};
use orderpark_server::publish::settings::{Begin, BrokerAddress, Common, Login, MqttSettings, NatsSettings};
use orderpark_server::publish::{self, PublishSettings, Publishers};
use orderpark_store::Store;
use orderpark_store::deliveries::{Publisher, Target};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest that anything here takes, on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A deployment with a shop.
pub async fn shop(engine: Engine) -> (World, Shop) {
    let world = World::on(engine).await;
    let shop = world.shop("net", "acme").await;
    (world, shop)
}

/// Places so many orders, one after the other.
pub async fn place(shop: &Shop, orders: usize) {
    for _ in 0..orders {
        shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
    }
}

/// Everything that `/events` shows from the beginning.
pub async fn events(operator: &Caller) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    let mut path = "/events?limit=200".to_owned();
    loop {
        let page = operator.get(&path).await;
        let Value::Array(more) = page.expect(200) else { panic!("no list") };
        let link = page.header("link").split('>').next().unwrap_or_default();
        let next = link[link.find("/events").expect("a link")..].to_owned();
        events.extend(more);
        if next == path {
            return events;
        }
        path = next;
    }
}

/// What webhooks call an event.
pub fn id(event: &Value) -> String {
    format!("evt_{}", event["id"].as_str().expect("an id").replace(['.', '-'], "_"))
}

pub fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(id).collect()
}

fn common() -> Common {
    Common { login: Login::Nothing, ca_file: None, certificate: None, in_flight: 64, begin: Begin::Beginning }
}

pub fn nats(port: u16) -> NatsSettings {
    let servers = vec![BrokerAddress::nats(&format!("nats://127.0.0.1:{port}")).expect("an address")];
    NatsSettings { servers, prefix: "orderpark".to_owned(), stream: None, common: common() }
}

pub fn mqtt(port: u16) -> MqttSettings {
    let server = BrokerAddress::mqtt(&format!("mqtt://127.0.0.1:{port}")).expect("an address");
    MqttSettings { server, prefix: "orderpark".to_owned(), client_id: "orderpark".to_owned(), common: common() }
}

/// Starts publishing to NATS.
pub fn to_nats(store: &Store, world: &World, settings: NatsSettings) -> Publishers {
    let settings = PublishSettings { nats: Some(settings), mqtt: None };
    publish::start(store, &world.app.chance, &settings).expect("what is built in")
}

/// Starts publishing to MQTT.
pub fn to_mqtt(store: &Store, world: &World, settings: MqttSettings) -> Publishers {
    let settings = PublishSettings { nats: None, mqtt: Some(settings) };
    publish::start(store, &world.app.chance, &settings).expect("what is built in")
}

/// Waits until the publisher's cursor stands at the end of the feed.
pub async fn settled(store: &Store, publisher: Publisher) {
    let wait = async {
        let end = store.events_end().await.expect("an end");
        loop {
            let status = store.get_delivery_status(Target::Publisher(publisher)).await.expect("a status");
            if status.is_some_and(|status| status.cursor.place >= end.place) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("everything is published");
}

/// Waits until nothing is published for a reason that is written down.
pub async fn failing(store: &Store, publisher: Publisher) {
    let wait = async {
        loop {
            let status = store.get_delivery_status(Target::Publisher(publisher)).await.expect("a status");
            if status.is_some_and(|status| status.failing_since.is_some()) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("a failure that is written down");
}
