//! `POST /orders[?withProcessingStrategyId=ID]`.

use super::order_of;
use crate::Problem;
use crate::dx::Call;
use crate::problem::Reason;
use crate::suppliers;
use crate::wire::{self, Fields, Json, etag, text};
use axum::response::Response;
use orderpark_domain::order::{OfferName, PlaceOrder};
use orderpark_domain::party::subscriber_with_id;
use orderpark_domain::{Command, Intent, OfferRef, OrderState, PartyRef, Refusal};
use orderpark_store::{OrderFilter, Slice};

pub(crate) async fn create(call: Call) -> Result<Response, Problem> {
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let offer = offer(&mut fields);
    let subscriber = subscriber(&mut fields);
    let quantity = fields.or("quantity", 1, text::quantity);
    let external_id = fields.optional("externalId", text::external_id);
    let meaning = fields.finish()?;
    let subscriber = subscriber.map_err(|refusal| call.refused(&refusal))?;
    let command = PlaceOrder {
        offer: offer.map_err(|refusal| call.refused(&refusal))?,
        subscriber,
        quantity,
        external_id: as_kept(&call, &body, subscriber, external_id).await?,
        strategy: call.query.name("withProcessingStrategyId")?,
        can_ask_suppliers: true,
    };
    let intent = call.intent_once(Command::PlaceOrder(command), Some(&meaning))?;
    // A task of its own: a client that hangs up between the commit and the asking must not leave an order that nobody asks for.
    let placing = tokio::spawn(place(call, intent, body));
    placing.await.unwrap_or_else(|panic| Err(Problem::internal(format!("placing an order panicked: {panic}"))))
}

/// The spelling under which an older version kept an order's `externalId` as it was sent; else the
/// composed one.
async fn as_kept(
    call: &Call,
    body: &Json,
    subscriber: Option<PartyRef>,
    composed: Option<String>,
) -> Result<Option<String>, Problem> {
    let Some(Json::Text(sent)) = body.get("externalId") else { return Ok(composed) };
    let subscriber = subscriber.or_else(|| call.scope.only_subscriber());
    if composed.as_deref() == Some(sent.trim()) || subscriber.is_none() {
        return Ok(composed);
    }
    let sent = Some(sent.trim().to_owned());
    let states = vec![OrderState::Pending, OrderState::Active, OrderState::Cancelled];
    let filter = OrderFilter { states, subscriber, external_id: sent.clone(), ..OrderFilter::default() };
    let kept = call.app.store.page_orders(&call.scope, &filter, Slice::first(1)).await?;
    Ok(if kept.is_empty() { composed } else { sent })
}

async fn place(mut call: Call, intent: Intent, body: Json) -> Result<Response, Problem> {
    let done = call.submit(intent).await;
    let done = done.map_err(|problem| as_named(&call, problem, &body))?;
    let placed = order_of(done.outcome)?;
    let is_new = !done.replayed && placed.created_at == done.at;
    if is_new && call.dry_run {
        // Its suppliers are not asked.
        return Ok(call.made(&wire::Order::of(&placed), "", placed.order, false));
    }
    let is_asked = is_new && placed.state == OrderState::Pending;
    let _asking = if is_asked { Some(call.ask_outside().await) } else { None };
    let settled = suppliers::answer(&call.app, &call.scope, placed, is_new).await;
    let order = settled.map_err(|problem| if done.replayed { problem.replayed() } else { problem })?;
    Ok(call.made(&wire::Order::of(&order), &etag::of(order.revision), order.order, done.replayed))
}

/// The domain knows a subscriber by its ref only; the caller reads of the attribute that it sent.
fn as_named(call: &Call, problem: Problem, body: &Json) -> Problem {
    let by_ref = body.get("subscriberRef").is_some_and(|value| *value != Json::Null);
    if by_ref && problem.reason() == Reason::UnknownReference && problem.paths().eq(["subscriberId"]) {
        return call.refused(&Refusal::Unknown { attribute: "subscriberRef" });
    }
    problem
}

/// `offerId` or `offerRef`; a ref that is none names nothing.
fn offer(fields: &mut Fields<'_>) -> Result<OfferName, Refusal> {
    let id = fields.optional("offerId", text::reference);
    let offer = fields.optional("offerRef", text::reference);
    match (id, offer) {
        (Some(_), Some(_)) => fields.refuse("offerRef", "cannot be combined with offerId"),
        (Some(id), None) => return Ok(OfferName::Id(id)),
        (None, Some(offer)) => {
            let unknown = Refusal::Unknown { attribute: "offerRef" };
            return OfferRef::parse(&offer).map(OfferName::Ref).ok_or(unknown);
        }
        (None, None) if fields.is_right("offerId") && fields.is_right("offerRef") => {
            fields.refuse("offerId", "is missing; name the offer by offerId or by offerRef");
        }
        (None, None) => {}
    }
    Err(Refusal::Unknown { attribute: "offerId" })
}

/// `subscriberId` or `subscriberRef`, or neither; one that is none names nothing.
fn subscriber(fields: &mut Fields<'_>) -> Result<Option<PartyRef>, Refusal> {
    let id = fields.optional("subscriberId", text::reference);
    let subscriber = fields.optional("subscriberRef", text::reference);
    let unknown = |attribute| Refusal::Unknown { attribute };
    match (id, subscriber) {
        (Some(_), Some(_)) => {
            fields.refuse("subscriberRef", "cannot be combined with subscriberId");
            Ok(None)
        }
        (Some(id), None) => subscriber_with_id(&id).map(Some).ok_or(unknown("subscriberId")),
        (None, Some(subscriber)) => PartyRef::parse(&subscriber).map(Some).ok_or(unknown("subscriberRef")),
        (None, None) => Ok(None),
    }
}
