//! `PUT /subscriptions/{ref}` with `{"state": "SUSPENDED", "reason": "…"}`: the vendor's act, or the operator's.

use super::find;
use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::dx::core::as_read;
use crate::wire::fields::Read;
use crate::wire::{self, Json, etag, text};
use axum::response::Response;
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::{Command, Outcome, SubscriptionState};
use orderpark_store::PlacedSubscription;

pub(crate) async fn change(call: Call) -> Result<Response, Problem> {
    let current = find(&call).await?;
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let command = ChangeSubscription {
        subscription: current.subscription_ref,
        state: fields.changed("state", |value| state(value, current.subscription.state)),
        reason: fields.optional("reason", text::name),
    };
    fields.finish_against(&as_read(&wire::Subscription::of(&current)))?;
    let done = call.commit(Command::ChangeSubscription(command)).await?;
    let Outcome::Subscription(order, subscription) = done.outcome else { return Err(unexpected(&done.outcome)) };
    let placed = PlacedSubscription { revision: order.revision, subscription: *subscription, ..current };
    Ok(call.done(&wire::Subscription::of(&placed), &etag::of(placed.revision), false))
}

/// One of the two states that can be asked for, or the one that it has.
fn state(value: &Json, current: SubscriptionState) -> Read<SubscriptionState> {
    let parse = |word: &str| {
        let asked = SubscriptionState::parse(word)?;
        let can_be_asked = matches!(asked, SubscriptionState::Active | SubscriptionState::Suspended);
        (can_be_asked || asked == current).then_some(asked)
    };
    text::word(value, parse, "ACTIVE, SUSPENDED")
}
