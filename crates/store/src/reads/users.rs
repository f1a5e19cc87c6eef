//! Users: visible to whoever holds all that they hold. Tokens: for those who check them.

use super::{Read, Rows, Slice, UserFilter};
use crate::Store;
use crate::query::{Dialect, Query, sql_number};
use crate::row::{self, Row, number, string};
use crate::rows;
use orderpark_domain::{Membership, PartyKind, PartyRef, Scope, Token, User, UserRef};
use std::collections::{BTreeSet, HashMap};

/// The logins of users that made something.
pub type Creators = HashMap<UserRef, String>;

impl Store {
    /// The living user with this ref.
    pub async fn get_user(&self, scope: &Scope, user: UserRef) -> Read<Option<User>> {
        let mut query = visible(self.dialect(), scope);
        query.bind(" and u.ref = ?", sql_number(user.0));
        self.get(query, rows::user).await
    }

    /// The living user with this login, or the only one whose login differs from it by letter case
    /// alone. An older version let in several logins that differ so.
    pub async fn get_user_by_login(&self, scope: &Scope, login: &str) -> Read<Option<User>> {
        let mut query = visible(self.dialect(), scope);
        query.bind(" and lower(u.login) = ?", login.to_ascii_lowercase()).text(" order by u.ref");
        let push = |users: &mut Vec<User>, row: &dyn Row| rows::user(row).map(|user| users.push(user));
        let mut users = self.read(query, Vec::new(), push).await?;
        let exact = users.iter().position(|user| user.login == login);
        let only = (users.len() == 1).then_some(0);
        Ok(exact.or(only).map(|at| users.swap_remove(at)))
    }

    /// The living users, by ref.
    pub async fn page_users(&self, scope: &Scope, filter: &UserFilter, slice: Slice<UserRef>) -> Read<Rows<User>> {
        let mut query = visible(self.dialect(), scope);
        query
            .bind_some(" and lower(u.login) = ?", filter.login.as_deref().map(str::to_ascii_lowercase))
            .bind_some(" and u.ref > ?", slice.after.map(|after| sql_number(after.0)))
            .text(" order by u.ref");
        slice.limit(&mut query);
        self.page(query, rows::user).await
    }

    /// The logins of those of these users that are within the scope; also of deleted ones, who may
    /// have made what lives.
    pub async fn get_creators(&self, scope: &Scope, users: BTreeSet<UserRef>) -> Read<Creators> {
        if users.is_empty() {
            return Ok(Creators::new());
        }
        let mut query = Query::new(self.dialect(), "select u.ref, u.login from users u where u.ref");
        query.any_number(users.iter().map(|user| sql_number(user.0)).collect());
        all_held(&mut query, scope);
        let creators = self.list(query, |row| Ok((UserRef(number(row, 0)?), string(row, 1)?))).await?;
        Ok(creators.into_iter().collect())
    }

    /// The token with this SHA-256, its living user, and the membership of the user, unless the
    /// closing of the user's party ended it. Whether it has expired is the caller's to ask.
    pub async fn get_token(&self, scope: &Scope, hash: &[u8; 32]) -> Read<Option<(Token, User, Membership)>> {
        let mut query = Query::new(self.dialect(), "select ");
        query
            .either(rows::TOKEN)
            .text(", p.kind, p.vendor_ref, p.quotas, v.quotas, ")
            .either(rows::USER)
            .text(" from tokens t join users u on u.ref = t.user_ref join parties p on p.ref = u.party_ref")
            .text(" left join parties v on v.ref = p.vendor_ref");
        query.bind(" where t.hash = ?", hash.to_vec()).text(" and u.deleted_at is null").text(NOT_ENDED_BY_CLOSING);
        all_held(&mut query, scope);
        let read = |row: &dyn Row| {
            let at = rows::TOKEN_COLUMNS;
            let membership = Membership {
                kind: row::word(row, at, PartyKind::parse)?,
                vendor: row::optional_number(row, at + 1)?.map(PartyRef),
                quotas: rows::quotas(row, at + 2)?,
                vendor_quotas: rows::quotas(row, at + 3)?,
            };
            Ok((rows::token(row)?, rows::user_at(row, at + 4)?, membership))
        };
        self.get(query, read).await
    }
}

/// The user's party is not being closed, or the user acts for another party too.
const NOT_ENDED_BY_CLOSING: &str = " and not (exists (select 1 from parties h where h.ref = u.party_ref \
    and h.closing_at is not null) and not exists (select 1 from user_scopes g where g.user_ref = u.ref \
    and g.party_ref <> u.party_ref))";

fn visible(dialect: Dialect, scope: &Scope) -> Query {
    let mut query = Query::new(dialect, "select ");
    query.either(rows::USER).text(" from users u where u.deleted_at is null");
    all_held(&mut query, scope);
    query
}

/// Adds: every scope of the user is one of the caller's. It begins with those that share one, which an index finds.
pub(crate) fn all_held(query: &mut Query, scope: &Scope) {
    query.bind_some(" and u.ref = ?", scope.only_user().map(|user| sql_number(user.0)));
    if scope.is_everything() {
        return;
    }
    let kinds =
        [("'SUPPLIER'", scope.suppliers()), ("'VENDOR'", scope.vendors()), ("'SUBSCRIBER'", scope.subscribers())];
    let parties: Vec<_> = kinds.iter().flat_map(|(_, parties)| parties.iter().copied()).collect();
    query.text(" and u.ref in (select h.user_ref from user_scopes h where h.party_ref").any_of(&parties).text(")");
    query.text(" and not exists (select 1 from user_scopes g where g.user_ref = u.ref and not (false");
    for (kind, parties) in kinds.into_iter().filter(|(_, parties)| !parties.is_empty()) {
        query.text(" or g.kind = ").text(kind).text(" and g.party_ref").any_of(parties);
    }
    query.text("))");
}
