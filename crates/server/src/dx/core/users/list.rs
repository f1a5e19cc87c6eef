//! `GET /users[?email=][&userId=]`. Both filters mean the login.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, page, text};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Scope, User, UserRef};
use orderpark_store::{ReadError, Slice, UserFilter};

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let page = page::by_index(&call.query)?;
    let (email, id) = (call.query.get("email"), call.query.get("userId"));
    if email.is_some() && id.is_some() && email != id {
        return Ok(list::nothing());
    }
    let filter = UserFilter { login: email.or(id).map(text::name_of_something) };
    list::answer(&call, Users(filter), page).await
}

struct Users(UserFilter);

impl Listing for Users {
    type Row = User;
    type Ref = UserRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<UserRef>) -> Result<Vec<User>, ReadError> {
        app.store.page_users(scope, &self.0, slice).await
    }

    fn ref_of(row: &User) -> UserRef {
        row.user
    }

    fn write(_: &Scope, row: &User, text: &mut Vec<u8>) {
        answer::write_json(&wire::User::of(row), text);
    }
}
