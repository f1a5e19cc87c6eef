//! Products: operator and vendors see all, a supplier its own, a subscriber those that it is subscribed to.

use super::{BalanceTotal, ProductFilter, Read, Rows, Slice};
use crate::Store;
use crate::query::{Dialect, Query, sql_number};
use crate::row::{self, Row, number};
use crate::rows;
use orderpark_domain::{Product, ProductKind, ProductRef, Scope};
use std::collections::HashMap;

impl Store {
    /// The living product of this kind with this ref.
    pub async fn get_product(&self, scope: &Scope, kind: ProductKind, product: ProductRef) -> Read<Option<Product>> {
        let mut query = visible(self.dialect(), scope, kind);
        query.bind(" and p.ref = ?", sql_number(product.0));
        self.get(query, rows::product).await
    }

    /// The living product with this ref, of either kind, if its supplier is told of subscriptions; for deliveries alone.
    pub async fn get_supplier_target(&self, product: ProductRef) -> Read<Option<Product>> {
        let mut query = Query::new(self.dialect(), "select ");
        query.either(rows::PRODUCT).bind(" from products p where p.ref = ?", sql_number(product.0));
        query.text(" and p.deleted_at is null and p.notification is not null");
        self.get(query, rows::product).await
    }

    /// The living products of this kind, by ref.
    pub async fn page_products(
        &self,
        scope: &Scope,
        kind: ProductKind,
        filter: &ProductFilter,
        slice: Slice<ProductRef>,
    ) -> Read<Rows<Product>> {
        let mut query = visible(self.dialect(), scope, kind);
        query
            .bind_some(" and p.id = ?", filter.id.clone())
            .bind_some(" and p.ref > ?", slice.after.map(|after| sql_number(after.0)))
            .text(" order by p.ref");
        slice.limit(&mut query);
        self.page(query, rows::product).await
    }

    /// Connections of each of these products, in their order: for the operator and its supplier of all subscribers, for a
    /// vendor of its subscribers, for a subscriber its own.
    pub async fn get_balances(&self, scope: &Scope, products: &[ProductRef]) -> Read<Vec<BalanceTotal>> {
        if products.is_empty() {
            return Ok(Vec::new());
        }
        // Summed in halves: a sum of large counts must not overflow the database's integers.
        let mut query = Query::new(
            self.dialect(),
            "select b.product_ref, cast(sum(b.granted >> 32) as bigint), cast(sum(b.granted & 4294967295) as bigint), \
             cast(sum(b.used >> 32) as bigint), cast(sum(b.used & 4294967295) as bigint)",
        );
        // Whoever sees some subscribers only begins with them: a popular product has many more.
        if scope.is_everything() || !scope.suppliers().is_empty() {
            query.text(" from products p").then_join("balances b on b.product_ref = p.ref");
            query.then_join("parties s on s.ref = b.subscriber_ref");
        } else {
            query.text(" from parties s").then_join("balances b on b.subscriber_ref = s.ref");
            query.then_join("products p on p.ref = b.product_ref");
        }
        query.text(" where b.product_ref").any_number(products.iter().map(|product| sql_number(product.0)).collect());
        query.within(
            scope,
            &[
                ("p.supplier_ref", scope.suppliers()),
                ("s.vendor_ref", scope.vendors()),
                ("b.subscriber_ref", scope.subscribers()),
            ],
        );
        query.text(" group by b.product_ref");
        let totals: HashMap<ProductRef, BalanceTotal> = self.list(query, total).await?.into_iter().collect();
        Ok(products.iter().map(|product| totals.get(product).copied().unwrap_or_default()).collect())
    }
}

fn total(row: &dyn Row) -> row::Read<(ProductRef, BalanceTotal)> {
    let granted = joined(number(row, 1)?, number(row, 2)?);
    let used = joined(number(row, 3)?, number(row, 4)?);
    Ok((ProductRef(number(row, 0)?), BalanceTotal { granted, used }))
}

fn joined(high: u64, low: u64) -> u64 {
    high.saturating_mul(1 << 32).saturating_add(low)
}

fn visible(dialect: Dialect, scope: &Scope, kind: ProductKind) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::PRODUCT).bind(" from products p where p.kind = ?", kind.as_str().to_owned());
    query.text(" and p.deleted_at is null");
    // A vendor bundles the products of every supplier, so it sees them all.
    if !scope.is_everything() && scope.vendors().is_empty() {
        query.text(" and (false");
        if !scope.suppliers().is_empty() {
            query.text(" or p.supplier_ref").any_of(scope.suppliers());
        }
        if !scope.subscribers().is_empty() {
            query.text(
                " or p.ref in (select b.product_ref from balances b where b.subscriptions > 0 and b.subscriber_ref",
            );
            query.any_of(scope.subscribers()).text(")");
        }
        query.text(")");
    }
    query
}
