//! What is looked up to ask and to tell suppliers.

use super::Read;
use crate::Store;
use crate::query::{Query, sql_number};
use crate::row::string;
use crate::rows;
use orderpark_domain::order::Refused;
use orderpark_domain::{Event, Order, OrderState, PartyRef, Product, ProductRef, Scope};

impl Store {
    /// These products, of either kind, by ref; also those that were deleted since.
    pub async fn get_products(&self, scope: &Scope, products: &[ProductRef]) -> Read<Vec<Product>> {
        if products.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Query::new(self.dialect(), "select ");
        query.either(rows::PRODUCT).text(" from products p where p.ref");
        query.any_number(products.iter().map(|product| sql_number(product.0)).collect());
        query.within(scope, &[("p.supplier_ref", scope.suppliers())]).text(" order by p.ref");
        self.read(query, Vec::new(), |all, row| {
            all.push(rows::product(row)?);
            Ok(())
        })
        .await
    }

    /// The name of a subscriber, also of one that was deleted since.
    pub async fn get_subscriber_name(&self, scope: &Scope, subscriber: PartyRef) -> Read<Option<String>> {
        let mut query = Query::new(self.dialect(), "select p.name from parties p where p.kind = 'SUBSCRIBER'");
        query.bind(" and p.ref = ?", sql_number(subscriber.0));
        query.within(scope, &[("p.vendor_ref", scope.vendors()), ("p.ref", scope.subscribers())]);
        self.get(query, |row| string(row, 0)).await
    }

    /// The product whose supplier refused an order that is `REJECTED`, and that the caller may see:
    /// it stands in the journal alone, where the order's end leads to the one entry of that
    /// instant.
    pub async fn get_refused(&self, order: &Order) -> Read<Option<Refused>> {
        let Some(at) = order.closed_at.filter(|_| order.state == OrderState::Rejected) else { return Ok(None) };
        let before = self.event_place_before(at).await?;
        let mut query = Query::new(self.dialect(), "select seq, at, entry from journal where");
        query.bind(" seq = ?", sql_number(before.seq + 1));
        let entry = self.get(query, rows::entry).await?;
        Ok(entry.and_then(|entry| match entry.event {
            Event::OrderSettled { order: settled, refused, unreachable, .. } if settled == order.order => {
                refused.map(|product| Refused { product, unreachable })
            }
            _ => None,
        }))
    }
}
