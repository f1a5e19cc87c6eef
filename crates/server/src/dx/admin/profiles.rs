//! `GET /profiles`, `GET /profiles/{profileId}`: the profiles of the configuration, for every valid token.

use crate::wire::Query;
use crate::{App, Problem, Profile, access, answer};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, Uri};
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct Shown<'p> {
    id: &'p str,
    name: &'p str,
}

impl Shown<'_> {
    fn of(profile: &Profile) -> Shown<'_> {
        Shown { id: &profile.id, name: &profile.name }
    }
}

pub(super) async fn list(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    access::admit(&app, &headers).await?;
    Query::expect_none(&uri, "/profiles", app.settings.ignore_unknown_fields)?;
    let profiles: Vec<Shown<'_>> = app.settings.profiles.iter().map(Shown::of).collect();
    Ok(answer::json(&profiles))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    access::admit(&app, &headers).await?;
    Query::expect_none(&uri, "/profiles/{profileId}", app.settings.ignore_unknown_fields)?;
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    let profile = app.settings.profiles.iter().find(|profile| profile.id == id).ok_or_else(Problem::not_found)?;
    Ok(answer::json(&Shown::of(profile)))
}
