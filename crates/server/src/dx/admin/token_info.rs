//! `GET /oauth/tokeninfo?access_token=` (or `token=`): the attributes of a valid token, to whoever
//! holds it, without `Authorization`.

use super::asked::Asked;
use super::token_shown;
use crate::problem::Reason;
use crate::{App, Problem, access};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = Asked::in_query(query.as_deref())?;
    let issued = access::find(&app, asked.token()?).await?;
    let issued = issued.map_err(|why| Problem::new(Reason::InvalidRequest, why.to_string()).oauth("invalid_token"))?;
    Ok(token_shown::token(&app, &issued))
}
