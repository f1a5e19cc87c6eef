//! `PUT /suppliers/{ref}`, `/vendors/{ref}`, `/subscribers/{ref}`: the name; of a subscriber also how to reach it.

use super::{Progress, Shown, etag, find, party_of};
use crate::Problem;
use crate::dx::Call;
use crate::dx::core::{as_read, renamed};
use crate::wire::text;
use axum::response::Response;
use orderpark_domain::party::UpdateParty;
use orderpark_domain::{Command, PartyKind};

pub(crate) async fn supplier(call: Call) -> Result<Response, Problem> {
    update(call, PartyKind::Supplier).await
}

pub(crate) async fn vendor(call: Call) -> Result<Response, Problem> {
    update(call, PartyKind::Vendor).await
}

pub(crate) async fn subscriber(call: Call) -> Result<Response, Problem> {
    update(call, PartyKind::Subscriber).await
}

async fn update(call: Call, kind: PartyKind) -> Result<Response, Problem> {
    let current = find(&call, kind).await?;
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let mut command = UpdateParty {
        kind,
        party: current.party,
        name: fields.changed("name", text::name),
        contact_email: None,
        organization: None,
    };
    if kind == PartyKind::Subscriber {
        command.contact_email = renamed(&mut fields, "contactEmail", current.contact_email.as_deref(), text::email);
        command.organization = renamed(&mut fields, "organization", current.organization.as_deref(), text::name);
    }
    let progress = Progress::of(&call, &current).await?;
    fields.finish_against(&as_read(&Shown::of(&current, None).with(progress.as_ref())))?;
    let done = call.commit(Command::UpdateParty(command)).await?;
    let (party, _) = party_of(done.outcome)?;
    let shown = Shown::of(&party, None).with(progress.as_ref());
    Ok(call.done(&shown, &etag(&party, progress.as_ref()), false))
}
