//! What the caller sends and takes: JSON, and streams of events.

use super::shown;
use crate::Problem;
use crate::problem::Reason;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use std::borrow::Cow;

/// Checks the content type of a body: JSON, or not said.
pub(crate) fn check_body(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = format!("the body is sent as {}, but must be application/json", sent(headers, CONTENT_TYPE));
    Err(Problem::new(Reason::UnsupportedMediaType, message))
}

/// Checks that the caller takes JSON.
pub(crate) fn check_answer(headers: &HeaderMap) -> Result<(), Problem> {
    let json = ["*/*", "application/*", "application/json", "application/problem+json", ""];
    if takes(headers, &json) { Ok(()) } else { Err(not_acceptable(headers, "answers are", "application/json")) }
}

/// Checks that the caller takes a stream of events.
pub(crate) fn check_stream(headers: &HeaderMap) -> Result<(), Problem> {
    let events = ["*/*", "text/*", "text/event-stream", ""];
    if takes(headers, &events) {
        Ok(())
    } else {
        Err(not_acceptable(headers, "a stream of events is", "text/event-stream"))
    }
}

fn not_acceptable(headers: &HeaderMap, what: &str, kind: &str) -> Problem {
    let sent = sent(headers, ACCEPT);
    let message = format!("Accept is {sent}, but {what} {kind}; send Accept: {kind}, or leave it out");
    Problem::new(Reason::NotAcceptable, message)
}

fn sent(headers: &HeaderMap, name: HeaderName) -> String {
    let value = headers.get(name).map_or_else(Cow::default, |value| String::from_utf8_lossy(value.as_bytes()));
    shown::quoted(&value)
}

/// Whether the caller asks for a page, as browsers do.
pub(crate) fn takes_html(headers: &HeaderMap) -> bool {
    headers.contains_key(ACCEPT) && takes(headers, &["text/html"])
}

/// Whether any of the ranges that the caller takes is one of these; whoever names none takes anything.
fn takes(headers: &HeaderMap, known: &[&str]) -> bool {
    let mut ranges = headers.get_all(ACCEPT).iter().flat_map(|v| v.to_str().unwrap_or_default().split(','));
    let Some(first) = ranges.next() else { return true };
    std::iter::once(first).chain(ranges).any(|range| is_taken(range, known))
}

fn is_taken(range: &str, known: &[&str]) -> bool {
    let mut parts = range.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let refused = parts.any(|parameter| matches!(parameter.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
    !refused && known.iter().any(|known| known.eq_ignore_ascii_case(essence))
}
