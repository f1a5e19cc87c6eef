//! `DELETE /users/{ref}`.

use super::user_of;
use crate::Problem;
use crate::dx::Call;
use crate::wire::{self, etag};
use axum::response::Response;
use orderpark_domain::user::DeleteUser;
use orderpark_domain::{Command, UserRef};

pub(crate) async fn delete(call: Call) -> Result<Response, Problem> {
    let user = call.target(UserRef::parse)?;
    let done = call.commit_once(Command::DeleteUser(DeleteUser { user }), None).await?;
    let user = user_of(done.outcome)?;
    Ok(call.done(&wire::User::of(&user), &etag::of(user.revision), done.replayed))
}
