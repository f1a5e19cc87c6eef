//! Processing strategies: everyone sees the operator's, a vendor and its subscribers that vendor's own.

use super::{Read, Rows, Slice, StrategyFilter};
use crate::Store;
use crate::query::{Dialect, Query, sql_number};
use crate::rows;
use orderpark_domain::{Scope, Strategy, StrategyRef};

impl Store {
    /// The living strategy with this ref.
    pub async fn get_strategy(&self, scope: &Scope, strategy: StrategyRef) -> Read<Option<Strategy>> {
        let mut query = visible(self.dialect(), scope);
        query.bind(" and s.ref = ?", sql_number(strategy.0));
        self.get(query, rows::strategy).await
    }

    /// The living strategies, by ref.
    pub async fn page_strategies(
        &self,
        scope: &Scope,
        filter: &StrategyFilter,
        slice: Slice<StrategyRef>,
    ) -> Read<Rows<Strategy>> {
        let mut query = visible(self.dialect(), scope);
        query
            .bind_some(" and s.id = ?", filter.id.clone())
            .bind_some(" and s.ref > ?", slice.after.map(|after| sql_number(after.0)))
            .text(" order by s.ref");
        slice.limit(&mut query);
        self.page(query, rows::strategy).await
    }
}

fn visible(dialect: Dialect, scope: &Scope) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::STRATEGY).text(" from strategies s where s.deleted_at is null");
    if !scope.is_everything() {
        query.text(" and (s.vendor_ref is null");
        if !scope.vendors().is_empty() {
            query.text(" or s.vendor_ref").any_of(scope.vendors());
        }
        if !scope.subscribers().is_empty() {
            query.text(" or s.vendor_ref in (select p.vendor_ref from parties p where p.ref");
            query.any_of(scope.subscribers()).text(")");
        }
        query.text(")");
    }
    query
}
