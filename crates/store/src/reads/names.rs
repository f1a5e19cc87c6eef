//! Scoped name resolution: the name that a list is filtered by is looked up within the caller's
//! scope, before anything else.
//!
//! A list that is filtered by a name outside the scope is empty at once. Were the name looked up
//! everywhere, the time of the empty answer would tell whether it exists: what it leads to is then
//! looked for among all that the caller has.

use super::Read;
use crate::Store;
use crate::query::{Dialect, Query, sql_number};
use orderpark_domain::{PartyRef, Scope};

/// A name in a filter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name<'n> {
    /// The id of an offer, also of a deleted one: of its vendor, or of a vendor's that the caller
    /// buys from.
    Offer(&'n str),
    /// The id of a product, also of a deleted one: any for vendors, its supplier's, or one that the
    /// caller had.
    Product(&'n str),
    /// A subscriber, also a deleted one: its own, its vendor's, or one that had a product of the
    /// supplier.
    Subscriber(PartyRef),
}

impl Store {
    /// Whether the scope holds all these names.
    pub(super) async fn knows(&self, scope: &Scope, names: impl IntoIterator<Item = Option<Name<'_>>>) -> Read<bool> {
        for name in names.into_iter().flatten() {
            if self.get(look_up(self.dialect(), scope, name), |_| Ok(())).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn look_up(dialect: Dialect, scope: &Scope, name: Name<'_>) -> Query {
    let mut query = Query::new(dialect, "select 1 from ");
    match name {
        Name::Offer(id) => {
            query.bind("offers f where f.id = ?", id.to_owned());
            holding(&mut query, scope, [("+f.vendor_ref", scope.vendors()), (BOUGHT_FROM, scope.subscribers())]);
        }
        Name::Product(id) => {
            query.bind("products p where p.id = ?", id.to_owned());
            if scope.vendors().is_empty() {
                holding(&mut query, scope, [("+p.supplier_ref", scope.suppliers()), (HAD, scope.subscribers())]);
            }
        }
        Name::Subscriber(subscriber) => {
            query.bind("parties p where p.ref = ? and p.kind = 'SUBSCRIBER'", sql_number(subscriber.0));
            let own = [("p.vendor_ref", scope.vendors()), ("p.ref", scope.subscribers()), (SERVED, scope.suppliers())];
            holding(&mut query, scope, own);
        }
    }
    query.text(" limit 1");
    query
}

const BOUGHT_FROM: &str = "+f.vendor_ref in (select b.vendor_ref from parties b where b.ref";
const HAD: &str = "exists (select 1 from balances b where b.product_ref = p.ref and b.subscriber_ref";
const SERVED: &str = "exists (select 1 from balances b join products r on r.ref = b.product_ref \
    where b.subscriber_ref = p.ref and r.supplier_ref";

/// Adds `and (…)`: any of the conditions holds for one of its parties, or the scope is everything.
fn holding<const N: usize>(query: &mut Query, scope: &Scope, conditions: [(&str, &[PartyRef]); N]) {
    if scope.is_everything() {
        return;
    }
    query.text(" and (false");
    for (condition, parties) in conditions.into_iter().filter(|(_, parties)| !parties.is_empty()) {
        query.text(" or ").text(condition).any_of(parties);
        query.text(if condition.contains('(') { ")" } else { "" });
    }
    query.text(")");
}
