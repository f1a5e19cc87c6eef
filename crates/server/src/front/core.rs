//! One request to the Core API, up to its handler.

use super::{limits, method_not_allowed};
use crate::dx::{Base, Call};
use crate::router::{self, Found, Operation};
use crate::wire::{Query, accept};
use crate::{App, Problem, access};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderValue, Method};
use orderpark_domain::Caller;
use std::sync::Arc;

/// Authenticates first of all, so that nobody learns what exists without a token.
pub(super) async fn answer(app: &Arc<App>, base: Base, request: Request) -> Result<Response, Problem> {
    let caller = access::authenticate(app, request.headers())?;
    let (parts, body) = request.into_parts();
    match router::find(&parts.method, &parts.uri.path()[base.path.len()..]) {
        Found::Operation(operation, path_ref) => {
            let path_ref = path_ref.to_owned();
            let call = call(app, base, caller, operation, path_ref, parts, body).await?;
            (operation.handler)(call).await
        }
        Found::OtherMethods(methods) => Err(allowing(&methods)),
        Found::Nothing => Err(Problem::not_found()),
    }
}

async fn call(
    app: &Arc<App>,
    base: Base,
    caller: Caller,
    operation: &'static Operation,
    path_ref: String,
    parts: Parts,
    body: Body,
) -> Result<Call, Problem> {
    let scope = caller.may(operation.action)?;
    accept::check_answer(&parts.headers)?;
    let query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let body = if operation.method == Method::POST || operation.method == Method::PUT {
        accept::check_body(&parts.headers)?;
        limits::read_body(&parts.headers, body).await?
    } else {
        Bytes::new()
    };
    Ok(Call { app: Arc::clone(app), base, caller, scope, operation, path_ref, query, headers: parts.headers, body })
}

fn allowing(methods: &[&'static Method]) -> Problem {
    let mut names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    let problem = method_not_allowed();
    match HeaderValue::from_str(&names.join(", ")) {
        Ok(value) => problem.header(ALLOW, value),
        Err(_) => problem,
    }
}
