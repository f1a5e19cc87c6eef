//! Webhook endpoints, and who is delivered to.

use super::{Writes, column, json};
use crate::deliveries::TELL_TARGETS;
use crate::query::sql_number;
use crate::told::ToldTarget;
use orderpark_domain::Endpoint;

impl<'w> Writes<'w> {
    pub(super) fn endpoints(&mut self, endpoints: &[&'w Endpoint]) {
        let sql = "insert into webhook_endpoints (ref, owner_kind, owner_ref, url, description, kinds, secrets, state, \
                   disabled_why, disabled_at, created_at, revision, deleted_at, created_by) \
                   select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
                   $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], \
                   $14::bigint[]) \
                   on conflict (ref) do update set url = excluded.url, description = excluded.description, \
                   kinds = excluded.kinds, secrets = excluded.secrets, state = excluded.state, \
                   disabled_why = excluded.disabled_why, disabled_at = excluded.disabled_at, \
                   revision = excluded.revision, deleted_at = excluded.deleted_at";
        self.add(sql, endpoints.len(), || {
            vec![
                column(endpoints, |endpoint| sql_number(endpoint.endpoint.0)),
                column(endpoints, |endpoint| endpoint.owner.kind.as_str()),
                column(endpoints, |endpoint| sql_number(endpoint.owner.party.0)),
                column(endpoints, |endpoint| endpoint.url.as_str()),
                column(endpoints, |endpoint| endpoint.description.as_deref()),
                column(endpoints, |endpoint| endpoint.kinds.as_ref().map(json)),
                column(endpoints, |endpoint| json(&endpoint.secrets)),
                column(endpoints, |endpoint| endpoint.state.as_str()),
                column(endpoints, |endpoint| endpoint.disabled.as_ref().map(|disabled| disabled.why.as_str())),
                column(endpoints, |endpoint| endpoint.disabled.as_ref().map(|disabled| disabled.at.0)),
                column(endpoints, |endpoint| endpoint.created_at.0),
                column(endpoints, |endpoint| i64::from(endpoint.revision)),
                column(endpoints, |endpoint| endpoint.deleted_at.map(|at| at.0)),
                column(endpoints, |endpoint| endpoint.created_by.map(|by| sql_number(by.0))),
            ]
        });
    }

    /// In the order of their keys, as everybody locks them.
    pub(super) fn targets(&mut self, told: &[ToldTarget]) {
        self.add(TELL_TARGETS.postgres, told.len(), || {
            vec![
                column(told, |told| told.target.kind()),
                column(told, |told| sql_number(told.target.number())),
                column(told, |told| i64::from(told.active)),
                column(told, |told| sql_number(told.seq)),
            ]
        });
    }
}
