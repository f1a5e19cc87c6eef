//! `GET /subscriptions[?state=][&subscriberId=][&productId=][&orderRef=]`: those of open orders unless `state` asks.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, Query, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::party::subscriber_with_id;
use orderpark_domain::{OrderRef, Scope, SubscriptionRef, SubscriptionState};
use orderpark_store::{PlacedSubscription, ReadError, Rows, Slice, SubscriptionFilter};

const STATE_RULE: &str = "must be one of PENDING, ACTIVE, SUSPENDED, REJECTED, CANCELLED, ALL";

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let page = page::by_index(&call.query)?;
    match filter(&call.query)? {
        Some(filter) => list::answer(&call, Subscriptions(filter), page).await,
        None => Ok(list::nothing()),
    }
}

/// The filter, or nothing where it can have no hit.
fn filter(query: &Query) -> Result<Option<SubscriptionFilter>, Problem> {
    let states = query.read("state", STATE_RULE, |word| match word {
        "ALL" => Some(SubscriptionState::ALL.to_vec()),
        _ => SubscriptionState::parse(word).map(|state| vec![state]),
    })?;
    let subscriber = query.name("subscriberId")?.map(|id| subscriber_with_id(&id));
    let order = query.name("orderRef")?.map(|order| OrderRef::parse(&order));
    if subscriber == Some(None) || order == Some(None) {
        return Ok(None);
    }
    Ok(Some(SubscriptionFilter {
        states: states.unwrap_or_default(),
        subscriber: subscriber.flatten(),
        product_id: query.name("productId")?,
        order: order.flatten(),
    }))
}

struct Subscriptions(SubscriptionFilter);

impl Listing for Subscriptions {
    type Row = PlacedSubscription;
    type Ref = SubscriptionRef;

    async fn read(
        &self,
        app: &App,
        scope: &Scope,
        slice: Slice<SubscriptionRef>,
    ) -> Result<Rows<PlacedSubscription>, ReadError> {
        app.store.page_subscriptions(scope, &self.0, slice).await
    }

    fn ref_of(row: &PlacedSubscription) -> SubscriptionRef {
        row.subscription_ref
    }

    fn write(_: &Scope, row: &PlacedSubscription, text: &mut Vec<u8>) {
        answer::write_json(&wire::Subscription::of(row), text);
    }
}
