//! Orders, with their subscriptions: the operator sees all, a vendor those of its offers, a subscriber its own.

use super::{OrderFilter, Read, Slice};
use crate::Store;
use crate::sqlite::{Query, rows, sql_number};
use orderpark_domain::{Order, OrderRef, OrderState, Scope};
use rusqlite::Connection;

impl Store {
    /// The order with this ref.
    pub fn get_order(&self, scope: &Scope, order: OrderRef) -> Read<Option<Order>> {
        let query = one(scope, order);
        self.read(|connection| Ok(rows::orders(&query, connection)?.pop()))
    }

    /// Orders, newest first.
    pub fn page_orders(&self, scope: &Scope, filter: &OrderFilter, slice: Slice<OrderRef>) -> Read<Vec<Order>> {
        let query = page(scope, filter, slice);
        let known = |connection: &Connection| match &filter.offer_id {
            Some(id) => connection.prepare_cached("select 1 from offers where id = ?")?.exists([id]),
            None => Ok(true),
        };
        self.read_many(|connection| if known(connection)? { rows::orders(&query, connection) } else { Ok(Vec::new()) })
    }
}

pub(super) fn one(scope: &Scope, order: OrderRef) -> Query {
    let mut query = Query::new("select ");
    query.text(rows::ORDER).text(" from orders o").text(rows::ORDER_JOINS);
    query.bind(" where o.ref = ?", bytes(order));
    within(&mut query, scope).text(" order by s.position");
    query
}

pub(super) fn page(scope: &Scope, filter: &OrderFilter, slice: Slice<OrderRef>) -> Query {
    let mut query = Query::new("select ");
    query.text(rows::ORDER).text(" from (select o.* from orders o where 1");
    if filter.external_id.is_some() {
        // The plus keeps the planner from walking a party's orders where the external id leads to the one.
        query.within(scope, &[("+o.vendor_ref", scope.vendors()), ("+o.subscriber_ref", scope.subscribers())]);
    } else {
        within(&mut query, scope);
    }
    choose(&mut query, filter);
    query.bind_some(" and o.ref < ?", slice.after.map(bytes)).text(" order by o.ref desc");
    slice.limit(&mut query);
    query.text(") o").text(rows::ORDER_JOINS).text(" order by o.ref desc, s.position");
    query
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
    query
        .bind_some(" and o.subscriber_ref = ?", filter.subscriber.map(|subscriber| sql_number(subscriber.0)))
        .bind_some(" and o.external_id = ?", filter.external_id.clone())
        .bind_some(" and o.offer_ref in (select ref from offers where id = ?)", filter.offer_id.clone())
        // Refs sort by creation time, so the clustered key finds the range.
        .bind_some(" and o.ref >= ?", filter.created_from.map(|from| bytes(OrderRef::first_at(from))))
        .bind_some(" and o.ref < ?", filter.created_to.map(|to| bytes(OrderRef::first_at(to))));
}

pub(super) fn bytes(order: OrderRef) -> Vec<u8> {
    order.0.as_bytes().to_vec()
}
