//! One request to the Core API, up to its handler.

use super::{Front, limits, method_not_allowed};
use crate::dx::{Base, Call};
use crate::router::{self, Found, Operation};
use crate::wire::{Query, accept};
use crate::{Problem, access};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderValue, Method};
use orderpark_domain::Caller;
use std::sync::Arc;

/// Authenticates first of all, so that nobody learns what exists without a token.
pub(super) async fn answer(front: &Front, base: Base, request: Request) -> Result<Response, Problem> {
    let Front { app, turns, streams, tests, .. } = front;
    let (parts, body) = request.into_parts();
    let caller = access::authenticate(app, &parts.headers).await?;
    match router::find(&parts.method, &parts.uri.path()[base.path.len()..]) {
        Found::Operation(operation, path_ref) => {
            let query = judge(&caller, operation, &parts)?;
            let (caller, body) = if takes_body(operation) {
                let body = limits::read_body(&parts.headers, body).await?;
                // That may have taken long, and the token may be dead by now.
                (access::authenticate(app, &parts.headers).await?, body)
            } else {
                (caller, Bytes::new())
            };
            let scope = caller.may(operation.action)?;
            let (app, path_ref, headers) = (Arc::clone(app), path_ref.to_owned(), parts.headers);
            let (turns, streams, tests) = (turns.clone(), streams.clone(), tests.clone());
            let call =
                Call { app, turns, streams, tests, base, caller, scope, path_ref, query, headers, body, operation };
            (operation.handler)(call).await
        }
        Found::OtherMethods(methods) => Err(allowing(&parts.method, &methods)),
        Found::Nothing => Err(Problem::not_found()),
    }
}

/// What can be refused before the body is read.
fn judge(caller: &Caller, operation: &Operation, parts: &Parts) -> Result<Query, Problem> {
    caller.may(operation.action)?;
    if operation.is_stream() {
        accept::check_stream(&parts.headers)?;
    } else {
        accept::check_answer(&parts.headers)?;
    }
    let query = Query::parse(parts.uri.query().unwrap_or_default())?;
    if takes_body(operation) {
        accept::check_body(&parts.headers)?;
    }
    Ok(query)
}

fn takes_body(operation: &Operation) -> bool {
    operation.method == Method::POST || operation.method == Method::PUT
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
