//! Webhook endpoints: the operator sees all, everybody else its own. A vendor does not see those of its subscribers.

use super::{EndpointFilter, Read, Rows, Slice};
use crate::Store;
use crate::query::{Dialect, Query, Texts, sql_number};
use crate::row::number;
use crate::rows;
use orderpark_domain::{Endpoint, EndpointRef, PartyKind, Scope};

impl Store {
    /// The living endpoint with this ref.
    pub async fn get_endpoint(&self, scope: &Scope, endpoint: EndpointRef) -> Read<Option<Endpoint>> {
        let mut query = visible(self.dialect(), scope);
        query.bind(" and w.ref = ?", sql_number(endpoint.0));
        self.get(query, rows::endpoint).await
    }

    /// How many living webhook endpoints, and how many products, have a newest secret that was
    /// sealed under another key.
    pub async fn count_sealed_by_others(&self, key_id: &str) -> Read<(u64, u64)> {
        let mut query = Query::new(self.dialect(), "select coalesce(sum(case when kind = 1 then 1 else 0 end), 0), ");
        query.text("coalesce(sum(case when kind = 2 then 1 else 0 end), 0) from (").either(KEYS_OF_SECRETS);
        query.bind(") k where key_id <> ?", key_id.to_owned());
        let counted = self.get(query, |row| Ok((number(row, 0)?, number(row, 1)?))).await?;
        Ok(counted.unwrap_or_default())
    }

    /// The living endpoints, by ref.
    pub async fn page_endpoints(
        &self,
        scope: &Scope,
        filter: &EndpointFilter,
        slice: Slice<EndpointRef>,
    ) -> Read<Rows<Endpoint>> {
        let mut query = visible(self.dialect(), scope);
        query
            .bind_some(" and w.owner_ref = ?", filter.owner.map(|owner| sql_number(owner.0)))
            .bind_some(" and w.ref > ?", slice.after.map(|after| sql_number(after.0)))
            .text(" order by w.ref");
        slice.limit(&mut query);
        self.page(query, rows::endpoint).await
    }
}

/// The living endpoints and products, with the newest of each one's sealed secrets, which names its
/// key up to the full stop.
const KEYS_OF_SECRETS: Texts = Texts {
    sqlite: "select kind, substr(sealed, 1, instr(sealed, '.') - 1) as key_id from (\
        select 1 as kind, secrets ->> '$[0].sealed' as sealed from webhook_endpoints where deleted_at is null union all \
        select 2, notification ->> '$.secrets[0].sealed' from products where deleted_at is null)",
    postgres: "select kind, split_part(sealed, '.', 1) as key_id from (\
        select 1 as kind, secrets::jsonb -> 0 ->> 'sealed' as sealed from webhook_endpoints where deleted_at is null \
        union all select 2, notification::jsonb -> 'secrets' -> 0 ->> 'sealed' from products where deleted_at is null) s",
};

fn visible(dialect: Dialect, scope: &Scope) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::ENDPOINT).text(" from webhook_endpoints w where w.deleted_at is null");
    owned(&mut query, scope);
    query
}

/// Adds: the owner of the endpoint is one of the caller's.
pub(crate) fn owned(query: &mut Query, scope: &Scope) {
    if scope.is_everything() {
        return;
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
}
