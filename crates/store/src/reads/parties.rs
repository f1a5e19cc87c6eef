//! Parties: the operator sees all, a supplier and a vendor themselves, a vendor its subscribers, a subscriber itself.

use super::{PartyFilter, Read, Rows, Slice};
use crate::Store;
use crate::query::{Dialect, Query, sql_number};
use crate::row::{Row, number, optional_number};
use crate::rows;
use orderpark_domain::{Party, PartyKind, PartyRef, Scope, Tenant};

impl Store {
    /// The living party of this kind with this ref.
    pub async fn get_party(&self, scope: &Scope, kind: PartyKind, party: PartyRef) -> Read<Option<Party>> {
        let mut query = visible(self.dialect(), scope, kind);
        query.bind(" and p.ref = ?", sql_number(party.0));
        self.get(query, rows::party).await
    }

    /// The parties that are being closed, by ref.
    pub async fn page_closing(&self, scope: &Scope, slice: Slice<PartyRef>) -> Read<Vec<Tenant>> {
        let closing =
            "select p.ref, p.vendor_ref from parties p where p.closing_at is not null and p.deleted_at is null";
        let mut query = Query::new(self.dialect(), closing);
        query
            .within(scope, &[("p.ref", scope.suppliers()), ("p.ref", scope.vendors()), ("p.ref", scope.subscribers())]);
        query.bind_some(" and p.ref > ?", slice.after.map(|after| sql_number(after.0))).text(" order by p.ref");
        slice.limit(&mut query);
        let tenant = |row: &dyn Row| Ok(Tenant::new(PartyRef(number(row, 0)?), optional_number(row, 1)?.map(PartyRef)));
        self.list(query, tenant).await
    }

    /// The living parties of this kind, by ref.
    pub async fn page_parties(
        &self,
        scope: &Scope,
        kind: PartyKind,
        filter: &PartyFilter,
        slice: Slice<PartyRef>,
    ) -> Read<Rows<Party>> {
        let mut query = visible(self.dialect(), scope, kind);
        query
            .bind_some(" and p.id = ?", filter.id.clone())
            .bind_some(" and lower(p.contact_email) = ?", filter.contact_email.as_deref().map(str::to_ascii_lowercase))
            .bind_some(if scope.is_everything() { AMONG_ALL } else { EACH }, filter.product_id.clone())
            .bind_some(" and p.ref > ?", slice.after.map(|after| sql_number(after.0)))
            .text(" order by p.ref");
        slice.limit(&mut query);
        self.page(query, rows::party).await
    }
}

/// Subscribers with an application: found through the application, which may have many of them.
const AMONG_ALL: &str = " and p.ref in (select b.subscriber_ref from products pr join balances b on b.product_ref = pr.ref \
    where pr.id = ? and pr.kind = 'APPLICATION' and pr.deleted_at is null and b.subscriptions > 0)";

/// The same, asked of each of a vendor's own, so that the time tells nothing of other vendors'
/// subscribers.
const EACH: &str = " and (select b.subscriptions from balances b where b.subscriber_ref = p.ref and b.product_ref = \
    (select pr.ref from products pr where pr.id = ? and pr.kind = 'APPLICATION' and pr.deleted_at is null)) > 0";

fn visible(dialect: Dialect, scope: &Scope, kind: PartyKind) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::PARTY).bind(" from parties p where p.kind = ?", kind.as_str().to_owned());
    query.text(" and p.deleted_at is null");
    match kind {
        PartyKind::Operator => query.within(scope, &[]),
        PartyKind::Supplier => query.within(scope, &[("p.ref", scope.suppliers())]),
        PartyKind::Vendor => query.within(scope, &[("p.ref", scope.vendors())]),
        PartyKind::Subscriber => {
            query.within(scope, &[("p.vendor_ref", scope.vendors()), ("p.ref", scope.subscribers())])
        }
    };
    query
}
