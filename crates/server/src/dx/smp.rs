//! `GET /thingpark/smp/rest/applications/{n}/subscriptions/{m}`: the subscription that an `href` names.
//!
//! Suppliers are told subscriptions by this address (seen in public receivers), and orders show it, so it leads there: to what
//! `GET /subscriptions/{ref}` shows, for the same callers. That it answers JSON is ours; what receivers that are public expect of it
//! nobody says.

use crate::dx::core::subscriptions;
use crate::wire::{Query, Subscription, accept, etag};
use crate::{App, Problem, access, answer};
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Uri};
use orderpark_domain::{Action, ProductRef};
use std::sync::Arc;

/// Below it, everything needs a token.
pub(crate) const SMP_BASE: &str = "/thingpark/smp/rest";
/// A subscription, by its product's ref and its number.
pub(crate) const SUBSCRIPTION: &str = "/thingpark/smp/rest/applications/{product}/subscriptions/{number}";

pub(crate) async fn subscription(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = access::admit(&app, &headers).await?;
    let scope = caller.may(Action::ReadSubscriptions)?;
    accept::check_answer(&headers)?;
    Query::expect_none(&uri, SUBSCRIPTION, app.settings.ignore_unknown_fields)?;
    let (product, number) = named(uri.path()).ok_or_else(Problem::not_found)?;
    let found = app.store.get_subscription_numbered(&scope, product, number).await?;
    let placed = found.ok_or_else(Problem::not_found)?;
    let tag = subscriptions::etag_for(&app, &scope, &placed).await?;
    if etag::is_known(&headers, &tag) {
        return Ok(answer::not_modified(&tag));
    }
    Ok(answer::read(answer::json(&Subscription::of(&placed)), &tag))
}

/// The product and the number in the path, which are spelled as refs are.
fn named(path: &str) -> Option<(ProductRef, u64)> {
    let (product, number) =
        path.strip_prefix(SMP_BASE)?.strip_prefix("/applications/")?.split_once("/subscriptions/")?;
    let ProductRef(number) = ProductRef::parse(number)?;
    Some((ProductRef::parse(product)?, number))
}
