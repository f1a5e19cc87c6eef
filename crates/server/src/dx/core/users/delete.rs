//! `DELETE /users/{ref}`.

use super::{shown, user_of};
use crate::Problem;
use crate::dx::Call;
use crate::wire::etag;
use axum::response::Response;
use orderpark_domain::user::DeleteUser;
use orderpark_domain::{Command, UserRef};

pub(crate) async fn delete(call: Call) -> Result<Response, Problem> {
    let user = call.target(UserRef::parse)?;
    let done = call.commit_once(Command::DeleteUser(DeleteUser { user }), None).await?;
    let user = user_of(done.outcome)?;
    Ok(call.done(&shown(&call, &user).await?, &etag::of(user.revision), done.replayed))
}
