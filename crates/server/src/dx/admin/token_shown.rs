//! How a token is shown to its client, and to whoever holds it.

use crate::access::Issued;
use crate::{App, answer};
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, PRAGMA};
use serde::Serialize;

#[derive(Serialize)]
struct Shown<'t> {
    access_token: &'t str,
    token_type: &'static str,
    expires_in: i64,
    client_id: &'t str,
    scope: String,
    jti: &'t str,
    customer_id: String,
    operator_id: &'t str,
}

/// Answers with a token. Nothing on the way may keep it (RFC 6749, 5.1).
pub(super) fn token(app: &App, issued: &Issued) -> Response {
    let scopes: Vec<String> = issued.token.grants.iter().map(ToString::to_string).collect();
    let mut response = answer::json(&Shown {
        access_token: &issued.text,
        token_type: "bearer",
        expires_in: issued.expires_in(app.now()),
        client_id: &issued.token.client_id,
        scope: format!("[{}]", scopes.join(", ")),
        jti: &issued.token.jti,
        customer_id: issued.user.party.to_string(),
        operator_id: &app.settings.operator_id,
    });
    never_kept(&mut response);
    response
}

/// Marks an answer that nothing on the way may keep.
pub(super) fn never_kept(response: &mut Response) {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
}
