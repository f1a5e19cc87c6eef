//! NATS JetStream.
//!
//! A message is published to `<prefix>.<type of event>`, and JetStream confirms it when the stream has it. Many are under way
//! at once, and yet none comes in front of one before it: each says after which one it belongs (`Nats-Expected-Last-Msg-Id`),
//! so that JetStream refuses all that follow one that it refused. The first of a row says nothing, as what is in front of it
//! is confirmed. If others publish to the same stream, rows are broken where they do, and go on from there.
//!
//! What was sent before is recognised by its id (`Nats-Msg-Id`), within the time that the stream is set to remember ids.

use super::broker::{Broker, Connection, Failure, STEP_MAX, sentence};
use super::message::{CONTENT_TYPE, Message};
use super::secret;
use super::settings::{Login, NatsSettings};
use async_nats::jetstream::context::{ContextBuilder, PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::{Client, ConnectOptions, Event, jetstream};
use tokio::sync::watch;
use tokio::time::timeout;

/// A cluster of NATS servers.
pub(super) struct Nats(pub NatsSettings);

/// A connection to one of them.
pub(super) struct NatsConnection {
    client: Client,
    context: jetstream::Context,
    settings: NatsSettings,
    /// Why the connection has ended, once it has.
    end: watch::Receiver<Option<String>>,
}

impl Broker for Nats {
    type Connection = NatsConnection;

    async fn connect(&self) -> Result<NatsConnection, Failure> {
        let (told, end) = watch::channel(None);
        let options = self.options().await?.event_callback(move |event| {
            let ended = matches!(event, Event::Disconnected | Event::Closed | Event::LameDuckMode);
            if ended || matches!(event, Event::ServerError(_)) {
                told.send_if_modified(|end| end.is_none() && end.replace(event.to_string()).is_none());
            }
            async {}
        });
        let servers: Vec<String> = self.0.servers.iter().map(ToString::to_string).collect();
        let connecting = timeout(STEP_MAX, options.connect(servers)).await;
        let client = connecting
            .map_err(|_| Failure::Unreachable("it does not answer".to_owned()))?
            .map_err(|error| Failure::Unreachable(sentence(&error)))?;
        let context = ContextBuilder::new()
            .timeout(STEP_MAX)
            .ack_timeout(STEP_MAX)
            .max_ack_inflight(usize::from(self.0.common.in_flight))
            .backpressure_on_inflight(true)
            .build(client.clone());
        Ok(NatsConnection { client, context, settings: self.0.clone(), end })
    }
}

impl Nats {
    /// A connection that ends is not mended by the library: what is under way on it could come behind what is sent anew.
    async fn options(&self) -> Result<ConnectOptions, Failure> {
        let NatsSettings { servers, common, .. } = &self.0;
        let mut options = ConnectOptions::new()
            .name("orderpark")
            .connection_timeout(STEP_MAX)
            .max_reconnects(servers.len())
            .ignore_discovered_servers()
            .require_tls(servers.iter().any(|server| server.is_encrypted));
        if let Some(path) = &common.ca_file {
            options = options.add_root_certificates(path.clone());
        }
        if let Some((certificate, key)) = &common.certificate {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        Ok(match &common.login {
            Login::Nothing => options,
            Login::Password(user, path) => {
                options.user_and_password(user.clone(), secret::read(path).await?.as_str().to_owned())
            }
            Login::Token(path) => options.token(secret::read(path).await?.as_str().to_owned()),
            Login::Credentials(path) => options
                .credentials(&secret::read(path).await?)
                .map_err(|why| Failure::File { path: path.clone(), why })?,
        })
    }
}

impl Connection for NatsConnection {
    type Confirmation = PublishAckFuture;

    async fn publish(&mut self, message: &Message, before: Option<&Message>) -> Result<PublishAckFuture, Failure> {
        let mut publish = PublishMessage::build()
            .payload(message.body.clone())
            .message_id(&message.id)
            .header("Content-Type", CONTENT_TYPE);
        if let Some(before) = before {
            publish = publish.expected_last_message_id(&before.id);
        }
        if let Some(stream) = &self.settings.stream {
            publish = publish.expected_stream(stream);
        }
        let subject = format!("{}.{}", self.settings.prefix, message.kind);
        self.context.send_publish(subject, publish).await.map_err(|error| refused(message, &error))
    }

    async fn confirmed(&mut self, message: &Message, confirmation: PublishAckFuture) -> Result<bool, Failure> {
        let confirmation = tokio::select! {
            biased;
            confirmation = confirmation.into_future() => confirmation,
            failure = ended(&mut self.end) => return Err(failure),
        };
        match confirmation {
            Ok(_) => Ok(true),
            // Somebody else has published to this stream.
            Err(error) if error.kind() == PublishErrorKind::WrongLastMessageId => Ok(false),
            Err(error) => Err(refused(message, &error)),
        }
    }

    async fn ended(&mut self) -> Failure {
        ended(&mut self.end).await
    }

    async fn close(self) {
        // Nothing is under way, so there is nothing that could be lost.
        let _ = timeout(STEP_MAX, self.client.drain()).await;
    }
}

/// Waits until the connection has ended.
async fn ended(end: &mut watch::Receiver<Option<String>>) -> Failure {
    let why = end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
    Failure::Lost(why.unwrap_or_else(|| "it was closed".to_owned()))
}

fn refused(message: &Message, error: &PublishError) -> Failure {
    match error.kind() {
        PublishErrorKind::TimedOut => Failure::Unconfirmed(message.id.clone()),
        PublishErrorKind::BrokenPipe => Failure::Lost(sentence(error)),
        _ => Failure::Refused(message.id.clone(), sentence(error)),
    }
}
