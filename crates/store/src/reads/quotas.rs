//! Quotas: of each party with what it uses now. The operator sees all, a vendor itself and its
//! subscribers, others themselves.

use super::{Read, Rows, Slice};
use crate::Store;
use crate::query::{Query, sql_number};
use crate::row::{self, Row, number};
use crate::rows;
use orderpark_domain::quota::COUNTED_MAX;
use orderpark_domain::{Party, PartyRef, Scope};

/// A party, whose row holds the quotas that are set for it, and what it uses of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// The party.
    pub party: Party,
    /// Its living users, at most [`COUNTED_MAX`].
    pub users: u64,
    /// Its living webhook endpoints, at most [`COUNTED_MAX`].
    pub endpoints: u64,
    /// Its open orders; of a vendor those of all its subscribers.
    pub open_orders: u64,
}

impl Store {
    /// The quotas of the living party with this ref.
    pub async fn get_quotas(&self, scope: &Scope, party: PartyRef) -> Read<Option<QuotaUse>> {
        let mut query = self.quotas(scope);
        query.bind(" and p.ref = ?", sql_number(party.0));
        self.get(query, read).await
    }

    /// The quotas of the living parties, by ref.
    pub async fn page_quotas(&self, scope: &Scope, slice: Slice<PartyRef>) -> Read<Rows<QuotaUse>> {
        let mut query = self.quotas(scope);
        query.bind_some(" and p.ref > ?", slice.after.map(|after| sql_number(after.0))).text(" order by p.ref");
        slice.limit(&mut query);
        self.page(query, read).await
    }

    fn quotas(&self, scope: &Scope) -> Query {
        let mut query = Query::new(self.dialect(), "select ");
        query
            .either(rows::PARTY)
            .bind(", (select count(*) from (select 1 from users where party_ref = p.ref and deleted_at is null limit ?) u)", i64::from(COUNTED_MAX))
            .bind(
                ", (select count(*) from (select 1 from webhook_endpoints where owner_ref = p.ref and deleted_at is null limit ?) w)",
                i64::from(COUNTED_MAX),
            )
            .text(", cast(coalesce((select sum(orders) from balances where subscriber_ref = p.ref), 0)")
            .text(" + coalesce((select sum(open_orders) from offers where vendor_ref = p.ref), 0) as bigint)")
            .text(" from parties p where p.deleted_at is null");
        query.within(
            scope,
            &[
                ("p.ref", scope.suppliers()),
                ("p.ref", scope.vendors()),
                ("p.vendor_ref", scope.vendors()),
                ("p.ref", scope.subscribers()),
            ],
        );
        query
    }
}

fn read(row: &dyn Row) -> row::Read<QuotaUse> {
    let count = |column| number(row, rows::PARTY_COLUMNS + column);
    Ok(QuotaUse { party: rows::party(row)?, users: count(0)?, endpoints: count(1)?, open_orders: count(2)? })
}
