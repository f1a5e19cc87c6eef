//! Probes of webhook endpoints: one signed request that tells of no event, logged and never
//! repeated.
//!
//! A test is sent when somebody asks for one. A challenge is sent where the operator asks for proof
//! (`deliveries.require_proof`): nothing is delivered to an address before its receiver has echoed
//! one, so that no messages go to somebody who never asked for any.

use crate::outside::{CloudEvent, Failure, Message, Reply, SealError};
use crate::{App, answer, wire};
use orderpark_domain::{Endpoint, Instant};
use orderpark_store::ReadError;
use orderpark_store::deliveries::{Attempt, Target, TargetState};
use std::fmt::Write as _;

/// The answer that a probe asks of its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Any answer of 200 to 299.
    Test,
    /// An answer that echoes the challenge.
    Challenge,
}

/// The result of a probe.
pub(crate) struct ProbeResult {
    /// None: this server could not send it.
    pub(crate) attempt: Option<Attempt>,
    pub(crate) is_success: bool,
    pub(crate) inside: bool,
}

impl Probe {
    /// The probe that an endpoint needs.
    pub(crate) fn of(app: &App, endpoint: &Endpoint, state: &TargetState) -> Probe {
        let is_proven = !app.settings.deliveries.require_proof || state.url.as_ref() == Some(&endpoint.url);
        if is_proven { Probe::Test } else { Probe::Challenge }
    }

    /// The type of its event.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Probe::Test => "webhook.test",
            Probe::Challenge => "webhook.challenge",
        }
    }

    /// The id of its event at this instant.
    pub(crate) fn webhook_id(self, app: &App, at: Instant) -> String {
        let prefix = if self == Probe::Test { "test" } else { "challenge" };
        format!("{prefix}_{}", app.ordered_uuid(at))
    }

    /// Sends it, logs what came of it, and remembers a receiver that has taken it.
    pub(crate) async fn send(self, app: &App, endpoint: &Endpoint) -> Result<ProbeResult, ReadError> {
        let at = app.now();
        let (webhook_id, challenge) = (self.webhook_id(app, at), challenge(app));
        let mut reply = match self.message(app, endpoint, &webhook_id, &challenge, at) {
            Ok(message) => app.outside.send(&message, app.outside.attempt_max()).await,
            Err(_) => Reply::unsaid(Failure::Secret),
        };
        if self == Probe::Challenge && reply.is_success() && !is_echo(reply.excerpt.as_deref(), &challenge) {
            reply.failure = Some(Failure::NotEchoed);
        }
        let (is_success, inside) = (reply.is_success(), reply.inside);
        if reply.failure == Some(Failure::Ours) {
            return Ok(ProbeResult { attempt: None, is_success, inside });
        }
        let attempt = reply.attempt(app.ordered_uuid(at), at, webhook_id, self.kind(), endpoint.url.clone());
        app.store.log_attempt(Target::Endpoint(endpoint.endpoint), attempt.clone()).await?;
        if is_success {
            app.store.prove_endpoint(endpoint.endpoint, &endpoint.url).await?;
            app.deliveries.poke(Target::Endpoint(endpoint.endpoint));
        }
        Ok(ProbeResult { attempt: Some(attempt), is_success, inside })
    }

    /// The signed message; an error, if a secret cannot be read.
    fn message(
        self,
        app: &App,
        endpoint: &Endpoint,
        id: &str,
        challenge: &str,
        at: Instant,
    ) -> Result<Message, SealError> {
        let body = match self {
            Probe::Test => answer::to_json(&wire::TestEvent::of(id, self.kind(), at, endpoint)),
            Probe::Challenge => answer::to_json(&wire::ChallengeEvent::of(id, self.kind(), at, challenge)),
        };
        Ok(Message {
            url: endpoint.url.clone(),
            kind: endpoint.owner.kind,
            id: id.to_owned(),
            content_type: "application/json",
            event: Some(CloudEvent { id: id.to_owned(), kind: self.kind(), at }),
            body: body.into(),
            secrets: app.sealer.open_live(&endpoint.secrets, at)?,
        })
    }
}

/// 128 random bits, in hexadecimal.
fn challenge(app: &App) -> String {
    let mut bytes = [0; 16];
    app.chance.fill(&mut bytes);
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a body is the challenge, alone or as `{"challenge": "…"}`. A receiver that echoes
/// whatever it is sent does neither.
fn is_echo(body: Option<&str>, challenge: &str) -> bool {
    let body = body.unwrap_or_default();
    let is_named = || {
        let object = serde_json::from_str::<serde_json::Value>(body).ok();
        object.is_some_and(|object| object.get("challenge").and_then(|it| it.as_str()) == Some(challenge))
    };
    body == challenge || is_named()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_the_challenge_and_nothing_else() {
        for (body, echoes) in [
            (Some("0a1b"), true),
            (Some(r#"{"challenge": "0a1b"}"#), true),
            (Some(r#"{"type": "webhook.challenge", "data": {"challenge": "0a1b"}}"#), false),
            (Some("0a1b0a1b"), false),
            (Some(r#"{"challenge": "0a1c"}"#), false),
            (Some("ok"), false),
            (None, false),
        ] {
            assert_eq!(is_echo(body, "0a1b"), echoes, "{body:?}");
        }
    }
}
