//! `/users`: logins. A caller sees and touches those whose scopes it holds as well.

pub(crate) mod contain;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::wire;
use orderpark_domain::{Action, Outcome, User, UserRef};
use orderpark_store::Creators;

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

/// The makers of what is shown, as far as the caller may read them.
pub(crate) async fn creators(
    call: &Call,
    made: impl IntoIterator<Item = Option<UserRef>>,
) -> Result<Creators, Problem> {
    let makers = made.into_iter().flatten().collect();
    Ok(call.app.store.get_creators(&call.caller.may(Action::ReadUsers)?, makers).await?)
}

/// A user as the caller reads it.
async fn shown<'u>(call: &Call, user: &'u User) -> Result<wire::User<'u>, Problem> {
    Ok(wire::User::of(user).made_by(&creators(call, [user.created_by]).await?))
}
