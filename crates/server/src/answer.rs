//! Successes: the one place that knows which success has which status and headers.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, LINK, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// What nginx is told that way.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// What lists and the outcome of a change say to caches: they hold what only this caller may read, or happened once.
const NEVER_KEPT: HeaderValue = HeaderValue::from_static("no-store");
/// What an object that was read says to them: the caller may keep it, and has to ask each time whether it is still so.
const ASKED_EACH_TIME: HeaderValue = HeaderValue::from_static("private, no-cache");
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

pub(crate) const DRY_RUN: HeaderName = HeaderName::from_static("dry-run");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRun<'a, T> {
    dry_run: bool,
    #[serde(flatten)]
    object: &'a T,
}

#[derive(Serialize)]
struct NotReady {
    status: &'static str,
    message: &'static str,
}

/// 200 with this JSON.
pub(crate) fn json(value: &impl Serialize) -> Response {
    bytes(to_json(value).into())
}

/// 200 with this JSON text.
pub(crate) fn bytes(json: Bytes) -> Response {
    body(Body::from(json))
}

/// 200 with JSON that comes as it is read.
pub(crate) fn body(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.headers_mut().insert(CACHE_CONTROL, NEVER_KEPT);
    response
}

/// 200 with a stream of events. Whoever stands between must pass each on at once.
pub(crate) fn events(events: Body) -> Response {
    let mut response = body(events);
    response.headers_mut().insert(CONTENT_TYPE, EVENT_STREAM);
    response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    response
}

/// 200 with a page that is the same for everybody, and may load no more than `policy` allows.
pub(crate) fn page(html: Bytes, policy: HeaderValue) -> Response {
    let mut response = body(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 204: a browser may send what it asked about, as other headers say.
pub(crate) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// An object that was read, which its reader may keep beside its `ETag`.
pub(crate) fn read(mut response: Response, etag: &str) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, ASKED_EACH_TIME);
    with_etag(response, etag)
}

/// Turns the answer to a POST into 201 with `Location`.
pub(crate) fn created(mut response: Response, location: &str) -> Response {
    *response.status_mut() = StatusCode::CREATED;
    set(&mut response, LOCATION, location);
    response
}

/// Turns the answer to a change into 202: it has begun, and goes on in the background.
pub(crate) fn begun(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// 304: the caller has the object already.
pub(crate) fn not_modified(etag: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    read(response, etag)
}

/// With the object's `ETag`.
pub(crate) fn with_etag(mut response: Response, etag: &str) -> Response {
    set(&mut response, ETAG, etag);
    response
}

/// With a link to the next page.
pub(crate) fn with_next(mut response: Response, address: &str) -> Response {
    set(&mut response, LINK, &format!("<{address}>; rel=\"next\""));
    response
}

/// Marked as the first answer again.
pub(crate) fn replayed(mut response: Response) -> Response {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// A dry run: an object as it would be, with no tag, because there is none yet.
pub(crate) fn dry_run(object: &impl Serialize) -> Response {
    let mut response = json(&DryRun { dry_run: true, object });
    response.headers_mut().insert(DRY_RUN, HeaderValue::from_static("true"));
    response
}

/// Alive, or ready: 200 without detail.
pub(crate) fn healthy() -> Response {
    bytes(Bytes::from_static(b"{\"status\":\"UP\"}"))
}

/// Not ready, for this reason: 503, which is no failure of a request.
pub(crate) fn not_ready(why: &'static str) -> Response {
    let mut response = json(&NotReady { status: "DOWN", message: why });
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// The JSON text of an answer.
///
/// # Panics
/// Never: answers are structs of strings and numbers, and writing to memory does not fail.
pub(crate) fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    write_json(value, &mut text);
    text
}

/// Appends the JSON text of one object.
pub(crate) fn write_json(value: &impl Serialize, text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("structs of strings and numbers become JSON, and memory takes it");
}

/// Refs and paths are ASCII; a value that is not is left out rather than sent.
fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
