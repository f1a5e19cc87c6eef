//! One request to the Core API, up to its handler.

use super::{Front, Known, limits, method_not_allowed, unserved};
use crate::dx::{Base, Call};
use crate::limits::{Client, Tenant};
use crate::memory::{COUNTED_MIN, Counted, Reserved};
use crate::problem::Reason;
use crate::router::{self, Found, Operation};
use crate::wire::parameters::DRY_RUN;
use crate::wire::{Query, accept};
use crate::{App, Problem, access, answer as answers};
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::BodyExt as _;
use orderpark_domain::Caller;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Authenticates before anything is said about objects and methods; the paths that are served are
/// public.
pub(super) async fn answer(front: &Front, base: Base, request: Request) -> Result<Response, Problem> {
    let app = &front.app;
    let (parts, body) = request.into_parts();
    match router::find(&parts.method, &parts.uri.path()[base.path.len()..]) {
        Found::Operation(operation, path_ref) => {
            let caller = access::authenticate(app, &parts.headers).await?;
            if let Some(Known(is_known)) = parts.extensions.get() {
                is_known.store(true, Ordering::Relaxed);
            }
            let tenant = caller.tenant();
            let path_ref = path_ref.to_ascii_lowercase();
            let request = OperationRequest { base, operation, path_ref, parts, body };
            let result = match app.limits.count_request(&caller, &app.settings) {
                Ok(()) => operate(app, caller, request).await,
                Err(too_many) => Err(too_many),
            };
            if result.is_err() {
                app.limits.slow_down(Client::Tenant(tenant)).await;
            }
            result
        }
        Found::OtherMethods(methods) => {
            access::admit(app, &parts.headers).await?;
            Err(allowing(&parts.method, &methods))
        }
        Found::Nothing => Err(unserved::problem(parts.uri.path())),
    }
}

/// Reads the body of a caller who has proved itself. One that is large, or does not say how long it
/// is, is counted.
async fn read_body(
    app: &App,
    tenant: Tenant,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Option<Reserved>), Problem> {
    let length = if body.is_end_stream() { 0 } else { limits::announced(headers).unwrap_or(limits::BODY_MAX) };
    let counts = (COUNTED_MIN..=limits::BODY_MAX).contains(&length);
    let mut held = if counts { Some(app.memory.soon(tenant, length).await?) } else { None };
    let body = limits::read_body(headers, body, limits::BODY_MAX).await?;
    if let Some(held) = &mut held {
        held.shrink(body.len());
    }
    Ok((body, held))
}

/// Counts the text of an answer that is large and not counted yet, as that of lists is.
async fn counted(app: &App, tenant: Tenant, response: Response) -> Result<Response, Problem> {
    let length = response.body().size_hint().exact().unwrap_or_default();
    if length < COUNTED_MIN as u64 || response.extensions().get::<Counted>().is_some() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    // It is there as a whole: nothing is waited for or copied.
    let text = body.collect().await.map_err(|error| Problem::internal(error.to_string()))?.to_bytes();
    Ok(Response::from_parts(parts, Body::from(app.memory.hold(tenant, text))))
}

/// A request to an operation.
struct OperationRequest {
    base: Base,
    operation: &'static Operation,
    path_ref: String,
    parts: Parts,
    body: Body,
}

/// Answers an authenticated request.
async fn operate(app: &Arc<App>, caller: Caller, request: OperationRequest) -> Result<Response, Problem> {
    let OperationRequest { base, operation, path_ref, parts, body } = request;
    let tenant = caller.tenant();
    app.memory.check(tenant)?;
    let (query, dry_run) = judge(app, &caller, operation, &parts)?;
    // That of a DELETE is read as well, to refuse what it asks for.
    let (caller, body, _held) = if operation.parameters().is_write() {
        let (body, held) = read_body(app, tenant, &parts.headers, body).await?;
        // That may have taken long, and the token may be dead by now.
        (access::authenticate(app, &parts.headers).await?, body, held)
    } else {
        (caller, Bytes::new(), None)
    };
    let scope = caller.may(operation.action)?;
    let permit = if operation.parameters().is_write() {
        Some(app.limits.change(tenant).await?)
    } else if operation.reads_object() {
        Some(app.limits.object_read(tenant).await?)
    } else {
        None
    };
    let (for_call, headers) = (Arc::clone(app), parts.headers);
    let call = Call { app: for_call, permit, base, caller, scope, path_ref, query, headers, body, operation, dry_run };
    if call.operation.method == Method::DELETE {
        call.expect_no_attributes()?;
    }
    let response = (operation.handler)(call).await?;
    debug_assert_eq!(response.headers().contains_key(answers::DRY_RUN), dry_run, "a dry run is marked");
    counted(app, tenant, response).await
}

/// Checks that need no body. Answers the query, and whether this is a dry run.
fn judge(app: &App, caller: &Caller, operation: &'static Operation, parts: &Parts) -> Result<(Query, bool), Problem> {
    caller.may(operation.action)?;
    if operation.is_stream() {
        accept::check_stream(&parts.headers)?;
    } else {
        accept::check_answer(&parts.headers)?;
    }
    let (parameters, text) = (operation.parameters(), parts.uri.query().unwrap_or_default());
    let query = Query::parse(text, parameters, app.settings.ignore_unknown_fields)?;
    let dry_run = parameters.is_write() && query.flag(DRY_RUN)?.unwrap_or(false);
    if parameters.is_write() && !dry_run && parts.headers.contains_key(answers::DRY_RUN) {
        let message =
            format!("the header Dry-Run is one of answers; ask for a dry run with {}", parameters.example(DRY_RUN));
        return Err(Problem::new(Reason::UnknownParameter, message));
    }
    if parameters.is_write() && operation.method != Method::DELETE {
        accept::check_body(&parts.headers)?;
    }
    Ok((query, dry_run))
}

fn allowing(asked: &Method, methods: &[&'static Method]) -> Problem {
    let mut names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    let names = names.join(", ");
    let problem = method_not_allowed(asked, &names);
    match HeaderValue::from_str(&names) {
        Ok(value) => problem.header(ALLOW, value),
        Err(_) => problem,
    }
}
