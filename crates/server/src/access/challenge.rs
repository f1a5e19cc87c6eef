//! Challenges: the 401 of a request without a valid token (RFC 6750, 3; RFC 9110, 11.6.1), which
//! says what is wrong.
//!
//! Only a request that carries the text of a token that this server signed learns what became of
//! that token.

use super::Access;
use crate::problem::Reason;
use crate::wire::time::Time;
use crate::{App, Problem};
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use orderpark_domain::{Caller, Instant};
use std::fmt;

/// How to get a token, for the end of each sentence.
const HOW: &str = "get an access token from POST /admin/latest/api/oauth/token with your client_id and client_secret, \
                   and send it as 'Authorization: Bearer <token>'";

/// Why a request is not authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unproved {
    /// No `Authorization`.
    Nothing,
    /// Several of them.
    Several,
    /// A scheme other than `Bearer`, in lower case.
    Scheme(String),
    /// `Bearer` without a token, or a header that is no text.
    Malformed,
    /// The token has expired.
    Expired(Instant),
    /// This server signed it, and it was revoked or replaced since.
    Ended,
    /// This server did not issue it, as far as it can tell.
    Foreign,
    /// The token's user was deleted while the request was under way.
    UserGone,
}

impl Unproved {
    /// Whether the request sent a bearer token, so that the challenge names an error (RFC 6750,
    /// 3.1).
    fn sent_a_token(&self) -> bool {
        match self {
            Unproved::Nothing | Unproved::Several | Unproved::Scheme(_) | Unproved::Malformed => false,
            Unproved::Expired(_) | Unproved::Ended | Unproved::Foreign | Unproved::UserGone => true,
        }
    }
}

impl fmt::Display for Unproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unproved::Nothing => write!(f, "the request has no Authorization header"),
            Unproved::Several => write!(f, "the request has several Authorization headers; send one"),
            Unproved::Scheme(scheme) => {
                write!(f, "the Authorization header has the scheme '{scheme}', but this operation needs 'Bearer'")
            }
            Unproved::Malformed => write!(f, "the Authorization header must be 'Bearer', a space and a token"),
            Unproved::Expired(at) => write!(f, "the access token expired at {}", Time(*at)),
            Unproved::Ended => write!(f, "the access token was revoked, or replaced by a newer one of the same client"),
            Unproved::Foreign => {
                write!(f, "this server did not issue the access token, or the token is incomplete")
            }
            Unproved::UserGone => write!(f, "the user of the access token was deleted; use another client"),
        }
    }
}

impl From<Unproved> for Problem {
    fn from(why: Unproved) -> Problem {
        let challenge = if why.sent_a_token() {
            format!("Bearer realm=\"orderpark\", error=\"invalid_token\", error_description=\"{why}\"")
        } else {
            "Bearer realm=\"orderpark\"".to_owned()
        };
        let message = if why == Unproved::UserGone { why.to_string() } else { format!("{why}: {HOW}") };
        let problem = Problem::new(Reason::Unauthorized, message);
        match HeaderValue::from_str(&challenge) {
            Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
            Err(_) => problem,
        }
    }
}

/// Refuses a token that is older than the operator wants for a change of credentials and endpoints,
/// as a step up of the authentication (RFC 9470, 3).
pub(crate) fn check_fresh(app: &App, caller: &Caller) -> Result<(), Problem> {
    let Some(max) = app.settings.token_fresh_for_credentials_s else { return Ok(()) };
    if caller.proved_at().is_some_and(|at| app.now() < at.plus_seconds(max)) {
        return Ok(());
    }
    let message = format!(
        "the access token was issued more than {max} seconds ago, which is too long for a change of users, secrets and \
         webhook endpoints; get a new one from POST /admin/latest/api/oauth/token with renewToken=true, and send the \
         request again with it"
    );
    let error = "error=\"insufficient_user_authentication\"";
    let challenge = format!(
        "Bearer realm=\"orderpark\", {error}, error_description=\"a newer token is needed\", max_age=\"{max}\""
    );
    let problem = Problem::new(Reason::FreshTokenNeeded, message);
    Err(match HeaderValue::from_str(&challenge) {
        Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    })
}

impl Access {
    /// The reason why a token is not valid. `expired_at` is from the store, if it knows the token.
    pub(crate) fn why_not(&self, token: &str, expired_at: Option<Instant>, now: Instant) -> Unproved {
        match expired_at.or_else(|| self.signer.expiry_of(token)) {
            Some(end) if end <= now => Unproved::Expired(end),
            Some(_) => Unproved::Ended,
            None => Unproved::Foreign,
        }
    }
}
