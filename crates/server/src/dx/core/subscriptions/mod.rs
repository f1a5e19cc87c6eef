//! `/subscriptions`: what orders made, one by one. Ours (domain.md, "Resources").

pub(crate) mod change;
pub(crate) mod get;
pub(crate) mod list;

use crate::Problem;
use crate::dx::Call;
use orderpark_domain::SubscriptionRef;
use orderpark_store::PlacedSubscription;

/// The subscription that the path names.
fn find(call: &Call) -> Result<PlacedSubscription, Problem> {
    let subscription = call.target(SubscriptionRef::parse)?;
    call.app.store.get_subscription(&call.scope, subscription)?.ok_or_else(Problem::not_found)
}
