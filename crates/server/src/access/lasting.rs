//! Continuous authorization: what outlives its authentication asks about its token again before
//! each further step.
//!
//! Whatever goes on after its handler was let in (a list that is read slice by slice, a stream of
//! events, a test that waits for its receiver) keeps a [`Lasting`], and ends where the token is
//! dead or good for something else.

use super::authenticate;
use crate::{App, Problem};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use orderpark_domain::{Action, Scope};

/// The token of a request, and the action that it was let in for.
#[derive(Clone)]
pub(crate) struct Lasting {
    /// `Authorization` alone.
    headers: HeaderMap,
    action: Action,
}

impl Lasting {
    pub(crate) fn new(headers: &HeaderMap, action: Action) -> Lasting {
        let headers = headers.get_all(AUTHORIZATION).iter().map(|value| (AUTHORIZATION, value.clone())).collect();
        Lasting { headers, action }
    }

    /// The scope that the token is good for now.
    pub(crate) async fn scope(&self, app: &App) -> Result<Scope, Problem> {
        Ok(authenticate(app, &self.headers).await?.may(self.action)?)
    }

    /// Refuses where the token is dead, or good for another scope than at the beginning.
    pub(crate) async fn check(&self, app: &App, began: &Scope) -> Result<(), Problem> {
        if self.scope(app).await? == *began { Ok(()) } else { Err(super::Unproved::Ended.into()) }
    }
}
