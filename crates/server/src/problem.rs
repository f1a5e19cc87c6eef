//! Problems: the one place that knows which failure has which status.
//!
//! A [`Problem`] is what the client may read (a reason, a sentence, the fields that are wrong) and, apart from it, what
//! only the operator's log may read (the detail). A handler returns it with `?`; the front gives it an `errorId`, renders
//! it in the form that the client asked for, and logs it once under the same `errorId`. Sentences are fixed or made of
//! what the caller sent itself; no text from the store, the system or another party ever gets into one.

mod from;
mod reason;
mod refused;
mod render;

pub use reason::Reason;
pub(crate) use render::{Asked, Form, render};

use crate::answer::REPLAYED;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

/// One attribute that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// Where: `items[2].productId`.
    pub path: String,
    /// A sentence: what was sent, and what it must be.
    pub message: Cow<'static, str>,
}

/// How many attributes the message of a problem tells of; all are in its fields.
const TOLD_MAX: usize = 3;

impl FieldError {
    /// The attribute at this path, and what is to be said of it.
    pub fn new(path: impl Into<String>, predicate: impl AsRef<str>) -> FieldError {
        let path = path.into();
        FieldError { message: format!("{path} {}", predicate.as_ref()).into(), path }
    }
}

/// Why a request has no success.
#[derive(Clone, Debug)]
pub struct Problem(Box<Facts>);

#[derive(Clone, Debug)]
struct Facts {
    reason: Reason,
    message: Cow<'static, str>,
    fields: Vec<FieldError>,
    detail: Option<String>,
    headers: HeaderMap,
    oauth: Option<&'static str>,
}

impl Problem {
    /// A problem with the sentence that the client reads.
    pub fn new(reason: Reason, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem(Box::new(Facts {
            reason,
            message: message.into(),
            fields: Vec::new(),
            detail: None,
            headers: HeaderMap::new(),
            oauth: None,
        }))
    }

    /// The problem of one attribute: its path, and what is to be said of it.
    pub fn field(reason: Reason, path: impl Into<String>, predicate: impl AsRef<str>) -> Problem {
        Problem::fields(reason, vec![FieldError::new(path, predicate)])
    }

    /// The problem of all wrong attributes at once.
    pub fn fields(reason: Reason, fields: Vec<FieldError>) -> Problem {
        let mut told: Vec<&str> = fields.iter().take(TOLD_MAX).map(|field| &*field.message).collect();
        if fields.len() > TOLD_MAX {
            told.push("and more: see fields");
        }
        let mut problem = Problem::new(reason, told.join("; "));
        problem.0.fields = fields;
        problem
    }

    /// With another sentence.
    #[must_use]
    fn saying(mut self, message: String) -> Problem {
        self.0.message = message.into();
        self
    }

    /// With what the operator's log shall say, and no client ever reads.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Problem {
        self.0.detail = Some(detail.into());
        self
    }

    /// With the number of seconds after which trying again makes sense.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Problem {
        self.header(http::header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.0.headers.insert(name, value);
        self
    }

    /// Marked as the first answer again, where it is one that will not change any more.
    #[must_use]
    pub(crate) fn replayed(self) -> Problem {
        match self.reason() {
            Reason::RejectedBySupplier | Reason::SupplierUnreachable => {
                self.header(REPLAYED, HeaderValue::from_static("true"))
            }
            _ => self,
        }
    }

    /// With the `error` of RFC 6749, 5.2, beside the other attributes.
    #[must_use]
    pub fn oauth(mut self, error: &'static str) -> Problem {
        self.0.oauth = Some(error);
        self
    }

    /// The request took too long. A write that was handed in goes on.
    pub(crate) fn timeout() -> Problem {
        Problem::new(Reason::DeadlineExceeded, "the request took too long; a change may still have been made: send it again with the same Idempotency-Key to learn it")
            .retry_after(1)
    }

    /// The client at the token endpoint is not who it says (RFC 6749, 5.2).
    pub(crate) fn client_not_proved(message: String) -> Problem {
        Problem::new(Reason::Unauthorized, message)
            .header(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"orderpark\""))
            .oauth("invalid_client")
    }

    /// The sentence that the client reads.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The attributes that are wrong.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.fields.iter().map(|field| field.path.as_str())
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }
}

/// Handlers of an axum router answer a problem bare; the front renders it, because only it knows the request.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = self.0.reason.status();
        response.extensions_mut().insert(self);
        response
    }
}
