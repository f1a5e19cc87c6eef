//! Orders, with their subscriptions: the operator sees all, a vendor those of its offers, a subscriber its own.

use super::names::Name;
use super::{OrderFilter, Read, Rows, Slice};
use crate::Store;
use crate::load::OPEN;
use crate::query::{Dialect, Query, sql_number};
use crate::row::{instant, number};
use crate::rows;
use orderpark_domain::{Instant, Order, OrderRef, OrderState, PartyRef, Scope};

/// How many subscriptions the orders of a slice have together at most; the text of so many is
/// longer than one anyway.
const SUBSCRIPTIONS_MAX: usize = 8192;

impl Store {
    /// The order with this ref.
    pub async fn get_order(&self, scope: &Scope, order: OrderRef) -> Read<Option<Order>> {
        let query = one(self.dialect(), scope, order);
        Ok(self.read(query, Vec::new(), rows::add_order).await?.pop())
    }

    /// Orders, newest first.
    pub async fn page_orders(&self, scope: &Scope, filter: &OrderFilter, slice: Slice<OrderRef>) -> Read<Rows<Order>> {
        let (offer, subscriber) =
            (filter.offer_id.as_deref().map(Name::Offer), filter.subscriber.map(Name::Subscriber));
        if !self.knows(scope, [offer, subscriber]).await? {
            return Ok(Rows::none());
        }
        let query = page(self.dialect(), scope, filter, slice);
        let (orders, is_cut) = self.read_slice(query, Vec::new(), rows::add_order).await?;
        let read = orders.iter().map(|order: &Order| order.subscriptions.len()).sum::<usize>();
        let is_cut = is_cut || read >= SUBSCRIPTIONS_MAX;
        if is_cut { self.whole_orders(scope, orders).await } else { Ok(Rows { rows: orders, is_cut }) }
    }

    /// Orders whose rows were cut somewhere: the last one may have lost some, and is left for the
    /// next slice, unless it is the only one.
    async fn whole_orders(&self, scope: &Scope, mut orders: Vec<Order>) -> Read<Rows<Order>> {
        let last = orders.pop();
        if let Some(only) = last.filter(|_| orders.is_empty()) {
            orders.extend(self.get_order(scope, only.order).await?);
        }
        Ok(Rows { rows: orders, is_cut: true })
    }

    /// How many open orders a subscriber has, counted up to `max`.
    pub async fn count_open_orders(&self, scope: &Scope, subscriber: PartyRef, max: u32) -> Read<u64> {
        let mut query = Query::new(self.dialect(), "select count(*) from (select 1 from orders o where ");
        query.text(OPEN).bind(" and o.subscriber_ref = ?", sql_number(subscriber.0));
        within(&mut query, scope).bind(" limit ?", i64::from(max)).text(") counted");
        Ok(self.get(query, |row| number(row, 0)).await?.unwrap_or(0))
    }

    /// The refs of orders that are `PENDING`, and when they were created, by ref, behind one.
    pub async fn page_pending(
        &self,
        scope: &Scope,
        after: Option<OrderRef>,
        limit: u32,
    ) -> Read<Vec<(OrderRef, Instant)>> {
        let query = pending(self.dialect(), scope, after, limit);
        self.list(query, |row| Ok((rows::order_ref(row, 0)?, instant(row, 1)?))).await
    }
}

pub(super) fn one(dialect: Dialect, scope: &Scope, order: OrderRef) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::ORDER).text(" from orders o").either(rows::ORDER_JOINS);
    query.bind(" where o.ref = ?", bytes(order));
    within(&mut query, scope).text(" order by s.position");
    query
}

