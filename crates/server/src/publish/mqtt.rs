//! MQTT 5.
//!
//! A message is published with QoS 1 to `<prefix>/<type of event>`, its dots made levels, and confirmed by the broker's
//! PUBACK. Many are under way at once, on one connection, which a broker has to pass on in their order. If the connection
//! ends, the broker has the first so many of them; they are sent again, from the first that it has not confirmed. A broker
//! that *refuses* one (by its access rules, say) may have taken those behind it, which is why an operator to whom
//! that matters lets only one be under way.
//!
//! The broker keeps nothing of us between connections: what it has not confirmed, the feed still holds.

use super::broker::{Broker, Connection, Failure, STEP_MAX, sentence};
use super::message::{CONTENT_TYPE, Message};
use super::settings::{Login, MqttSettings};
use super::{secret, tls};
use bytes::Bytes;
use rumqttc::{
    AsyncClient, Broker as Address, Event, EventLoop, MqttOptions, NetworkOptions, Packet, PublishNotice,
    PublishNoticeError, PublishOptions, PublishProperties, TlsConfiguration, Transport,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How often the broker is asked whether it is there, in seconds.
const KEEP_ALIVE_S: u16 = 15;
/// The property that carries what webhooks send as `webhook-id`.
const ID: &str = "webhook-id";

/// An MQTT broker.
pub(super) struct Mqtt(pub MqttSettings);

/// A connection to it.
pub(super) struct MqttConnection {
    client: AsyncClient,
    prefix: String,
    /// Carries bytes to and fro until the connection ends.
    carrier: JoinHandle<()>,
    /// Why it has ended, once it has.
    end: watch::Receiver<Option<String>>,
}

impl Broker for Mqtt {
    type Connection = MqttConnection;

    async fn connect(&self) -> Result<MqttConnection, Failure> {
        let options = self.options().await?;
        let building = AsyncClient::builder(options).capacity(usize::from(self.0.common.in_flight)).try_build();
        let (client, mut events) = building.map_err(|error| Failure::Unreachable(sentence(&error)))?;
        let greeted = timeout(STEP_MAX, greeting(&mut events)).await;
        greeted.map_err(|_| Failure::Unreachable("it does not answer".to_owned()))??;
        let (told, end) = watch::channel(None);
        let carrier = tokio::spawn(async move {
            let why = carry(events).await;
            told.send_replace(Some(why));
        });
        Ok(MqttConnection { client, prefix: self.0.prefix.clone(), carrier, end })
    }
}

impl Mqtt {
    async fn options(&self) -> Result<MqttOptions, Failure> {
        let MqttSettings { server, client_id, common, .. } = &self.0;
        let host = server.host.trim_start_matches('[').trim_end_matches(']');
        let mut options = MqttOptions::new(client_id.clone(), Address::tcp(host, server.port));
        options.set_keep_alive(KEEP_ALIVE_S).set_clean_start(true).set_connect_timeout(STEP_MAX);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        options.set_outgoing_inflight_upper_limit(common.in_flight).set_max_request_batch(64);
        if server.is_encrypted {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls::config(common).await?)));
        }
        if let Login::Password(user, path) = &common.login {
            options.set_credentials(user.clone(), Bytes::copy_from_slice(secret::read(path).await?.as_bytes()));
        }
        Ok(options)
    }
}

/// Waits until the broker has taken us.
async fn greeting(events: &mut EventLoop) -> Result<(), Failure> {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(Failure::Unreachable(sentence(&error))),
        }
    }
}

/// The library would connect again by itself; we begin anew, behind what is confirmed.
async fn carry(mut events: EventLoop) -> String {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::Disconnect(disconnect))) => {
                return format!("the broker says good-bye: {:?}", disconnect.reason_code);
            }
            Ok(_) => {}
            Err(error) => return sentence(&error),
        }
    }
}

impl Connection for MqttConnection {
    type Confirmation = PublishNotice;

    async fn publish(&mut self, message: &Message, _: Option<&Message>) -> Result<PublishNotice, Failure> {
        let properties = PublishProperties {
            payload_format_indicator: Some(1),
            content_type: Some(CONTENT_TYPE.to_owned()),
            user_properties: vec![(ID.to_owned(), message.id.clone())],
            ..PublishProperties::default()
        };
        let topic = format!("{}/{}", self.prefix, message.kind.replace('.', "/"));
        let options = PublishOptions::at_least_once().properties(properties);
        match self.client.publish_tracked(topic, message.body.clone(), options).await {
            Ok(notice) => Ok(notice),
            Err(_) => Err(self.ended().await),
        }
    }

    async fn confirmed(&mut self, message: &Message, notice: PublishNotice) -> Result<bool, Failure> {
        match notice.wait_completion_async().await {
            Ok(()) => Ok(true),
            Err(PublishNoticeError::V5PubAck(reason)) => {
                Err(Failure::Refused(message.id.clone(), format!("{reason:?}")))
            }
            Err(_) => Err(self.ended().await),
        }
    }

    async fn ended(&mut self) -> Failure {
        let why = self.end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
        Failure::Lost(why.unwrap_or_else(|| "it was closed".to_owned()))
    }

    async fn close(mut self) {
        if self.client.disconnect().await.is_ok() {
            let _ = timeout(STEP_MAX, self.ended()).await;
        }
    }
}

impl Drop for MqttConnection {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}
