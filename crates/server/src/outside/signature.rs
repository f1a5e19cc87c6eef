//! The headers of Standard Webhooks 1.0 (<https://www.standardwebhooks.com>): who sends, what and
//! when, so that nobody else can. JSON also has those of `CloudEvents` 1.0 in binary content mode,
//! which are not signed: the body says the same.
//!
//! Signed is `<webhook-id>.<webhook-timestamp>.<body>` with HMAC-SHA256; each live secret makes one signature, and a receiver that knows
//! any of them finds its own among them. The id is made by us and has no full stop in it.

use super::Message;
use crate::wire::time::Time;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::InvalidHeaderValue;
use http::{HeaderMap, HeaderValue};
use orderpark_domain::Instant;

/// The `ce-source` of every event: the feed.
const SOURCE: &str = "/core/latest/api/events";

/// The headers of one attempt. Also what is not signed has an id, so that a receiver can tell a repetition.
pub(super) fn headers(message: &Message, now: Instant) -> Result<HeaderMap, InvalidHeaderValue> {
    let timestamp = now.0.div_euclid(1_000_000);
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::from_str(&message.id)?);
    headers.insert("webhook-timestamp", HeaderValue::from(timestamp));
    if !message.secrets.is_empty() {
        let signatures: Vec<_> = message.secrets.iter().map(|secret| sign(secret, message, timestamp)).collect();
        headers.insert("webhook-signature", HeaderValue::from_str(&signatures.join(" "))?);
    }
    if let Some(event) = &message.event {
        headers.insert("ce-specversion", HeaderValue::from_static("1.0"));
        headers.insert("ce-id", HeaderValue::from_str(&event.id)?);
        headers.insert("ce-source", HeaderValue::from_static(SOURCE));
        headers.insert("ce-type", HeaderValue::from_static(event.kind));
        headers.insert("ce-time", HeaderValue::from_str(&Time(event.at).to_string())?);
    }
    Ok(headers)
}

fn sign(secret: &[u8], message: &Message, timestamp: i64) -> String {
    let mut signing = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    signing.update(format!("{}.{timestamp}.", message.id).as_bytes());
    signing.update(&message.body);
    format!("v1,{}", STANDARD.encode(signing.sign()))
}

#[cfg(test)]
mod tests;
