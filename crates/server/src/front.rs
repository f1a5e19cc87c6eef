//! The request pipeline (middleware), in this order: limits, a deadline, panics caught; the route;
//! the token; what the caller may; the body. Then the handler, and whatever went wrong becomes an
//! answer here and is logged here. Last, what nobody read of the request is read, so that the
//! connection can be kept (`unread`).
//!
//! The Core API is looked up in [`mod@crate::router`]'s table; pages, health and the Admin API are
//! an axum router behind it. No stack of layers: this is the hot path, and a plain function says
//! more.

mod core;
mod cors;
pub(crate) mod limits;
mod others;
mod pages;
mod unread;
mod unserved;

use crate::dx::Base;
use crate::limits::Client;
use crate::problem::{Asked, Form, Problem, Reason, render};
use crate::wire::quoted;
use crate::{App, answer};
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use cors::Cors;
pub use cors::cors_origin;
use futures_util::FutureExt;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Method, StatusCode};
use orderpark_store::WriteState;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tower::ServiceExt;
use unread::Rest;

/// How long a handler may take, its body read included.
const HANDLER_MAX: Duration = Duration::from_secs(30);

/// Whether a valid token has come on the connection of a request.
#[derive(Clone, Debug)]
pub(crate) struct Known(pub Arc<AtomicBool>);

/// The door of every request.
#[derive(Clone)]
pub(crate) struct Front {
    app: Arc<App>,
    others: Router,
}

/// The whole server as one axum router, for tests in process and for embedding.
pub fn router(app: Arc<App>) -> Router {
    let front = Front::new(app);
    Router::new().fallback(move |request: Request| {
        let front = front.clone();
        async move { front.answer(request, Ok(())).await }
    })
}

impl Front {
    pub(crate) fn new(app: Arc<App>) -> Front {
        let others = others::router(Arc::clone(&app));
        Front { app, others }
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// Ends what would go on for ever.
    pub(crate) fn end_streams(&self) {
        self.app.streams.close();
    }

    /// Answers a request, whatever happens; one that the listener has refused, with that.
    pub(crate) async fn answer(&self, request: Request, verdict: Result<(), Problem>) -> Response {
        let form = Form::of(request.headers());
        // Clones of the bytes of the head are references to them.
        let asked = Asked { method: request.method().clone(), uri: request.uri().clone() };
        let cors = Cors::of(&self.app.settings.cors_origins, &request);
        let stranger = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.ip());
        let (request, rest) = Rest::of(request, &self.app);
        let result = match (verdict, &cors) {
            (Err(refused), _) => Err(refused),
            (Ok(()), Some(cors)) if cors.is_preflight => Ok(answer::preflight()),
            (Ok(()), _) => guarded(self.dispatch(request)).await,
        };
        let mut response = self.finish(result, &asked, form);
        if let Some(cors) = cors {
            cors.mark(response.headers_mut());
        }
        let kept = match rest {
            _ if unread::is_last(response.status()) => false,
            Some(rest) => rest.read().await,
            None => true,
        };
        if let Some(address) = stranger.filter(|_| was_refused_to_a_stranger(&asked, response.status())) {
            self.app.limits.slow_down(Client::Stranger(address)).await;
        }
        if !kept || self.app.draining.load(Ordering::Relaxed) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        tracing::debug!(method = %asked.method, path = ?asked.uri.path(), code = response.status().as_u16(), "answered");
        response
    }

    async fn dispatch(&self, request: Request) -> Result<Response, Problem> {
        limits::check(&request)?;
        let request = with_plain_path(request);
        if let Some((base, _)) = Base::split(request.uri().path()) {
            return core::answer(self, base, request).await;
        }
        match self.others.clone().oneshot(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }

    fn finish(&self, result: Result<Response, Problem>, asked: &Asked, form: Form) -> Response {
        let mut response = match result {
            Ok(response) => self.render_within(response, asked, form),
            Err(problem) => render(&self.app, &problem, form, asked),
        };
        if asked.method == Method::HEAD {
            response = without_body(response);
        }
        response
    }

    /// A handler of the axum router answers its problems unrendered; those of axum itself have no form at all.
    fn render_within(&self, mut response: Response, asked: &Asked, form: Form) -> Response {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            let problem = match response.headers_mut().remove(ALLOW) {
                Some(allow) => problem.header(ALLOW, allow),
                None => problem,
            };
            return render(&self.app, &problem, form, asked);
        }
        response
    }
}

/// Whether the request was refused, and anybody could have sent it.
fn was_refused_to_a_stranger(asked: &Asked, status: StatusCode) -> bool {
    status == StatusCode::UNAUTHORIZED || (status.is_client_error() && Base::split(asked.uri.path()).is_none())
}

/// Ends what takes too long, and catches panics: the process lives, and so does the connection.
async fn guarded(work: impl Future<Output = Result<Response, Problem>>) -> Result<Response, Problem> {
    match AssertUnwindSafe(tokio::time::timeout(HANDLER_MAX, work)).catch_unwind().await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Problem::timeout()),
        Err(panic) => Err(Problem::internal(format!("a handler panicked: {}", panic_message(&*panic)))),
    }
}

/// Double slashes and a trailing one are tolerated (domain.md, conventions).
fn with_plain_path(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.len() < 2 || !(path.ends_with('/') || path.contains("//")) {
        return request;
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let mut target = format!("/{}", segments.join("/"));
    if let Some(query) = request.uri().query() {
        target = format!("{target}?{query}");
    }
    if let Ok(uri) = target.parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// A method that the resource does not have; `allowed` are those that it has, where they are known.
pub(crate) fn method_not_allowed(method: &Method, allowed: &str) -> Problem {
    let instead = match allowed {
        "" => "the header Allow lists the allowed methods".to_owned(),
        allowed => format!("use {allowed}"),
    };
    let message = format!("the method {} is not allowed at this address; {instead}", quoted(method.as_str()));
    Problem::new(Reason::MethodNotAllowed, message)
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
        WriteState::Stopped | WriteState::Unreachable | WriteState::Failing => {
            answer::not_ready("the database does not take changes now")
        }
        WriteState::ClockBehind { .. } => {
            answer::not_ready("the clock is far behind the end of the journal: no changes are taken")
        }
    }
}

#[cfg(test)]
mod tests;
