//! Offers: the operator sees all, a vendor its own, a subscriber those it has taken, or may take.

use super::names::Name;
use super::{OfferFilter, Read, Rows, Slice};
use crate::Store;
use crate::query::{Dialect, Query, sql_number};
use crate::rows;
use orderpark_domain::{Offer, OfferRef, Scope};

impl Store {
    /// The living offer with this ref; for a subscriber one that it has taken or may take.
    pub async fn get_offer(&self, scope: &Scope, offer: OfferRef) -> Read<Option<Offer>> {
        let mut query = living(self.dialect());
        if !scope.is_everything() {
            query.text(" and (false");
            of_vendors(&mut query, scope);
            taken(&mut query, scope);
            orderable(&mut query, scope);
            query.text(")");
        }
        query.bind(" and f.ref = ?", sql_number(offer.0));
        self.get(query, rows::offer).await
    }

    /// The living offers, by ref.
    pub async fn page_offers(&self, scope: &Scope, filter: &OfferFilter, slice: Slice<OfferRef>) -> Read<Rows<Offer>> {
        if !self.knows(scope, [filter.id.as_deref().map(Name::Offer)]).await? {
            return Ok(Rows::none());
        }
        let mut query = living(self.dialect());
        if filter.orderable {
            query.text(" and f.state = 'ACTIVE'");
        }
        if !scope.is_everything() {
            query.text(" and (false");
            of_vendors(&mut query, scope);
            if filter.orderable {
                orderable(&mut query, scope);
            } else {
                taken(&mut query, scope);
            }
            query.text(")");
        }
        query
            .bind_some(" and f.id = ?", filter.id.clone())
            .bind_some(" and f.ref > ?", slice.after.map(|after| sql_number(after.0)))
            .text(" order by f.ref");
        slice.limit(&mut query);
        self.page(query, rows::offer).await
    }
}

fn living(dialect: Dialect) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::OFFER).text(" from offers f where f.deleted_at is null");
    query
}

fn of_vendors(query: &mut Query, scope: &Scope) {
    if !scope.vendors().is_empty() {
        query.text(" or f.vendor_ref").any_of(scope.vendors());
    }
}

fn taken(query: &mut Query, scope: &Scope) {
    if !scope.subscribers().is_empty() {
        // First, so that an offer of another vendor is not looked for among the orders.
        query.text(" or f.vendor_ref in (select p.vendor_ref from parties p where p.ref").any_of(scope.subscribers());
        query.text(") and f.ref in (select o.offer_ref from orders o where o.subscriber_ref");
        query.any_of(scope.subscribers()).text(" and o.state in ('PENDING', 'ACTIVE'))");
    }
}

fn orderable(query: &mut Query, scope: &Scope) {
    if !scope.subscribers().is_empty() {
        query.text(" or f.state = 'ACTIVE' and f.vendor_ref in (select p.vendor_ref from parties p where p.ref");
        query.any_of(scope.subscribers()).text(" and p.deleted_at is null)");
    }
}
