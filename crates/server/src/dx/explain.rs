//! Explains refusals with what the request sent. The body is read once more for it, on the way of
//! failure alone.

use super::Call;
use crate::Problem;
use crate::wire::{Json, json, quoted};
use orderpark_domain::Refusal;
use orderpark_store::CommitError;

impl Call {
    /// The problem of a commit that failed.
    pub(crate) fn explain(&self, error: CommitError) -> Problem {
        match error {
            CommitError::Refused(refusal) => self.refused(&refusal),
            other => other.into(),
        }
    }

    /// The problem of a refusal.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Problem {
        Problem::refused(refusal, &|name| self.sent(name))
    }

    /// The value sent under a name: a header has capitals, and an attribute of the body comes
    /// before a parameter.
    fn sent(&self, name: &str) -> Option<String> {
        if name.starts_with(|first: char| first.is_ascii_uppercase()) {
            return self.headers.get(name).and_then(|value| value.to_str().ok()).map(quoted);
        }
        let body = json::parse_object(&self.body).ok();
        let in_body = body.as_ref().and_then(|body| name.split('.').try_fold(body, |value, name| value.get(name)));
        in_body.and_then(in_words).or_else(|| self.query.sent(name).map(quoted))
    }
}

/// A value in a sentence; of an array its elements, or the products that they name.
fn in_words(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(quoted(text)),
        Json::Unsigned(number) => Some(number.to_string()),
        Json::Object(_) => in_words(value.get("productId")?),
        Json::Array(elements) => Some(elements.iter().filter_map(in_words).take(5).collect::<Vec<_>>().join(", ")),
        Json::Null | Json::Bool(_) | Json::Negative(_) | Json::Fraction(_) => None,
    }
}
