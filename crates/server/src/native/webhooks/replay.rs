//! `POST /webhookEndpoints/{ref}/replay`: sends again what was sent before, or could have been.
//!
//! `{"eventId": "17.0"}` is one event, `{"after": …, "until": …}` a stretch of the feed, `{"exhausted": true}` all that was
//! given up. Nothing is sent here: what is asked for is written down, and whoever delivers to the endpoint finds it.
//! Each stretch that waits costs a row and later as many requests as it has events, so few may wait at once.

use super::{find, with_delivery};
use crate::dx::Call;
use crate::native::events::unknown;
use crate::problem::Reason;
use crate::wire::fields::{Meant, Read};
use crate::wire::{Json, text, time};
use crate::{App, Problem};
use axum::response::Response;
use orderpark_domain::{Endpoint, EndpointRef, Instant};
use orderpark_store::deliveries::{ReplayAsk, Target};
use orderpark_store::{EventPlace, FeedPosition};
use std::sync::Arc;

/// Stretches that may wait for one endpoint. Requests that come at the same instant may go a little beyond.
const WAITING_MAX: u64 = 10;

pub(crate) async fn replay(call: Call) -> Result<Response, Problem> {
    let endpoint = find(&call).await?;
    let asked = read(&call)?;
    if !endpoint.is_active() {
        return Err(Problem::new(Reason::EndpointDisabled, "the endpoint is DISABLED; enable it first"));
    }
    let what = match asked {
        Asked::One(event) => Some(one(&call, &endpoint, event).await?),
        Asked::Range { after, until } => range(&call, &endpoint, after, until).await?,
        Asked::Exhausted => Some(ReplayAsk::Exhausted),
    };
    if let Some(what) = what.filter(|_| !call.dry_run)
        && !ask(&call, endpoint.endpoint, what).await?
    {
        return Err(Problem::not_found());
    }
    let (shown, etag) = with_delivery(&call, &endpoint).await?;
    Ok(call.done(&shown, &etag, false))
}

/// Writes it down, on a task that a client who hangs up does not cancel. Whoever delivers need not wait to find it.
async fn ask(call: &Call, endpoint: EndpointRef, what: ReplayAsk) -> Result<bool, Problem> {
    let (app, scope) = (Arc::clone(&call.app), call.scope.clone());
    let work = tokio::spawn(async move {
        let asked = app.store.ask_replay(&scope, endpoint, what).await;
        app.deliveries.poke(Target::Endpoint(endpoint));
        asked
    });
    Ok(work.await.map_err(|panic| Problem::internal(panic.to_string()))??)
}

/// What a body asks for.
enum Asked {
    One(FeedPosition),
    Range { after: Edge, until: Option<Edge> },
    Exhausted,
}

/// One end of a stretch of the feed.
#[derive(Clone, Copy)]
enum Edge {
    Position(FeedPosition),
    At(Instant),
}

impl Meant for Edge {}

fn read(call: &Call) -> Result<Asked, Problem> {
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let event = fields.optional("eventId", event_id);
    let after = fields.optional("after", edge);
    let until = fields.optional("until", edge);
    let exhausted = fields.optional("exhausted", only_true);
    fields.finish()?;
    match (event, after, until, exhausted) {
        (Some(event), None, None, None) => Ok(Asked::One(event)),
        (None, Some(after), until, None) => Ok(Asked::Range { after, until }),
        (None, None, None, Some(())) => Ok(Asked::Exhausted),
        _ => Err(Problem::new(
            Reason::InvalidAttribute,
            "send exactly one of eventId, after (with or without until), and exhausted",
        )),
    }
}

fn event_id(value: &Json) -> Read<FeedPosition> {
    let id = text::reference(value)?;
    let event = FeedPosition::parse(&id).filter(|event| event.place.number != u32::MAX);
    event.ok_or_else(|| "must be the id of an event".into())
}

fn edge(value: &Json) -> Read<Edge> {
    let text = text::reference(value)?;
    let position = FeedPosition::parse(&text).map(Edge::Position);
    position.or_else(|| time::parse(&text).map(Edge::At)).ok_or_else(|| "must be the id of an event, or a time".into())
}

fn only_true(value: &Json) -> Read<()> {
    if *value == Json::Bool(true) { Ok(()) } else { Err("must be true, or absent".into()) }
}

/// One event: one that the endpoint may hear, and wants.
async fn one(call: &Call, endpoint: &Endpoint, event: FeedPosition) -> Result<ReplayAsk, Problem> {
    let _permit = call.app.limits.list_read(call.caller.tenant()).await?;
    let place = known(&call.app, endpoint, "eventId", event).await?;
    let found = call.app.store.get_event(&endpoint.hears(), place).await?;
    let found = found.is_some_and(|found| endpoint.wants(&found.notice));
    let unheard = || Problem::field(Reason::UnknownReference, "eventId", "names no event that this endpoint receives");
    found.then_some(ReplayAsk::One(place)).ok_or_else(unheard)
}

/// A stretch of what has happened until now, if not too many wait already.
/// None: nothing happened in it.
async fn range(
    call: &Call,
    endpoint: &Endpoint,
    after: Edge,
    until: Option<Edge>,
) -> Result<Option<ReplayAsk>, Problem> {
    let (app, _permit) = (&call.app, call.app.limits.list_read(call.caller.tenant()).await?);
    let status = app.store.delivery_status(&call.scope, endpoint.endpoint).await?;
    if status.is_some_and(|status| status.replays >= WAITING_MAX) {
        let message =
            format!("this endpoint already has {WAITING_MAX} replays in progress; try again when one has ended");
        return Err(Problem::new(Reason::TooManyRequests, message).retry_after(60));
    }
    let end = app.store.events_end().await?.place;
    let is_order = match (after, until) {
        (Edge::At(after), Some(Edge::At(until))) => after < until,
        (Edge::Position(after), Some(Edge::Position(until))) => after.place < until.place,
        (Edge::At(after), None) => after <= app.now(),
        _ => true,
    };
    let after = place(app, endpoint, "after", after).await?;
    let until = match until {
        Some(until) => place(app, endpoint, "until", until).await?.min(end),
        None => end,
    };
    if !is_order || after > until {
        let rule = "must be later than after, and after must not be in the future";
        return Err(Problem::field(Reason::InvalidAttribute, "until", rule));
    }
    Ok((after < until).then_some(ReplayAsk::Range { after, until }))
}

async fn place(app: &App, endpoint: &Endpoint, name: &str, edge: Edge) -> Result<EventPlace, Problem> {
    match edge {
        Edge::Position(position) => known(app, endpoint, name, position).await,
        Edge::At(at) => Ok(app.store.event_place_before(at).await?),
    }
}

/// The place of a position that the feed has, as far as the endpoint may know.
async fn known(app: &App, endpoint: &Endpoint, name: &str, position: FeedPosition) -> Result<EventPlace, Problem> {
    let is_known = app.store.follow_events(&endpoint.hears(), position, 1).await?.is_some();
    is_known.then_some(position.place).ok_or_else(|| unknown(name, position))
}
