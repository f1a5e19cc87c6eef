//! What is taken of an answer: the status, `Retry-After`, and the beginning of the body.

use super::{Failure, Reply};
use crate::wire::is_hidden;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use jiff::fmt::rfc2822::DateTimeParser;
use orderpark_domain::Instant;
use reqwest::Response;
use std::time::Duration;
use tokio::time::timeout_at;

/// How much of a body is read at most, in bytes. A connection whose answer is longer is given up.
const READ_MAX: usize = 16 * 1024;

/// How much of it is kept at most, in bytes.
const EXCERPT_MAX: usize = 1024;

/// How long a body is waited for after its head: what decides stands in the head.
const BODY_WAIT: Duration = Duration::from_secs(2);

/// The longest wait that a receiver can ask for, in seconds: a day.
const RETRY_AFTER_MAX: u64 = 24 * 60 * 60;

/// Reads an answer whose head has come; `now` is what the receiver's dates are compared with.
pub(super) async fn read(answer: Response, now: Instant, deadline: tokio::time::Instant) -> Reply {
    let status = answer.status();
    let retry_after_s = retry_after(answer.headers(), now);
    let patience = deadline.min(tokio::time::Instant::now() + BODY_WAIT);
    let body = beginning(answer, patience).await;
    Reply {
        status: Some(status.as_u16()),
        failure: failure(status),
        retry_after_s,
        excerpt: excerpt(&body),
        took_us: 0,
        inside: false,
    }
}

fn failure(status: StatusCode) -> Option<Failure> {
    match status.as_u16() {
        200..=299 => None,
        status @ 300..=399 => Some(Failure::Redirect(status)),
        status => Some(Failure::Status(status)),
    }
}

/// As much of the body as has come by then; what is wrong with the rest is of no interest.
async fn beginning(mut answer: Response, patience: tokio::time::Instant) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < READ_MAX {
        let Ok(Ok(Some(chunk))) = timeout_at(patience, answer.chunk()).await else { break };
        let wanted = chunk.len().min(READ_MAX - body.len());
        body.extend_from_slice(&chunk[..wanted]);
    }
    body
}

/// Seconds, or a date (RFC 9110, 10.2.3), of which only the form that may be sent today is read.
fn retry_after(headers: &HeaderMap, now: Instant) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u64::MAX).min(RETRY_AFTER_MAX));
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?.as_microsecond();
    let wait = u64::try_from(at.saturating_sub(now.0)).unwrap_or(0).div_ceil(1_000_000);
    Some(wait.min(RETRY_AFTER_MAX))
}

/// What can be shown of a body: text without hidden characters, whatever was sent.
fn excerpt(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let mut excerpt = String::new();
    for character in text.chars().map(|it| if is_hidden(it) { ' ' } else { it }) {
        if excerpt.len() + character.len_utf8() > EXCERPT_MAX {
            break;
        }
        excerpt.push(character);
    }
    let excerpt = excerpt.trim();
    (!excerpt.is_empty()).then(|| excerpt.to_owned())
}

#[cfg(test)]
mod tests;
