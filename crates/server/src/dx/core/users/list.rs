//! `GET /users[?email=][&userId=]`. Both filters mean the login, in any letter case.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Action, Scope, User, UserRef};
use orderpark_store::{Creators, ReadError, Rows, Slice, UserFilter};
use std::sync::Arc;

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let page = page::by_index(&call.query)?;
    let (email, id) = (call.query.name("email")?, call.query.name("userId")?);
    if let (Some(email), Some(id)) = (&email, &id)
        && !email.eq_ignore_ascii_case(id)
    {
        return Ok(list::nothing());
    }
    let filter = UserFilter { login: email.or(id) };
    let readable = call.caller.may(Action::ReadUsers)?;
    list::answer(&call, Users { filter, readable }, page).await
}

struct Users {
    filter: UserFilter,
    /// The users whose logins may be shown as makers.
    readable: Scope,
}

impl Listing for Users {
    type Row = (User, Arc<Creators>);
    type Ref = UserRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<UserRef>) -> Result<Rows<Self::Row>, ReadError> {
        let users = app.store.page_users(scope, &self.filter, slice).await?;
        let makers = users.iter().filter_map(|user| user.created_by).collect();
        let creators = Arc::new(app.store.get_creators(&self.readable, makers).await?);
        Ok(users.map(|user| (user, Arc::clone(&creators))))
    }

    fn ref_of((row, _): &Self::Row) -> UserRef {
        row.user
    }

    fn write(_: &Scope, (row, creators): &Self::Row, text: &mut Vec<u8>) {
        answer::write_json(&wire::User::of(row).made_by(creators), text);
    }
}
