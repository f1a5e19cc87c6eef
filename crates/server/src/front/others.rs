//! Everything but the Core API: pages, health, and the Admin API below each of its base paths.

use super::{method_not_allowed, pages, ready, unserved};
use crate::dx::{ADMIN_BASES, admin, below, smp};
use crate::{App, Problem, access, answer};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, Method, Uri};
use std::sync::Arc;

/// Where clients of the Keycloak-shaped address look for tokens, at the root (domain.md, "Tokens").
pub(super) const TOKEN_ALIAS: &str = "/users-auth/protocol/openid-connect/token";

pub(super) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/", get(pages::index))
        .route(pages::ERRORS_PATH, get(pages::errors))
        .route("/health/live", get(async || answer::healthy()))
        .route("/health/ready", get(async |State(app): State<Arc<App>>| ready(&app)))
        .route(smp::SUBSCRIPTION, get(smp::subscription))
        .route_service(TOKEN_ALIAS, admin::routes().with_state(Arc::clone(&app)))
        .nest("/thingpark/dx", Router::new().route_service(TOKEN_ALIAS, admin::routes().with_state(Arc::clone(&app))));
    for base in ADMIN_BASES {
        router = router.nest(base, admin::routes());
    }
    router.fallback(unknown_route).method_not_allowed_fallback(unknown_method).with_state(app)
}

async fn unknown_route(uri: Uri) -> Problem {
    unserved::problem(uri.path())
}

async fn unknown_method(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authenticate_where_needed(&app, &uri, &headers).await?;
    Err(method_not_allowed(&method, ""))
}

/// Authenticates an unknown method where its path needs a token. The token endpoints never need
/// one.
async fn authenticate_where_needed(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let admin = ADMIN_BASES.iter().find_map(|base| below(uri.path(), base));
    let needs_token = admin.is_some_and(|rest| !rest.starts_with("/oauth/") && rest != TOKEN_ALIAS);
    if needs_token || below(uri.path(), smp::SMP_BASE).is_some() {
        access::admit(app, headers).await?;
    }
    Ok(())
}