pub(super) fn page(dialect: Dialect, scope: &Scope, filter: &OrderFilter, slice: Slice<OrderRef>) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::ORDER).text(" from (select o.* from orders o where true");
    choose(&mut query, filter);
    let before = slice.after.map(bytes);
    match only_party(dialect, scope) {
        _ if filter.external_id.is_some() => {
            // The plus keeps the planner from walking a party's orders where the external id leads to the one.
            query.within(scope, &[("+o.vendor_ref", scope.vendors()), ("+o.subscriber_ref", scope.subscribers())]);
            query.bind_some(" and o.ref < ?", before).text(" order by o.ref desc");
        }
        Some(party) => {
            let first_at = |at: Option<Instant>| at.map(|at| bytes(OrderRef::first_at(at)));
            let (from, to) = (first_at(filter.created_from), first_at(filter.created_to));
            let last = before.into_iter().chain(to).min();
            of_party(&mut query, party, from, ("<", last)).text(" order by ").text(party.0).text(" desc, o.ref desc");
        }
        None => {
            within(&mut query, scope);
            query.bind_some(" and o.ref < ?", before).text(" order by o.ref desc");
        }
    }
    slice.limit(&mut query);
    query.text(") o").either(rows::ORDER_JOINS).text(" order by o.ref desc, s.position");
    query.text(&format!(" limit {SUBSCRIPTIONS_MAX}"));
    query
}

/// All that are pending are few, and have an index of their own.
fn pending(dialect: Dialect, scope: &Scope, after: Option<OrderRef>, limit: u32) -> Query {
    let mut query = Query::new(dialect, "select o.ref, o.created_at from orders o where o.state = 'PENDING'");
    query.within(scope, &[("+o.vendor_ref", scope.vendors()), ("+o.subscriber_ref", scope.subscribers())]);
    query.bind_some(" and o.ref > ?", after.map(bytes)).bind(" order by o.ref limit ?", i64::from(limit));
    query
}

/// The column and the number of the one party whose orders PostgreSQL is to walk by that party's index.
///
/// Told only that the column equals the party, its planner may rather walk all orders from the newest on and pick, which is
/// quick where the party's orders are many and new, and endless where they are old. SQLite has no such fancy.
pub(super) fn only_party(dialect: Dialect, scope: &Scope) -> Option<(&'static str, i64)> {
    match (dialect, scope.vendors(), scope.subscribers()) {
        _ if scope.is_everything() => None,
        (Dialect::Postgres, [vendor], []) => Some(("o.vendor_ref", sql_number(vendor.0))),
        (Dialect::Postgres, [], [subscriber]) => Some(("o.subscriber_ref", sql_number(subscriber.0))),
        _ => None,
    }
}

/// Adds: orders of this party, from one ref on and before another (`<` or `<=`). Said as ranges of both columns together,
/// which only that party's index has in order.
pub(super) fn of_party<'q>(
    query: &'q mut Query,
    (column, party): (&str, i64),
    from: Option<Vec<u8>>,
    (before, last): (&str, Option<Vec<u8>>),
) -> &'q mut Query {
    // Where no order ends the range, the next party does.
    let (last_party, last) = last.map_or((party + 1, Vec::new()), |last| (party, last));
    query.text(" and (").text(column).bind(", o.ref) >= (?", party).bind(", ?)", from.unwrap_or_default());
    query.text(" and (").text(column).text(", o.ref) ").text(before).bind(" (?", last_party).bind(", ?)", last)
}

pub(super) fn within<'q>(query: &'q mut Query, scope: &Scope) -> &'q mut Query {
    query.within(scope, &[("o.vendor_ref", scope.vendors()), ("o.subscriber_ref", scope.subscribers())])
}

fn choose(query: &mut Query, filter: &OrderFilter) {
    let states = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect::<Vec<_>>().join(", ");
    query.text(&format!(" and o.state in ({states})"));
    if !filter.states.contains(&OrderState::Active) {
        // Said once more in the words of the partial indexes, so that the planner may use them.
        query.text(" and o.state <> 'ACTIVE'");
    }
    if let Some(external_id) = &filter.external_id {
        query.bind(" and o.external_id in (?", external_id.clone()).bind_some(", ?", filter.external_id_sent.clone());
        query.text(")");
    }
    query
        .bind_some(" and o.subscriber_ref = ?", filter.subscriber.map(|subscriber| sql_number(subscriber.0)))
        .bind_some(" and o.offer_ref in (select ref from offers where id = ?)", filter.offer_id.clone())
        // Refs sort by creation time, so the clustered key finds the range.
        .bind_some(" and o.ref >= ?", filter.created_from.map(|from| bytes(OrderRef::first_at(from))))
        .bind_some(" and o.ref < ?", filter.created_to.map(|to| bytes(OrderRef::first_at(to))));
}

pub(super) fn bytes(order: OrderRef) -> Vec<u8> {
    order.0.as_bytes().to_vec()
}
