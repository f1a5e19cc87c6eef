//! `DELETE /suppliers/{ref}`, `/vendors/{ref}`, `/subscribers/{ref}[?force=true]`.

use super::{Shown, party_of};
use crate::Problem;
use crate::dx::Call;
use crate::wire::etag;
use axum::response::Response;
use orderpark_domain::party::DeleteParty;
use orderpark_domain::{Command, PartyKind, PartyRef};

pub(crate) async fn supplier(call: Call) -> Result<Response, Problem> {
    delete(call, PartyKind::Supplier, false).await
}

pub(crate) async fn vendor(call: Call) -> Result<Response, Problem> {
    delete(call, PartyKind::Vendor, false).await
}

pub(crate) async fn subscriber(call: Call) -> Result<Response, Problem> {
    let force = call.query.flag("force")?.unwrap_or(false);
    delete(call, PartyKind::Subscriber, force).await
}

async fn delete(call: Call, kind: PartyKind, force: bool) -> Result<Response, Problem> {
    let party = call.target(PartyRef::parse)?;
    let done = call.commit_once(Command::DeleteParty(DeleteParty { kind, party, force }), None).await?;
    let (party, _) = party_of(done.outcome)?;
    Ok(call.done(&Shown::of(&party, None), &etag::of(party.revision), done.replayed))
}
