//! What the caller sends and takes: JSON.

use crate::Problem;
use crate::problem::Reason;
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// Checks the content type of a body: JSON, or not said.
pub(crate) fn check_body(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(Reason::UnsupportedMediaType, "a body has to be application/json"))
}

/// Checks that the caller takes JSON.
pub(crate) fn check_answer(headers: &HeaderMap) -> Result<(), Problem> {
    let mut ranges = headers.get_all(ACCEPT).iter().flat_map(|v| v.to_str().unwrap_or_default().split(','));
    let Some(first) = ranges.next() else { return Ok(()) };
    if std::iter::once(first).chain(ranges).any(takes_json) {
        return Ok(());
    }
    Err(Problem::new(Reason::NotAcceptable, "answers are application/json"))
}

fn takes_json(range: &str) -> bool {
    let mut parts = range.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let refused = parts.any(|parameter| matches!(parameter.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
    let json = ["*/*", "application/*", "application/json", "application/problem+json", ""];
    !refused && json.iter().any(|known| known.eq_ignore_ascii_case(essence))
}
