//! Subscriptions: a supplier sees those to its products, the others as orders.

use super::names::Name;
use super::orders::{bytes, of_party, only_party};
use super::{PlacedSubscription, Read, Rows, Slice, SubscriptionFilter};
use crate::Store;
use crate::query::{Dialect, Query, sql_number};
use crate::row::{self, Row};
use crate::rows;
use orderpark_domain::{OrderRef, PartyRef, ProductRef, Scope, SubscriptionRef};

const COLUMNS: &str = "o.ref, s.position, o.subscriber_ref, f.id, o.strategy, o.revision, s.number, s.product_ref, p.id, \
    s.supplier_ref, s.state, s.granted, s.since, s.until, s.reason";

impl Store {
    /// The subscription with this ref.
    pub async fn get_subscription(
        &self,
        scope: &Scope,
        subscription: SubscriptionRef,
    ) -> Read<Option<PlacedSubscription>> {
        let mut query = Query::new(self.dialect(), "select ");
        query.text(COLUMNS).text(" from subscriptions s join orders o on o.ref = s.order_ref");
        names(&mut query);
        query
            .bind(" where s.order_ref = ?", bytes(subscription.order()))
            .bind(" and s.position = ?", i64::from(subscription.position()));
        within(&mut query, scope);
        self.get(query, placed).await
    }

    /// The subscription to a product with the number that its supplier was told.
    pub async fn get_subscription_numbered(
        &self,
        scope: &Scope,
        product: ProductRef,
        number: u64,
    ) -> Read<Option<PlacedSubscription>> {
        let mut query = Query::new(self.dialect(), "select ");
        query.text(COLUMNS).text(" from subscriptions s").then_join("orders o on o.ref = s.order_ref");
        names(&mut query).bind(" where s.number = ?", sql_number(number));
        query.bind(" and s.product_ref = ?", sql_number(product.0));
        within(&mut query, scope);
        self.get(query, placed).await
    }

    /// Subscriptions, those of the newest order first, within an order by position.
    pub async fn page_subscriptions(
        &self,
        scope: &Scope,
        filter: &SubscriptionFilter,
        slice: Slice<SubscriptionRef>,
    ) -> Read<Rows<PlacedSubscription>> {
        let names = [filter.product_id.as_deref().map(Name::Product), filter.subscriber.map(Name::Subscriber)];
        if !self.knows(scope, names).await? {
            return Ok(Rows::none());
        }
        let query = page(self.dialect(), scope, filter, slice);
        self.page(query, placed).await
    }
}

/// A supplier's subscriptions have an index of their own; everyone else's are found through the orders, which have one
/// for each party.
fn page(dialect: Dialect, scope: &Scope, filter: &SubscriptionFilter, slice: Slice<SubscriptionRef>) -> Query {
    let by_supplier = !scope.suppliers().is_empty();
    let (first, second, newest) = if by_supplier {
        (" from subscriptions s", "orders o on o.ref = s.order_ref", "s.order_ref")
    } else {
        (" from orders o", "subscriptions s on s.order_ref = o.ref", "o.ref")
    };
    let mut query = Query::new(dialect, "select ");
    query.text(COLUMNS).text(first).then_join(second);
    names(&mut query).text(" where true");
    choose(&mut query, filter);
    let only = if by_supplier { None } else { only_party(dialect, scope) };
    let after = slice.after.map(|after| bytes(after.order()));
    if let Some(party) = only {
        of_party(&mut query, party, None, ("<=", after));
    } else {
        within(&mut query, scope);
        // PostgreSQL does not conclude from one side of a join what holds on the other.
        query.bind_some(" and o.ref <= ?", after.clone()).bind_some(" and s.order_ref <= ?", after);
    }
    if let Some(after) = slice.after {
        query.text(" and (").text(newest).bind(" < ?", bytes(after.order()));
        query.bind(" or s.position > ?)", i64::from(after.position()));
    }
    query.text(" order by ");
    if let Some((column, _)) = only {
        query.text(column).text(" desc, ");
    }
    query.text(newest).text(" desc, s.position");
    slice.limit(&mut query);
    query
}

/// Where the ids of offer and product come from.
fn names(query: &mut Query) -> &mut Query {
    query.then_join("offers f on f.ref = o.offer_ref").then_join("products p on p.ref = s.product_ref")
}

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

fn placed(row: &dyn Row) -> row::Read<PlacedSubscription> {
    let order: OrderRef = rows::order_ref(row, 0)?;
    Ok(PlacedSubscription {
        subscription_ref: order.subscription(rows::position(row, 1)?),
        subscriber: PartyRef(row::number(row, 2)?),
        offer_id: row::string(row, 3)?,
        strategy: row::optional_string(row, 4)?,
        revision: row::small(row, 5)?,
        subscription: rows::subscription_at(row, 6)?,
    })
}
