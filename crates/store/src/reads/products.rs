//! Products: operator and vendors see all, a supplier its own, a subscriber those that it is subscribed to.

use super::{BalanceTotal, ProductFilter, Read, Slice};
use crate::Store;
use crate::sqlite::{Query, rows, sql_number};
use orderpark_domain::{Product, ProductKind, ProductRef, Scope};

impl Store {
    /// The living product of this kind with this ref.
    pub fn get_product(&self, scope: &Scope, kind: ProductKind, product: ProductRef) -> Read<Option<Product>> {
        let mut query = visible(scope, kind);
        query.bind(" and p.ref = ?", sql_number(product.0));
        self.read(|connection| query.row(connection, rows::product))
    }

    /// The living products of this kind, by ref.
    pub fn page_products(
        &self,
        scope: &Scope,
        kind: ProductKind,
        filter: &ProductFilter,
        slice: Slice<ProductRef>,
    ) -> Read<Vec<Product>> {
        let mut query = visible(scope, kind);
        query
            .bind_some(" and p.id = ?", filter.id.clone())
            .bind_some(" and p.ref > ?", slice.after.map(|after| sql_number(after.0)))
            .text(" order by p.ref");
        slice.limit(&mut query);
        self.read_many(|connection| query.rows(connection, rows::product))
    }

    /// Connections of a product: for the operator and its supplier of all subscribers, for a vendor of its subscribers,
    /// for a subscriber its own.
    pub fn get_balance(&self, scope: &Scope, product: ProductRef) -> Read<BalanceTotal> {
        // Summed in halves: a sum of large counts must not overflow the database's integers.
        let mut query = Query::new(
            "select coalesce(sum(b.granted >> 32), 0), coalesce(sum(b.granted & 4294967295), 0), \
             coalesce(sum(b.used >> 32), 0), coalesce(sum(b.used & 4294967295), 0)",
        );
        // Whoever sees some subscribers only begins with them: a popular product has many more.
        query.text(if scope.is_everything() || !scope.suppliers().is_empty() {
            " from products p cross join balances b on b.product_ref = p.ref cross join parties s on s.ref = b.subscriber_ref"
        } else {
            " from parties s cross join balances b on b.subscriber_ref = s.ref cross join products p on p.ref = b.product_ref"
        });
        query.bind(" where b.product_ref = ?", sql_number(product.0)).within(
            scope,
            &[
                ("p.supplier_ref", scope.suppliers()),
                ("s.vendor_ref", scope.vendors()),
                ("b.subscriber_ref", scope.subscribers()),
            ],
        );
        let total = |row: &rusqlite::Row<'_>| {
            Ok(BalanceTotal {
                granted: joined(rows::number(row, 0)?, rows::number(row, 1)?),
                used: joined(rows::number(row, 2)?, rows::number(row, 3)?),
            })
        };
        Ok(self.read_many(|connection| query.row(connection, total))?.unwrap_or_default())
    }
}

fn joined(high: u64, low: u64) -> u64 {
    high.saturating_mul(1 << 32).saturating_add(low)
}

fn visible(scope: &Scope, kind: ProductKind) -> Query {
    let mut query = Query::new("select ");
    query.text(rows::PRODUCT).bind(" from products p where p.kind = ?", kind.as_str().to_owned());
    query.text(" and p.deleted_at is null");
    // A vendor bundles the products of every supplier, so it sees them all.
    if !scope.is_everything() && scope.vendors().is_empty() {
        query.text(" and (0");
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
