//! MQTT: each event at least once, first in order, whatever comes between.

use crate::ground::{PATIENCE, events, failing, id, ids, mqtt, place, settled, shop, to_mqtt};
use crate::harness::Engine;
use crate::relay::Relay;
use orderpark_store::deliveries::Publisher;
use orderpark_testbed::{BrokerKind, BrokerServer};
use rumqttc::{AsyncClient, Broker, Event, IncomingPacketSizeLimit, MqttOptions, Packet, Publish, QoS, SessionMode};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Someone who listens with a session that the broker keeps.
pub struct Listener {
    heard: mpsc::UnboundedReceiver<Publish>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Listens to everything below `orderpark`.
    pub async fn on(port: u16) -> Listener {
        let mut options = MqttOptions::new("listener", Broker::tcp("127.0.0.1", port));
        options.set_session_mode(SessionMode::Persistent);
        options.set_incoming_packet_size_limit(IncomingPacketSizeLimit::Unlimited);
        let (client, mut events) = AsyncClient::builder(options).capacity(16).build();
        let (tell, heard) = mpsc::unbounded_channel();
        client.subscribe("orderpark/#", QoS::AtLeastOnce).await.expect("asked");
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let (_client, mut ready) = (client, Some(ready));
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::Publish(publish))) => drop(tell.send(publish)),
                    Ok(Event::Incoming(Packet::SubAck(_))) => drop(ready.take().map(|ready| ready.send(()))),
                    Ok(_) => {}
                    // The broker is away; the library tries again when it is asked again.
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        timeout(PATIENCE, is_ready).await.expect("in time").expect("a subscription");
        Listener { heard, task }
    }

    /// The next message.
    pub async fn next(&mut self) -> Publish {
        timeout(PATIENCE, self.heard.recv()).await.expect("a message in time").expect("a message")
    }

    /// Ids as they came, until each of these came.
    pub async fn until(&mut self, all: &[String]) -> Vec<String> {
        let mut missing: std::collections::HashSet<&String> = all.iter().collect();
        let mut heard = Vec::new();
        while !missing.is_empty() {
            let id = told_id(&self.next().await);
            missing.remove(&id);
            heard.push(id);
        }
        heard
    }
}

pub fn told_id(publish: &Publish) -> String {
    let properties = publish.properties.clone().expect("properties");
    let id = properties.user_properties.into_iter().find(|(name, _)| name == "webhook-id");
    id.expect("an id").1
}

/// Each in the place where it came first.
pub fn firsts(heard: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    heard.into_iter().filter(|id| seen.insert(id.clone())).collect()
}

#[tokio::test]
async fn each_event_is_published_as_the_feed_shows_it() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let server = BrokerServer::start(BrokerKind::Mosquitto);
    let mut listener = Listener::on(server.port()).await;
    place(&shop, 30).await;
    let publishers = to_mqtt(&world.app.store, &world, mqtt(server.port()));
    place(&shop, 30).await;
    settled(&world.app.store, Publisher::Mqtt).await;
    publishers.stop().await;
    let events = events(&world.operator).await;
    assert!(events.len() > 180, "{} events", events.len());
    for event in &events {
        let heard = listener.next().await;
        assert_eq!(String::from_utf8_lossy(&heard.payload), event.to_string());
        assert_eq!(told_id(&heard), id(event));
        let kind = event["type"].as_str().expect("a type").replace('.', "/");
        assert_eq!(heard.topic, format!("orderpark/{kind}").as_bytes());
        assert_eq!((heard.qos, heard.retain), (QoS::AtLeastOnce, false));
        assert_eq!(heard.properties.expect("properties").content_type.as_deref(), Some("application/json"));
    }
}

#[tokio::test]
async fn cuts_of_the_connection_lose_and_reorder_nothing() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let server = BrokerServer::start(BrokerKind::Mosquitto);
    let mut listener = Listener::on(server.port()).await;
    let relay = Relay::to(server.port()).await;
    let publishers = to_mqtt(&world.app.store, &world, mqtt(relay.port()));
    for _ in 0..6 {
        place(&shop, 25).await;
        relay.cut();
        place(&shop, 5).await;
        relay.cut();
    }
    settled(&world.app.store, Publisher::Mqtt).await;
    publishers.stop().await;
    let all = ids(&events(&world.operator).await);
    assert_eq!(firsts(listener.until(&all).await), all);
}

#[tokio::test]
async fn connections_that_end_in_the_middle_of_a_page_lose_and_reorder_nothing() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let server = BrokerServer::start(BrokerKind::Mosquitto);
    let mut listener = Listener::on(server.port()).await;
    place(&shop, 150).await;
    let relay = Relay::that_ends_after(server.port(), 60_000).await;
    let publishers = to_mqtt(&world.app.store, &world, mqtt(relay.port()));
    settled(&world.app.store, Publisher::Mqtt).await;
    publishers.stop().await;
    let all = ids(&events(&world.operator).await);
    let heard = listener.until(&all).await;
    assert!(heard.len() > all.len(), "nothing was under way when a connection ended");
    assert_eq!(firsts(heard), all);
}

#[tokio::test]
async fn a_broker_that_is_away_is_waited_for_and_holds_up_nobody() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let mut server = BrokerServer::start(BrokerKind::Mosquitto);
    let mut listener = Listener::on(server.port()).await;
    let publishers = to_mqtt(&world.app.store, &world, mqtt(server.port()));
    place(&shop, 5).await;
    settled(&world.app.store, Publisher::Mqtt).await;
    server.stop();
    place(&shop, 20).await;
    failing(&world.app.store, Publisher::Mqtt).await;
    place(&shop, 20).await;
    server.start_again();
    settled(&world.app.store, Publisher::Mqtt).await;
    publishers.stop().await;
    let all = ids(&events(&world.operator).await);
    assert_eq!(firsts(listener.until(&all).await), all);
}

/// The broker's rules let orders through and nothing else.
#[tokio::test]
async fn what_the_broker_refuses_is_not_passed_over() {
    let (world, shop) = shop(Engine::Sqlite).await;
    let rules = |topics: &str| format!("topic read orderpark/#\ntopic write orderpark/{topics}\n");
    let mut server = BrokerServer::configured(BrokerKind::Mosquitto, |folder| {
        std::fs::write(folder.join("rules"), rules("subscriber/#")).expect("a file");
        format!("allow_anonymous true\nacl_file {}/rules\n", folder.display())
    });
    let mut listener = Listener::on(server.port()).await;
    let mut settings = mqtt(server.port());
    settings.common.in_flight = 1;
    let publishers = to_mqtt(&world.app.store, &world, settings);
    place(&shop, 3).await;
    failing(&world.app.store, Publisher::Mqtt).await;
    server.stop();
    std::fs::write(server.folder().join("rules"), rules("#")).expect("a file");
    server.start_again();
    settled(&world.app.store, Publisher::Mqtt).await;
    publishers.stop().await;
    let all = ids(&events(&world.operator).await);
    assert_eq!(firsts(listener.until(&all).await), all);
}
