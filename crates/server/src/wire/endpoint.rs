//! Webhook endpoints and what was sent to them, as the API shows them. A secret is shown once, when it is made.

use super::as_text;
use super::time::Time;
use super::user::Creator;
use orderpark_domain::feed::Kind;
use orderpark_domain::{EndpointRef, Grant, Instant};
use orderpark_store::deliveries::{self, DeliveryStatus};
use orderpark_store::{Creators, FeedPosition};
use serde::Serialize;
use uuid::Uuid;

/// A webhook endpoint.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: EndpointRef,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(serialize_with = "as_text")]
    scope: Grant,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_types: Option<&'a [Kind]>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Time>,
    creation_date: Time,
    #[serde(flatten)]
    creator: Creator,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Delivery>,
}

/// How far an endpoint has been told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    #[serde(serialize_with = "as_text")]
    cursor: FeedPosition,
    failing_since: Option<Time>,
    waiting: u64,
    exhausted: u64,
    replays: u64,
    last_success: Option<Time>,
    last_attempt: Option<Time>,
    /// Only where the operator asks for proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'static str>,
}

impl<'a> Endpoint<'a> {
    /// Shows an endpoint.
    pub fn of(endpoint: &'a orderpark_domain::Endpoint) -> Endpoint<'a> {
        Endpoint {
            own_ref: endpoint.endpoint,
            url: &endpoint.url,
            description: endpoint.description.as_deref(),
            scope: endpoint.owner,
            event_types: endpoint.kinds.as_deref(),
            state: endpoint.state.as_str(),
            disabled_reason: endpoint.disabled.map(|disabled| disabled.why.as_str()),
            disabled_at: endpoint.disabled.map(|disabled| Time(disabled.at)),
            creation_date: Time(endpoint.created_at),
            creator: Creator::unknown(endpoint.created_by),
            secret: None,
            delivery: None,
        }
    }

    /// With its maker, where the reader may know it.
    #[must_use]
    pub fn made_by(self, creators: &Creators) -> Endpoint<'a> {
        Endpoint { creator: self.creator.among(creators), ..self }
    }

    /// With the secret, where it was made for this answer.
    #[must_use]
    pub fn with_secret(self, secret: Option<&'a str>) -> Endpoint<'a> {
        Endpoint { secret, ..self }
    }

    /// With how far it has been told.
    #[must_use]
    pub fn with_delivery(self, delivery: Delivery) -> Endpoint<'a> {
        Endpoint { delivery: Some(delivery), ..self }
    }
}

impl Delivery {
    /// Shows the status of a target's deliveries.
    pub fn of(status: &DeliveryStatus) -> Delivery {
        Delivery {
            cursor: status.cursor,
            failing_since: status.failing_since.map(Time),
            waiting: status.waiting,
            exhausted: status.exhausted,
            replays: status.replays,
            last_success: status.last_success_at.map(Time),
            last_attempt: status.last_attempt_at.map(Time),
            proof: None,
        }
    }
}

impl Delivery {
    /// With whether the endpoint has proven itself.
    #[must_use]
    pub fn with_proof(self, is_proven: bool) -> Delivery {
        Delivery { proof: Some(if is_proven { "PROVEN" } else { "AWAITED" }), ..self }
    }
}

/// One request that was sent to an endpoint, and what came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt<'a> {
    #[serde(rename = "ref", serialize_with = "as_text")]
    own_ref: Uuid,
    /// Absent for a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    webhook_id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    number: u32,
    timestamp: Time,
    /// Absent where it would tell how a receiver inside failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    url: &'a str,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a str>,
}

/// All that is told of a failure at a receiver inside an allowed network, so that nobody explores
/// it.
const FAILED: &str = "failed";

impl<'a> Attempt<'a> {
    /// Shows an attempt to the operator (`sees_inside`), or to others: they see nothing of what a
    /// receiver that is not public, or of which that is not known, has answered.
    pub fn of(attempt: &'a deliveries::Attempt, sees_inside: bool) -> Attempt<'a> {
        let is_open = sees_inside || attempt.inside == Some(false);
        let has_failed = attempt.failure.is_some();
        let is_told = is_open || !has_failed;
        Attempt {
            own_ref: attempt.id,
            event_id: attempt.event.map(|event| event.to_string()),
            webhook_id: &attempt.webhook_id,
            kind: &attempt.kind,
            number: attempt.number,
            timestamp: Time(attempt.at),
            duration_ms: is_told.then_some(attempt.took_us / 1000),
            url: &attempt.url,
            status: attempt.status.filter(|_| is_told),
            failure: attempt.failure.as_deref().map(|failure| if is_open { failure } else { FAILED }),
            response: attempt.response.as_deref().filter(|_| is_open),
        }
    }
}

/// What an endpoint is sent to try it out.
#[derive(Debug, Serialize)]
pub struct TestEvent<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Time,
    data: Endpoint<'a>,
}

impl<'a> TestEvent<'a> {
    /// Around the endpoint itself.
    pub fn of(id: &'a str, kind: &'static str, at: Instant, endpoint: &'a orderpark_domain::Endpoint) -> TestEvent<'a> {
        TestEvent { id, kind, timestamp: Time(at), data: Endpoint::of(endpoint) }
    }
}

/// The challenge that is sent to an endpoint that has to prove itself.
#[derive(Debug, Serialize)]
pub struct ChallengeEvent<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Time,
    data: Challenge<'a>,
}

#[derive(Debug, Serialize)]
struct Challenge<'a> {
    challenge: &'a str,
}

impl<'a> ChallengeEvent<'a> {
    /// Around the challenge.
    pub fn of(id: &'a str, kind: &'static str, at: Instant, challenge: &'a str) -> ChallengeEvent<'a> {
        ChallengeEvent { id, kind, timestamp: Time(at), data: Challenge { challenge } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn shown(inside: Option<bool>, sees_inside: bool, status: Option<u16>, failure: Option<&str>) -> [Value; 4] {
        let attempt = deliveries::Attempt {
            id: Uuid::from_u128(1),
            event: None,
            webhook_id: "test_1".to_owned(),
            kind: "webhook.test".to_owned(),
            number: 1,
            at: Instant(0),
            took_us: 41_000,
            url: "https://inside.example/".to_owned(),
            status,
            failure: failure.map(str::to_owned),
            response: Some("hunter2".to_owned()),
            inside,
        };
        let mut json = serde_json::to_value(Attempt::of(&attempt, sees_inside)).unwrap();
        ["durationMs", "status", "failure", "response"].map(|name| json[name].take())
    }

    #[test]
    fn what_is_inside_is_for_the_operator_alone() {
        let (refused, status) = ("connect_failed: no connection", "status: the answer was 404");
        let failed = [Value::Null, Value::Null, json!("failed"), Value::Null];
        for inside in [Some(true), None] {
            assert_eq!(shown(inside, false, None, Some(refused)), failed);
            assert_eq!(shown(inside, false, Some(404), Some(status)), failed);
            assert_eq!(shown(inside, false, Some(204), None), [json!(41), json!(204), Value::Null, Value::Null]);
            assert_eq!(shown(inside, true, Some(404), Some(status))[3], json!("hunter2"));
        }
        let all = [json!(41), json!(404), json!(status), json!("hunter2")];
        assert_eq!(shown(Some(false), false, Some(404), Some(status)), all);
    }
}
