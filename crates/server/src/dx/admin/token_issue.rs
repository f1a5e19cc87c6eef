//! `POST /oauth/token`: a client proves its secret and is given a token (RFC 6749, 4.4; domain.md, "Tokens").
//!
//! Rules: `grant_type=client_credentials`, form-encoded. The client is named by `client_id` and `client_secret` in the
//! form, or by HTTP Basic, never by both, and never in the query, which ends up in logs
//! (`tokens.lenient_requests` allows it). `validityPeriod` and `renewToken` may stand in the query
//! or in the form. 400 for a request that is not one; 401 for a client that did not prove itself;
//! 429 for one that keeps failing. Errors carry `error` and `error_description` beside the
//! attributes of every error.

use super::asked::Asked;
use super::credentials::Credentials;
use super::token_shown;
use crate::access::{self, ClientId, NotProved, Validity};
use crate::problem::Reason;
use crate::wire::{flag, quoted};
use crate::{App, Problem, Settings};
use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

pub(super) async fn issue(
    State(app): State<Arc<App>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let lenient = app.settings.lenient_token_requests;
    let asked = Asked::in_query_or_form(query.as_deref(), &headers, body, lenient).await?;
    check_grant_type(&asked, lenient)?;
    let credentials = Credentials::read(&asked, &headers, lenient)?;
    let validity = validity(&asked, &app.settings)?;
    let renew = renew(&asked)?;
    let client = ClientId::parse(&credentials.client_id, &app.settings);
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(peer))| peer.ip());
    let proved = access::prove(&app, &client, &credentials.client_secret, address).await;
    let proved = proved.map_err(|why| refusal(why, &client))?;
    let issued = access::issue(&app, &client, proved.user, proved.secret, validity, renew).await?;
    Ok(token_shown::token(&app, &issued))
}

fn check_grant_type(asked: &Asked, lenient: bool) -> Result<(), Problem> {
    let in_query = asked.query("grant_type").is_some();
    let given = if lenient { asked.anywhere("grant_type")? } else { asked.form("grant_type") };
    let (rule, error) = match given {
        Some("client_credentials") => return Ok(()),
        Some(other) => (format!("must be client_credentials, not {}", quoted(other)), "unsupported_grant_type"),
        None if in_query => {
            ("is in the address, and belongs in the form (the body of the request)".into(), "invalid_request")
        }
        None => ("is needed: send grant_type=client_credentials in the form".into(), "invalid_request"),
    };
    Err(Problem::field(Reason::InvalidAttribute, "grant_type", rule).oauth(error))
}

/// What was asked for, or the default; never more than the operator allows.
fn validity(asked: &Asked, settings: &Settings) -> Result<Validity, Problem> {
    let wanted = match asked.anywhere("validityPeriod")? {
        Some(text) => {
            let wrong =
                |error: access::NotAValidity| invalid("validityPeriod", format!("{error}, not {}", quoted(text)));
            text.parse().map_err(wrong)?
        }
        None => Validity::Seconds(settings.token_validity_default_s),
    };
    Ok(settings.token_validity_max_s.map_or(wanted, |max| wanted.min(Validity::Seconds(max))))
}

fn renew(asked: &Asked) -> Result<bool, Problem> {
    match asked.anywhere("renewToken")? {
        None => Ok(false),
        Some(text) => {
            flag(text).ok_or_else(|| invalid("renewToken", format!("must be true or false, not {}", quoted(text))))
        }
    }
}

fn invalid(name: &'static str, rule: String) -> Problem {
    Problem::field(Reason::InvalidAttribute, name, rule).oauth("invalid_request")
}

fn refusal(why: NotProved, client: &ClientId) -> Problem {
    match why {
        NotProved::Wrong => client.not_proved(),
        NotProved::Throttled(wait) => {
            Problem::new(Reason::TooManyRequests, "too many wrong secrets for this client from this address; wait as Retry-After says, and check client_id and client_secret")
                .retry_after(wait.seconds.into())
                .oauth("invalid_client")
        }
        NotProved::Failed(problem) => problem,
    }
}

#[cfg(test)]
mod tests;
