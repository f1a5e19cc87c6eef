//! One request to the Core API, up to its handler.

use super::{Front, limits, method_not_allowed, unserved};
use crate::dx::{Base, Call};
use crate::problem::Reason;
use crate::router::{self, Found, Operation};
use crate::wire::parameters::DRY_RUN;
use crate::wire::{Query, accept};
use crate::{App, Problem, access, answer as answers};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderValue, Method};
use orderpark_domain::Caller;
use std::sync::Arc;

/// Authenticates before anything is said about objects and methods; the paths that are served are
/// public.
pub(super) async fn answer(front: &Front, base: Base, request: Request) -> Result<Response, Problem> {
    let app = &front.app;
    let (parts, body) = request.into_parts();
    match router::find(&parts.method, &parts.uri.path()[base.path.len()..]) {
        Found::Operation(operation, path_ref) => {
            let caller = access::admit(app, &parts.headers).await?;
            let (query, dry_run) = judge(app, &caller, operation, &parts)?;
            // That of a DELETE is read as well, to refuse what it asks for.
            let (caller, body) = if operation.parameters().is_write() {
                let body = limits::read_body(&parts.headers, body).await?;
                // That may have taken long, and the token may be dead by now.
                (access::authenticate(app, &parts.headers).await?, body)
            } else {
                (caller, Bytes::new())
            };
            let scope = caller.may(operation.action)?;
            let (app, path_ref, headers) = (Arc::clone(app), path_ref.to_ascii_lowercase(), parts.headers);
            let call = Call { app, base, caller, scope, path_ref, query, headers, body, operation, dry_run };
            if call.operation.method == Method::DELETE {
                call.expect_no_attributes()?;
            }
            let response = (operation.handler)(call).await?;
            debug_assert_eq!(response.headers().contains_key(answers::DRY_RUN), dry_run, "a dry run is marked");
            Ok(response)
        }
        Found::OtherMethods(methods) => {
            access::admit(app, &parts.headers).await?;
            Err(allowing(&parts.method, &methods))
        }
        Found::Nothing => Err(unserved::problem(parts.uri.path())),
    }
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
