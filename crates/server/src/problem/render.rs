//! How a problem looks: the DX form, RFC 9457, or either with the attributes of RFC 6749; and its one log line.

use super::{FieldError, Problem};
use crate::App;
use crate::wire::shown;
use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'p> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'p str>,
    code: u16,
    message: &'p str,
    error_id: &'p str,
    reason: &'static str,
    see: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'p [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(rename = "error_description", skip_serializing_if = "Option::is_none")]
    error_description: Option<&'p str>,
}

/// The form that a request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `{"code","message","errorId","reason"}`.
    Dx,
    /// RFC 9457, with the same attributes beside.
    ProblemJson,
}

/// The request that a problem is the answer to, as the log shows it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub method: Method,
    pub uri: Uri,
}

/// Renders, and logs.
pub(crate) fn render(app: &App, problem: &Problem, form: Form, asked: &Asked) -> Response {
    let error_id = app.random_uuid().to_string();
    log(app, problem, &error_id, asked);
    let facts = &problem.0;
    let standard = form == Form::ProblemJson;
    let status = facts.reason.status();
    let shown = Shown {
        kind: standard.then(|| format!("urn:orderpark:problem:{}", facts.reason.slug())),
        title: standard.then(|| status.canonical_reason()).flatten(),
        status: standard.then(|| status.as_u16()),
        detail: standard.then_some(&*facts.message),
        code: status.as_u16(),
        message: &facts.message,
        error_id: &error_id,
        reason: facts.reason.slug(),
        see: format!("{}#{}", app.settings.docs_url, facts.reason.slug()),
        fields: &facts.fields,
        error: facts.oauth,
        error_description: facts.oauth.map(|_| &*facts.message),
    };
    let body = serde_json::to_vec(&shown).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.extend(facts.headers.clone());
    let content_type = if standard { "application/problem+json" } else { "application/json" };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Form {
    /// Reads it from the request's `Accept`.
    pub(crate) fn of(headers: &HeaderMap) -> Form {
        let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let asks = accepts.flat_map(|value| value.split(',')).any(|range| {
            let media_type = range.split(';').next().unwrap_or_default().trim();
            media_type.eq_ignore_ascii_case("application/problem+json")
        });
        if asks { Form::ProblemJson } else { Form::Dx }
    }
}

/// One line, at a bounded rate. Debug formatting of the strings encodes control characters, so that
/// no line of the log can be forged; the query is left out, because it may hold what nobody else
/// shall read.
fn log(app: &App, problem: &Problem, error_id: &str, asked: &Asked) {
    let facts = &problem.0;
    let status = facts.reason.status();
    let limit = if status.is_server_error() { &app.log_limits.failed } else { &app.log_limits.refused };
    if !limit.allows() {
        return;
    }
    let (code, reason, detail) = (status.as_u16(), facts.reason.slug(), facts.detail.as_deref().unwrap_or_default());
    let (method, path) = (&asked.method, shown::name(asked.uri.path()));
    if status.is_server_error() {
        tracing::error!(error_id, %method, path = &*path, code, reason, ?detail, "a request failed");
    } else {
        tracing::info!(error_id, %method, path = &*path, code, reason, ?detail, "a request was refused");
    }
}
