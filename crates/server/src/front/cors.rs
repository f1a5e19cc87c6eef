//! CORS (the Fetch standard): which web pages of other origins may call this server and read its
//! answers.
//!
//! Nothing is said unless the operator names origins. Cookies are never used, so credentials are
//! not allowed.

use axum::extract::Request;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

/// The headers of a preflight answer: methods, headers, and for how many seconds it need not be
/// repeated.
const OF_PREFLIGHT: [(HeaderName, &str); 3] = [
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, DELETE"),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID",
    ),
    (ACCESS_CONTROL_MAX_AGE, "3600"),
];
const EXPOSED: [(HeaderName, &str); 1] =
    [(ACCESS_CONTROL_EXPOSE_HEADERS, "ETag, Link, Location, Retry-After, Idempotent-Replayed, Dry-Run")];

/// The rules for one request.
pub(super) struct Cors {
    /// The origin that may read the answer.
    allowed: Option<HeaderValue>,
    /// Whether a browser asks what it may send.
    pub is_preflight: bool,
}

impl Cors {
    /// Nothing, where the operator has named no origin.
    pub fn of(origins: &[HeaderValue], request: &Request) -> Option<Cors> {
        if origins.is_empty() {
            return None;
        }
        let headers = request.headers();
        let sent = headers.get(ORIGIN);
        let allowed = origins.iter().find(|origin| *origin == "*" || Some(*origin) == sent).cloned();
        let asks = request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        Some(Cors { allowed, is_preflight: asks && sent.is_some() })
    }

    /// Adds to an answer what the browser looks for.
    pub fn mark(self, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = self.allowed else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let told: &[_] = if self.is_preflight { &OF_PREFLIGHT } else { &EXPOSED };
        headers.extend(told.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))));
    }
}

/// Reads an origin as browsers send it: `https://shop.example`, or `*` for every one.
pub fn cors_origin(text: &str) -> Result<HeaderValue, String> {
    let is_origin = |url: Url| url.origin().is_tuple() && url.origin().ascii_serialization() == text;
    let is_exact = text == "*" || Url::parse(text).is_ok_and(is_origin);
    let value = HeaderValue::from_str(text).ok().filter(|_| is_exact);
    value.ok_or_else(|| {
        format!("'{text}' is not an origin such as https://shop.example (scheme, host and port, no path), nor *")
    })
}
