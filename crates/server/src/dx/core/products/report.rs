//! `PUT /connectivityPlans/{ref}?subscriberId=ID` with `{"usedConnections": "40"}`: how many connections that subscriber
//! uses. The supplier's act, or the operator's.

use super::{find, shown, with_total};
use crate::Problem;
use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::dx::core::as_read;
use crate::wire::text;
use axum::response::Response;
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::party::subscriber_with_id;
use orderpark_domain::{Command, Outcome, ProductKind, Refusal};
use orderpark_store::BalanceTotal;

pub(super) async fn report(call: &Call, subscriber_id: &str) -> Result<Response, Problem> {
    let plan = find(call, ProductKind::ConnectivityPlan).await?;
    let (now, _) = shown(call, &plan).await?;
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let used = fields.required("usedConnections", text::used);
    fields.finish_against(&as_read(&now))?;
    let unknown = || call.refused(&Refusal::Unknown { attribute: "subscriberId" });
    let subscriber = subscriber_with_id(subscriber_id).ok_or_else(unknown)?;
    let command = ReportUsage { subscriber, product: plan.product, used };
    let done = call.commit(Command::ReportUsage(command)).await?;
    let Outcome::Balance(balance) = done.outcome else { return Err(unexpected(&done.outcome)) };
    let total = BalanceTotal { granted: balance.granted, used: balance.used };
    let (shown, etag) = with_total(&plan, total, &call.scope);
    Ok(call.done(&shown, &etag, false))
}
