//! Webhook endpoints: the operator sees all, everybody else its own. A vendor does not see those of its subscribers.

use super::{EndpointFilter, Read, Slice};
use crate::Store;
use crate::query::{Dialect, Query, sql_number};
use crate::rows;
use orderpark_domain::{Endpoint, EndpointRef, PartyKind, Scope};

impl Store {
    /// The living endpoint with this ref.
    pub async fn get_endpoint(&self, scope: &Scope, endpoint: EndpointRef) -> Read<Option<Endpoint>> {
        let mut query = visible(self.dialect(), scope);
        query.bind(" and w.ref = ?", sql_number(endpoint.0));
        self.get(query, rows::endpoint).await
    }

    /// The living endpoints, by ref.
    pub async fn page_endpoints(
        &self,
        scope: &Scope,
        filter: &EndpointFilter,
        slice: Slice<EndpointRef>,
    ) -> Read<Vec<Endpoint>> {
        let mut query = visible(self.dialect(), scope);
        query
            .bind_some(" and w.owner_ref = ?", filter.owner.map(|owner| sql_number(owner.0)))
            .bind_some(" and w.ref > ?", slice.after.map(|after| sql_number(after.0)))
            .text(" order by w.ref");
        slice.limit(&mut query);
        self.list(query, rows::endpoint).await
    }
}

fn visible(dialect: Dialect, scope: &Scope) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::ENDPOINT).text(" from webhook_endpoints w where w.deleted_at is null");
    if scope.is_everything() {
        return query;
    }
    // Said of all parties together, so that they are found by their index; and once more with their kinds.
    let parties = [scope.suppliers(), scope.vendors(), scope.subscribers()];
    query.text(" and w.owner_ref").any_of(&parties.concat());
    query.text(" and (false");
    let kinds = [PartyKind::Supplier, PartyKind::Vendor, PartyKind::Subscriber];
    for (kind, parties) in kinds.into_iter().zip(parties).filter(|(_, parties)| !parties.is_empty()) {
        query.text(" or w.owner_kind = '").text(kind.as_str()).text("' and w.owner_ref").any_of(parties);
    }
    query.text(")");
    query
}
