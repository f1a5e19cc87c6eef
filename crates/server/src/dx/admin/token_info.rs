//! `GET /oauth/tokeninfo?access_token=`: the attributes of a valid token, to whoever holds it, without `Authorization`.

use super::asked::Asked;
use super::token_shown;
use crate::problem::Reason;
use crate::{App, Problem, access};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = Asked::in_query(query.as_deref())?;
    let text = asked.needed("access_token")?;
    let invalid = || Problem::new(Reason::InvalidRequest, "the access token is not valid").oauth("invalid_token");
    let issued = access::find(&app, text).await?.ok_or_else(invalid)?;
    Ok(token_shown::token(&app, &issued))
}
