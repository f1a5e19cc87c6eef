//! `PUT /users/{ref}`, and `PUT /users/{ref}?resetPassword=true[&keepPrevious=false]`.
//!
//! A new secret stands in front of the one before, which stays valid so that programs can be moved over one by one; with
//! `keepPrevious=false` it dies at once, and the token with it. The spelling `keepprevious` is
//! taken as well: whoever sends it has a leaked secret to end, which a refusal would leave alive.

use super::{find, shown, user_of};
use crate::Problem;
use crate::access::new_secret;
use crate::dx::Call;
use crate::dx::core::{as_read, renamed};
use crate::wire::{etag, text, wrong};
use axum::response::Response;
use orderpark_domain::user::{RotateSecret, UpdateUser};
use orderpark_domain::{Command, User};

pub(crate) async fn update(call: Call) -> Result<Response, Problem> {
    let current = find(&call).await?;
    if call.query.flag("resetPassword")?.unwrap_or(false) {
        return reset(&call, &current).await;
    }
    if keep_previous(&call)?.is_some() {
        return Err(wrong("keepPrevious", "can only be sent together with resetPassword=true"));
    }
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let command = UpdateUser {
        user: current.user,
        first_name: renamed(&mut fields, "firstName", current.first_name.as_deref(), text::name),
        last_name: renamed(&mut fields, "lastName", current.last_name.as_deref(), text::name),
        organization: renamed(&mut fields, "organization", current.organization.as_deref(), text::name),
        grants: fields.changed("scopes", text::grants),
        role: fields.changed("role", text::role),
    };
    fields.finish_against(&as_read(&shown(&call, &current).await?))?;
    let done = call.commit(Command::UpdateUser(command)).await?;
    let user = user_of(done.outcome)?;
    Ok(call.done(&shown(&call, &user).await?, &etag::of(user.revision), false))
}

/// The body may be empty, or the object as it was read.
async fn reset(call: &Call, current: &User) -> Result<Response, Problem> {
    if !call.body.is_empty() {
        let body = call.json()?;
        call.fields(&body).finish_against(&as_read(&shown(call, current).await?))?;
    }
    let keep_previous = keep_previous(call)?.unwrap_or(true);
    let (text, secret) = new_secret(&*call.app.chance);
    let command = RotateSecret { user: current.user, secret, keep_previous };
    let done = call.commit(Command::RotateSecret(command)).await?;
    let text = done.secret(text.as_str());
    let user = user_of(done.outcome)?;
    let shown = shown(call, &user).await?.with_client(&call.app.settings.default_profile, text);
    Ok(call.done(&shown, &etag::of(user.revision), false))
}

/// Whether the secret before stays valid; where both spellings are there, only if both say so.
fn keep_previous(call: &Call) -> Result<Option<bool>, Problem> {
    let spellings = [call.query.flag("keepPrevious")?, call.query.flag("keepprevious")?];
    Ok(spellings.into_iter().flatten().reduce(|one, other| one && other))
}
