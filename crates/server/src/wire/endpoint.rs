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
        }
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
    duration_ms: u64,
    url: &'a str,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    /// Shows an attempt.
    pub fn of(attempt: &'a deliveries::Attempt) -> Attempt<'a> {
        Attempt {
            own_ref: attempt.id,
            event_id: attempt.event.map(|event| event.to_string()),
            webhook_id: &attempt.webhook_id,
            kind: &attempt.kind,
            number: attempt.number,
            timestamp: Time(attempt.at),
            duration_ms: attempt.took_us / 1000,
            url: &attempt.url,
            status: attempt.status,
            failure: attempt.failure.as_deref(),
            response: attempt.response.as_deref(),
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
