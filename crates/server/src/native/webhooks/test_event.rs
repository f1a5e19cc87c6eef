//! `POST /webhookEndpoints/{ref}/test`: sends a signed `webhook.test` at once, and answers what came of it.
//!
//! It is one attempt, logged like every other, and never repeated. A disabled endpoint can be tested too: that is how its
//! owner sees whether it can be enabled again. The sending is a task of its own, so that a client that hangs up neither ends
//! it nor leaves it out of the log; and since it makes this server wait for somebody else, the endpoints of one party have few
//! at once, however many users it has. A dry run answers the event that would be sent, whose
//! `data.url` says where.

use super::find;
use crate::delivery::{Probe, Whom};
use crate::dx::Call;
use crate::limits::Place;
use crate::problem::Reason;
use crate::wire::{self, idempotency};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::Endpoint;
use orderpark_store::deliveries::{Attempt, Target};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

pub(crate) async fn test(mut call: Call) -> Result<Response, Problem> {
    let endpoint = find(&call).await?;
    call.expect_no_attributes()?;
    // It would keep none, but what is no key is none here either.
    idempotency::key(&call.headers)?;
    let place = call.app.limits.test(call.caller.tenant())?;
    if call.dry_run {
        let (at, test) = (call.app.now(), Probe::Test);
        let id = test.webhook_id(&call.app, at);
        return Ok(answer::dry_run(&wire::TestEvent::of(&id, test.kind(), at, &endpoint)));
    }
    pace(&call, &endpoint).await?;
    call.wait_outside();
    let (app, lasting) = (Arc::clone(&call.app), call.lasting());
    let sees_inside = call.scope.is_everything();
    let work = tokio::spawn(async move { send(&app, &endpoint, place, sees_inside).await });
    let attempt = work.await.map_err(|panic| Problem::internal(panic.to_string()))??;
    // That may have taken long, and what the receiver answered is for those alone who may still
    // read it.
    lasting.check(&call.app, &call.scope).await?;
    Ok(answer::json(&wire::Attempt::of(&attempt, sees_inside)))
}

/// Counts the test to what is sent to its receiver.
async fn pace(call: &Call, endpoint: &Endpoint) -> Result<(), Problem> {
    let whom = Whom::Endpoint(Box::new(endpoint.clone()));
    let Some(rate) = whom.rate(&call.app.settings.deliveries) else { return Ok(()) };
    let destinations = call.app.outside.destinations(&endpoint.url);
    let root = whom.owner(&call.app).await?.root;
    call.app.limits.egress.send(root, destinations, rate).map_err(|wait| {
        let message = "as many messages are sent to the receiver of this endpoint as are allowed";
        Problem::new(Reason::TooManyRequests, message).retry_after(wait.as_secs() + 1)
    })
}

/// Sends a test, or a challenge where the endpoint still has to prove itself.
async fn send(app: &App, endpoint: &Endpoint, _place: Place, sees_inside: bool) -> Result<Attempt, Problem> {
    let began = Instant::now();
    let state = app.store.target_state(Target::Endpoint(endpoint.endpoint)).await?;
    let tried = Probe::of(app, endpoint, &state).send(app, endpoint).await?;
    if tried.inside && !tried.is_success && !sees_inside {
        // A port that is closed answers sooner than one that is not: failures are told at full
        // seconds.
        sleep_until(began + Duration::from_secs(began.elapsed().as_secs() + 1)).await;
    }
    let none = || Problem::new(Reason::Overloaded, "this server has no connection to spare").retry_after(5);
    tried.attempt.ok_or_else(none)
}
