//! The Admin half of the DX API: tokens and profiles (domain.md, "Tokens").
//!
//! The token endpoints stand before the check of `Authorization`: a client that proves its secret, or shows a token,
//! needs no other. What they take may stand in the query or in the form, never the same name twice; a secret only in
//! the form. A slash at the end of a path is tolerated.

mod asked;
mod credentials;
mod profiles;
mod token_info;
mod token_issue;
mod token_revoke;
mod token_shown;

use crate::App;
use axum::Router;
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;

/// The paths of [`routes`], to point at.
pub(crate) const PATHS: [&str; 4] = ["/oauth/token", "/oauth/revoke_token", "/oauth/tokeninfo", "/profiles"];

/// The operations below each Admin base path. Problems come out bare, for the front to render. The address of a client
/// is that of `axum::extract::ConnectInfo<SocketAddr>` in the request's extensions, where the listener puts it.
pub(crate) fn routes() -> Router<Arc<App>> {
    let [token, revoke, info, profiles] = PATHS;
    let router = at(Router::new(), token, &post(token_issue::issue));
    let router = at(router, revoke, &post(token_revoke::revoke));
    let router = at(router, info, &get(token_info::show));
    let router = at(router, "/users-auth/protocol/openid-connect/token", &post(token_issue::issue));
    let router = at(router, profiles, &get(profiles::list));
    at(router, "/profiles/{profileId}", &get(profiles::show))
}

fn at(router: Router<Arc<App>>, path: &str, methods: &MethodRouter<Arc<App>>) -> Router<Arc<App>> {
    router.route(path, methods.clone()).route(&format!("{path}/"), methods.clone())
}
