//! `/subscriptions`: what orders made, one by one. Ours (domain.md, "Resources").

pub(crate) mod change;
pub(crate) mod get;
pub(crate) mod list;

use crate::dx::Call;
use crate::wire::{Subscription, etag};
use crate::{App, Problem, answer};
use orderpark_domain::{Scope, SubscriptionRef};
use orderpark_store::PlacedSubscription;

/// The entity tag of a subscription: its order's revision for who sees the order. Who sees only this part of it, as a
/// supplier does, must not see it move with the other parts.
async fn etag(call: &Call, placed: &PlacedSubscription) -> Result<String, Problem> {
    etag_for(&call.app, &call.scope, placed).await
}

/// As [`fn@etag`], wherever it is asked for.
pub(crate) async fn etag_for(app: &App, scope: &Scope, placed: &PlacedSubscription) -> Result<String, Problem> {
    let order = placed.subscription_ref.order();
    let sees_order = scope.suppliers().is_empty() || app.store.get_order(scope, order).await?.is_some();
    Ok(if sees_order { etag::of(placed.revision) } else { etag::of_text(&answer::to_json(&Subscription::of(placed))) })
}

/// The subscription that the path names.
async fn find(call: &Call) -> Result<PlacedSubscription, Problem> {
    let subscription = call.target(SubscriptionRef::parse)?;
    call.app.store.get_subscription(&call.scope, subscription).await?.ok_or_else(Problem::not_found)
}
