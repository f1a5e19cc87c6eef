//! `/webhookEndpoints`: where a party wants to be told of what it may see in the feed (docs/webhooks.md).
//!
//! What an endpoint is goes through the committer like everything else. How far it has been told, what waits and what was
//! sent is bookkeeping of the deliveries: it moves without the endpoint's revision, is shown with one endpoint and not in
//! lists, and is no part of what a `PUT` says.

pub(crate) mod attempts;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod replay;
pub(crate) mod rotate;
pub(crate) mod test_event;
pub(crate) mod update;

use crate::delivery::Probe;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::dx::core::users::creators;
use crate::wire::fields::Read;
use crate::wire::{self, Json, etag, text};
use crate::{App, Problem, answer};
use orderpark_domain::{Endpoint, EndpointRef, Outcome, PartyKind};
use orderpark_store::deliveries::Target;

/// The endpoint as a command has left it; whoever delivers to it looks at it anew.
fn changed(call: &Call, outcome: Outcome) -> Result<Endpoint, Problem> {
    match outcome {
        Outcome::Endpoint(endpoint) => {
            call.poke(Target::Endpoint(endpoint.endpoint));
            Ok(*endpoint)
        }
        other => Err(unexpected(&other)),
    }
}

/// The living endpoint that the path names.
async fn find(call: &Call) -> Result<Endpoint, Problem> {
    let endpoint = call.target(EndpointRef::parse)?;
    call.app.store.get_endpoint(&call.scope, endpoint).await?.ok_or_else(Problem::not_found)
}

/// Where an endpoint may be: an address that this server would send to.
fn address(app: &App, kind: PartyKind, value: &Json) -> Read<String> {
    let url = text::url(value)?;
    app.outside.check_url(&url, kind).map_err(|refused| refused.to_string())?;
    Ok(url)
}

/// An endpoint with how far it has been told, and its tag. The tag holds both; what a change is compared with stands first.
async fn with_delivery<'e>(call: &Call, endpoint: &'e Endpoint) -> Result<(wire::Endpoint<'e>, String), Problem> {
    let status = call.app.store.delivery_status(&call.scope, endpoint.endpoint).await?;
    let mut delivery = wire::Delivery::of(&status.ok_or_else(Problem::not_found)?);
    if call.app.settings.deliveries.require_proof {
        let state = call.app.store.target_state(Target::Endpoint(endpoint.endpoint)).await?;
        delivery = delivery.with_proof(Probe::of(&call.app, endpoint, &state) == Probe::Test);
    }
    let moved = etag::of_text(&answer::to_json(&delivery));
    let etag = format!("\"{}-{}\"", endpoint.revision, moved.trim_matches('"'));
    Ok((shown(call, endpoint).await?.with_delivery(delivery), etag))
}

/// An endpoint as the caller reads it.
async fn shown<'e>(call: &Call, endpoint: &'e Endpoint) -> Result<wire::Endpoint<'e>, Problem> {
    Ok(wire::Endpoint::of(endpoint).made_by(&creators(call, [endpoint.created_by]).await?))
}
