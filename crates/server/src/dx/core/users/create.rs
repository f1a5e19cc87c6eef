//! `POST /users`. An operator names the party by `scopes`; for others it follows from their own (domain.md, "Resources").

use super::{shown, user_of};
use crate::Problem;
use crate::access::new_secret;
use crate::dx::Call;
use crate::wire::{Fields, etag, text};
use axum::response::Response;
use orderpark_domain::user::CreateUser;
use orderpark_domain::{Caller, Command, Grant, Role, SecretHash};

pub(crate) async fn create(call: Call) -> Result<Response, Problem> {
    let body = call.json()?;
    let (secret, hash) = new_secret(&*call.app.chance);
    let mut fields = call.fields(&body);
    let command = read(&mut fields, &call, hash);
    let body = fields.finish()?;
    let done = call.commit_once(Command::CreateUser(command), Some(&body)).await?;
    let (secret, replayed) = (done.secret(secret.as_str()), done.replayed);
    let user = user_of(done.outcome)?;
    let shown = shown(&call, &user).await?.with_client(&call.app.settings.default_profile, secret);
    Ok(call.made(&shown, &etag::of(user.revision), user.user, replayed))
}

fn read(fields: &mut Fields<'_>, call: &Call, secret: SecretHash) -> CreateUser {
    let grants = if call.scope.is_everything() {
        fields.required("scopes", text::grants)
    } else {
        fields.optional("scopes", text::grants).unwrap_or_else(|| own_grants(&call.caller))
    };
    CreateUser {
        email: fields.required("email", text::email),
        first_name: fields.optional("firstName", text::name),
        last_name: fields.optional("lastName", text::name),
        organization: fields.optional("organization", text::name),
        grants,
        role: fields.or("role", Role::Admin, text::role),
        secret,
    }
}

/// What the caller holds of its own party, or all that it holds if that is none.
fn own_grants(caller: &Caller) -> Vec<Grant> {
    let own: Vec<Grant> = caller.grants().iter().copied().filter(|grant| grant.party == caller.party()).collect();
    if own.is_empty() { caller.grants().to_vec() } else { own }
}
