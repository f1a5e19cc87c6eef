//! `POST /oauth/revoke_token`, with `access_token` or, as RFC 7009 has it, `token`, in query or
//! form: the token dies; an unknown one is dead already, which is 200 as well.

use super::asked::Asked;
use super::token_shown::never_kept;
use crate::{App, Problem, access, answer};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use std::sync::Arc;

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::in_query_or_form(query.as_deref(), &headers, body, false).await?;
    access::revoke(&app, asked.token()?).await?;
    let mut response = answer::bytes(Bytes::from_static(b"{}"));
    never_kept(&mut response);
    Ok(response)
}
