//! `GET /orders`: newest first; open ones unless `state` asks (domain.md, "Orders").

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, Query, page, text, time};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::party::subscriber_with_id;
use orderpark_domain::{Order, OrderRef, OrderState, Scope};
use orderpark_store::{OrderFilter, ReadError, Rows, Slice};

const TIME_RULE: &str =
    "must be a time such as 2026-11-23T10:00:00Z, or 2026-11-23T12:00:00%2B02:00: in a query + means a blank";

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let page = page::by_index_or_ref(&call.query, OrderRef::parse)?;
    match filter(&call.query)? {
        Some(filter) => list::answer(&call, Orders(filter), page).await,
        None => Ok(list::nothing()),
    }
}

/// The filter, or nothing where it can have no hit.
fn filter(query: &Query) -> Result<Option<OrderFilter>, Problem> {
    let states =
        query.read("state", "must be one of ACTIVE, PENDING, CANCELLED, REJECTED, ALL", |word| match word {
            "ALL" => Some(OrderState::ALL.to_vec()),
            _ => OrderState::parse(word).map(|state| vec![state]),
        })?;
    let (external_id, external_id_sent) = query.text("externalId", text::external_ids_in_query)?.unzip();
    let external_id_sent = external_id_sent.flatten();
    let mut filter = OrderFilter {
        offer_id: query.name("offerId")?,
        external_id,
        external_id_sent,
        created_from: query.read("createdFrom", TIME_RULE, time::parse)?,
        created_to: query.read("createdTo", TIME_RULE, time::parse)?,
        ..OrderFilter::default()
    };
    if let Some(states) = states {
        filter.states = states;
    }
    if let Some(subscriber_id) = query.name("subscriberId")? {
        filter.subscriber = subscriber_with_id(&subscriber_id);
        if filter.subscriber.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(filter))
}

struct Orders(OrderFilter);

impl Listing for Orders {
    type Row = Order;
    type Ref = OrderRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<OrderRef>) -> Result<Rows<Order>, ReadError> {
        app.store.page_orders(scope, &self.0, slice).await
    }

    fn ref_of(row: &Order) -> OrderRef {
        row.order
    }

    fn write(_: &Scope, row: &Order, text: &mut Vec<u8>) {
        answer::write_json(&wire::Order::of(row), text);
    }
}
