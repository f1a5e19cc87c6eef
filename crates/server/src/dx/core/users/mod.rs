//! `/users`: logins. A caller sees and touches those whose scopes it holds as well.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use orderpark_domain::{Outcome, User, UserRef};

fn user_of(outcome: Outcome) -> Result<User, Problem> {
    match outcome {
        Outcome::User(user) => Ok(*user),
        other => Err(unexpected(&other)),
    }
}

/// The living user that the path names.
async fn find(call: &Call) -> Result<User, Problem> {
    let user = call.target(UserRef::parse)?;
    call.app.store.get_user(&call.scope, user).await?.ok_or_else(Problem::not_found)
}
