//! `GET /users[?email=][&userId=]`. Both filters mean the login, in any letter case.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Scope, User, UserRef};
use orderpark_store::{ReadError, Rows, Slice, UserFilter};

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let page = page::by_index(&call.query)?;
    let (email, id) = (call.query.name("email")?, call.query.name("userId")?);
    if let (Some(email), Some(id)) = (&email, &id)
        && !email.eq_ignore_ascii_case(id)
    {
        return Ok(list::nothing());
    }
    let filter = UserFilter { login: email.or(id) };
    list::answer(&call, Users(filter), page).await
}

struct Users(UserFilter);

impl Listing for Users {
    type Row = User;
    type Ref = UserRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<UserRef>) -> Result<Rows<User>, ReadError> {
        app.store.page_users(scope, &self.0, slice).await
    }

    fn ref_of(row: &User) -> UserRef {
        row.user
    }

    fn write(_: &Scope, row: &User, text: &mut Vec<u8>) {
        answer::write_json(&wire::User::of(row), text);
    }
}
