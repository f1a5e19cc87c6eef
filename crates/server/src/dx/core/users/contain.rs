//! `POST /users/{ref}/contain`: ends the credentials of a user, lists what it made, and ends that
//! too where it is asked for.
//!
//! Nothing is kept under an `Idempotency-Key`: containing a user again is what a client does that
//! does not know whether it was contained, or was told that there is more.

use super::creators;
use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::wire::{self, etag, text, time};
use axum::response::Response;
use orderpark_domain::user::ContainUser;
use orderpark_domain::{Command, Instant, Outcome, UserRef};
use orderpark_store::deliveries::Target;

pub(crate) async fn contain(call: Call) -> Result<Response, Problem> {
    let user = call.target(UserRef::parse)?;
    let command = command(&call, user)?;
    let done = call.commit(Command::ContainUser(command)).await?;
    let Outcome::Contained(contained) = done.outcome else { return Err(unexpected(&done.outcome)) };
    if contained.ended {
        contained.endpoints.iter().for_each(|ended| call.poke(Target::Endpoint(ended.endpoint)));
    }
    let users = contained.users.iter().map(|made| made.user.created_by).chain([contained.user.created_by]);
    let endpoints = contained.endpoints.iter().map(|made| made.created_by);
    let creators = creators(&call, users.chain(endpoints)).await?;
    let shown = wire::Contained::of(&contained, &creators);
    Ok(call.done(&shown, &etag::of(contained.user.revision), false))
}

fn command(call: &Call, user: UserRef) -> Result<ContainUser, Problem> {
    let mut command = ContainUser { user, since: Instant(0), end_created: false };
    if !call.body.is_empty() {
        let body = call.json()?;
        let mut fields = call.fields(&body);
        let time = |value: &wire::Json| time::parse(&text::reference(value)?).ok_or_else(|| TIME_RULE.into());
        command.since = fields.optional("since", time).unwrap_or(command.since);
        command.end_created = fields.optional("endCreated", text::flag).unwrap_or(false);
        fields.finish()?;
    }
    Ok(command)
}

const TIME_RULE: &str = "must be a time such as 2026-11-23T10:00:00Z";
