//! What happens around every request, in this order: limits, a deadline, panics caught; the token; the route; what the
//! caller may; the body. Then the handler, and whatever went wrong becomes an answer here and is logged here. Last, what nobody read of
//! the request is read, so that the connection can be kept (`unread`).
//!
//! The Core API is looked up in [`mod@crate::router`]'s table; health and the Admin API are an axum router behind it. No stack
//! of layers: this is the hot path, and a plain function says more.

mod core;
pub(crate) mod limits;
mod others;
mod unread;

use crate::dx::{Base, Turns};
use crate::native::events::Streams;
use crate::native::places::Places;
use crate::problem::{Form, Problem, Reason, render};
use crate::{App, answer};
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Method};
use orderpark_domain::PartyRef;
use orderpark_store::WriteState;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tower::ServiceExt;
use unread::Rest;

/// How long a handler may take, its body read included.
const HANDLER_MAX: Duration = Duration::from_secs(30);

/// The door of every request.
#[derive(Clone)]
pub(crate) struct Front {
    app: Arc<App>,
    others: Router,
    turns: Turns,
    streams: Streams,
    tests: Places<PartyRef>,
}

/// The whole server as one axum router, for tests in process and for embedding.
pub fn router(app: Arc<App>) -> Router {
    let front = Front::new(app);
    Router::new().fallback(move |request: Request| {
        let front = front.clone();
        async move { front.answer(request).await }
    })
}

impl Front {
    pub(crate) fn new(app: Arc<App>) -> Front {
        let others = others::router(Arc::clone(&app));
        Front { app, others, turns: Turns::new(), streams: Streams::new(), tests: Places::default() }
    }

    /// Ends what would go on for ever.
    pub(crate) fn end_streams(&self) {
        self.streams.close();
    }

    /// Answers a request, whatever happens.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        let form = Form::of(request.headers());
        let method = request.method().clone();
        let path = tracing::enabled!(tracing::Level::DEBUG).then(|| request.uri().path().to_owned());
        let (request, rest) = Rest::of(request);
        let mut response = self.finish(guarded(self.dispatch(request)).await, &method, form);
        let kept = match rest {
            _ if unread::is_last(response.status()) => false,
            Some(rest) => rest.read().await,
            None => true,
        };
        if !kept || self.app.draining.load(Ordering::Relaxed) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(path) = path {
            tracing::debug!(%method, ?path, code = response.status().as_u16(), "answered");
        }
        response
    }

    async fn dispatch(&self, request: Request) -> Result<Response, Problem> {
        limits::check(&request)?;
        if let Some((base, _)) = Base::split(request.uri().path()) {
            return core::answer(self, base, request).await;
        }
        match self.others.clone().oneshot(without_last_slash(request)).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }

    fn finish(&self, result: Result<Response, Problem>, method: &Method, form: Form) -> Response {
        let mut response = match result {
            Ok(response) => self.render_within(response, form),
            Err(problem) => render(&self.app, &problem, form),
        };
        if method == Method::HEAD {
            response = without_body(response);
        }
        response
    }

    /// A handler of the axum router answers its problems unrendered; those of axum itself have no form at all.
    fn render_within(&self, mut response: Response, form: Form) -> Response {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            let problem = match response.headers_mut().remove(ALLOW) {
                Some(allow) => problem.header(ALLOW, allow),
                None => problem,
            };
            return render(&self.app, &problem, form);
        }
        response
    }
}

/// Ends what takes too long, and catches panics: the process lives, and so does the connection.
async fn guarded(work: impl Future<Output = Result<Response, Problem>>) -> Result<Response, Problem> {
    match AssertUnwindSafe(tokio::time::timeout(HANDLER_MAX, work)).catch_unwind().await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Problem::timeout()),
        Err(panic) => Err(Problem::internal(format!("a handler panicked: {}", panic_message(&*panic)))),
    }
}

/// A trailing slash is tolerated (domain.md, conventions).
fn without_last_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let Some(shorter) = path.strip_suffix('/').filter(|shorter| !shorter.is_empty()) else { return request };
    let target = match request.uri().query() {
        Some(query) => format!("{shorter}?{query}"),
        None => shorter.to_owned(),
    };
    if let Ok(uri) = target.parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// A method that the resource does not have.
pub(crate) fn method_not_allowed() -> Problem {
    Problem::new(Reason::MethodNotAllowed, "the resource does not have this method")
}

fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
    Response::from_parts(parts, Body::empty())
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

/// Readiness, for those who watch: not while draining, nor while the store takes no writes.
pub(crate) fn ready(app: &App) -> Response {
    if app.draining.load(Ordering::Relaxed) {
        return answer::not_ready("the server is stopping");
    }
    match app.store.write_state() {
        WriteState::Taken => answer::healthy(),
        WriteState::Stopped | WriteState::Unreachable => answer::not_ready("the database does not take changes now"),
        WriteState::ClockBehind { .. } => answer::not_ready(
            "the clock is far behind the end of the journal: no changes are taken (docs/operations.md)",
        ),
    }
}

#[cfg(test)]
mod tests;
