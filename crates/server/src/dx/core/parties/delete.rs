//! `DELETE /suppliers/{ref}`, `/vendors/{ref}`, `/subscribers/{ref}[?force=true]`.

use super::{Progress, Shown, etag, party_of};
use crate::dx::Call;
use crate::{Problem, answer};
use axum::response::Response;
use orderpark_domain::party::{DeleteParty, PARTS_AT_ONCE};
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
    let done = call
        .commit_once(Command::DeleteParty(DeleteParty { kind, party, force, parts_max: PARTS_AT_ONCE }), None)
        .await?;
    let (party, _) = party_of(done.outcome)?;
    let progress = Progress::of(&call, &party).await?;
    let shown = Shown::of(&party, None).with(progress.as_ref());
    let response = call.done(&shown, &etag(&party, progress.as_ref()), done.replayed);
    Ok(if progress.is_some() && !call.dry_run { answer::begun(response) } else { response })
}
