//! Subscriptions: a supplier sees those to its products, the others as orders.

use super::orders::bytes;
use super::{PlacedSubscription, Read, Slice, SubscriptionFilter};
use crate::Store;
use crate::sqlite::{Query, rows, sql_number};
use orderpark_domain::{OrderRef, PartyRef, Scope, SubscriptionRef};

const COLUMNS: &str = "o.ref, s.position, o.subscriber_ref, f.id, o.strategy, o.revision, s.number, s.product_ref, p.id, \
    s.supplier_ref, s.state, s.granted, s.since, s.until, s.reason";

impl Store {
    /// The subscription with this ref.
    pub fn get_subscription(&self, scope: &Scope, subscription: SubscriptionRef) -> Read<Option<PlacedSubscription>> {
        let mut query = Query::new("select ");
        query.text(COLUMNS).text(" from subscriptions s join orders o on o.ref = s.order_ref").text(NAMES);
        query
            .bind(" where s.order_ref = ?", bytes(subscription.order()))
            .bind(" and s.position = ?", i64::from(subscription.position()));
        within(&mut query, scope);
        self.read(|connection| query.row(connection, placed))
    }

    /// Subscriptions, those of the newest order first, within an order by position.
    pub fn page_subscriptions(
        &self,
        scope: &Scope,
        filter: &SubscriptionFilter,
        slice: Slice<SubscriptionRef>,
    ) -> Read<Vec<PlacedSubscription>> {
        let query = page(scope, filter, slice);
        self.read_many(|connection| query.rows(connection, placed))
    }
}

/// A supplier's subscriptions have an index of their own; everyone else's are found through the orders, which have one
/// for each party. `cross join` says so to the planner, which would otherwise guess.
fn page(scope: &Scope, filter: &SubscriptionFilter, slice: Slice<SubscriptionRef>) -> Query {
    let by_supplier = !scope.suppliers().is_empty();
    let (tables, newest) = if by_supplier {
        (" from subscriptions s cross join orders o on o.ref = s.order_ref", "s.order_ref")
    } else {
        (" from orders o cross join subscriptions s on s.order_ref = o.ref", "o.ref")
    };
    let mut query = Query::new("select ");
    query.text(COLUMNS).text(tables).text(NAMES).text(" where 1");
    within(&mut query, scope);
    choose(&mut query, filter);
    if let Some(after) = slice.after {
        query
            .text(" and ")
            .text(newest)
            .bind(" <= ?", bytes(after.order()))
            .text(" and (")
            .text(newest)
            .bind(" < ?", bytes(after.order()))
            .bind(" or s.position > ?)", i64::from(after.position()));
    }
    query.text(" order by ").text(newest).text(" desc, s.position");
    slice.limit(&mut query);
    query
}

/// Where the ids of offer and product come from.
const NAMES: &str = " cross join offers f on f.ref = o.offer_ref cross join products p on p.ref = s.product_ref";

fn within(query: &mut Query, scope: &Scope) {
    query.within(
        scope,
        &[
            ("s.supplier_ref", scope.suppliers()),
            ("o.vendor_ref", scope.vendors()),
            ("o.subscriber_ref", scope.subscribers()),
        ],
    );
}

fn choose(query: &mut Query, filter: &SubscriptionFilter) {
    if filter.states.is_empty() {
        query.text(" and o.state in ('PENDING', 'ACTIVE')");
    } else {
        let states = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect::<Vec<_>>().join(", ");
        query.text(&format!(" and s.state in ({states})"));
    }
    query
        .bind_some(" and o.subscriber_ref = ?", filter.subscriber.map(|subscriber| sql_number(subscriber.0)))
        .bind_some(" and s.product_ref in (select ref from products where id = ?)", filter.product_id.clone())
        .bind_some(" and s.order_ref = ?", filter.order.map(bytes));
}

fn placed(row: &rusqlite::Row<'_>) -> rusqlite::Result<PlacedSubscription> {
    let order: OrderRef = rows::order_ref(row, 0)?;
    Ok(PlacedSubscription {
        subscription_ref: order.subscription(row.get(1)?),
        subscriber: PartyRef(rows::number(row, 2)?),
        offer_id: row.get(3)?,
        strategy: row.get(4)?,
        revision: row.get(5)?,
        subscription: rows::subscription_at(row, 6)?,
    })
}
