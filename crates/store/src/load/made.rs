//! Provenance: what a user made, directly and through the users that it made, deleted ones too.

use crate::query::{Query, sql_number};
use crate::reads::{endpoints, users};
use crate::row::{Read, Row, number};
use orderpark_domain::world::MadeBy;
use orderpark_domain::{EndpointRef, Made, UserRef};

/// How many users one question passes over at most, living and deleted together. That many are
/// never made by a program that means well.
const MAKERS_MAX: i64 = 10_000;

/// Asks for kind (0: the end was not reached, 1: a user, 2: a webhook endpoint) and ref of what
/// lives, the oldest first; one more than is wanted.
pub(super) fn ask(query: &mut Query, asked: &MadeBy) {
    let (user, since) = (sql_number(asked.user.0), asked.since.0);
    query.text("kind, ref from (with recursive made(ref, deleted_at) as (select ref, deleted_at from users");
    query.bind(" where created_by = ?", user).bind(" and created_at >= ?", since);
    query.text(" union all select u.ref, u.deleted_at from made m join users u on u.created_by = m.ref),");
    query.bind(" makers as (select ref, deleted_at from made limit ?)", MAKERS_MAX);
    query.bind(
        " select cast(0 as bigint) as kind, cast(0 as bigint) as ref where (select count(*) from makers) >= ?",
        MAKERS_MAX,
    );
    query.text(" union all select 1, u.ref from makers m join users u on u.ref = m.ref where m.deleted_at is null");
    users::all_held(query, &asked.scope);
    query.text(" union all select 2, w.ref from makers m join webhook_endpoints w on w.created_by = m.ref");
    query.text(" where w.deleted_at is null");
    endpoints::owned(query, &asked.scope);
    query.bind(" union all select 2, w.ref from webhook_endpoints w where w.created_by = ?", user);
    query.bind(" and w.created_at >= ?", since).text(" and w.deleted_at is null");
    endpoints::owned(query, &asked.scope);
    query.text(") it");
    query.bind(" order by kind, ref limit ?", i64::try_from(asked.max + 2).unwrap_or(i64::MAX));
}

pub(super) fn file(made: &mut Made, asked: &MadeBy, row: &dyn Row) -> Read<()> {
    let (kind, found) = (number(row, 0)?, number(row, 1)?);
    let is_full = made.users.len() + made.endpoints.len() >= asked.max;
    match kind {
        1 if !is_full => made.users.push(UserRef(found)),
        2 if !is_full => made.endpoints.push(EndpointRef(found)),
        _ => made.more = true,
    }
    Ok(())
}
