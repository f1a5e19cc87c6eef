//! `PUT /applications/{ref}`, `/connectivityPlans/{ref}`; where the notification begins to be signed, with its secret, once.

use super::notification::{self, bring_secret, to_show};
use super::{find, product_of, report, rotate, shown, shown_done};
use crate::Problem;
use crate::dx::Call;
use crate::dx::core::as_read;
use crate::wire::{text, wrong};
use axum::response::Response;
use orderpark_domain::product::UpdateProduct;
use orderpark_domain::{Command, ProductKind};

pub(crate) async fn application(call: Call) -> Result<Response, Problem> {
    update(call, ProductKind::Application).await
}

/// With `?subscriberId=` it is a report of use instead.
pub(crate) async fn plan(call: Call) -> Result<Response, Problem> {
    match call.query.name("subscriberId")? {
        Some(_) if call.query.get("rotateSecret").is_some() => {
            Err(wrong("rotateSecret", "cannot be combined with subscriberId"))
        }
        Some(subscriber_id) => report::report(&call, &subscriber_id).await,
        None => update(call, ProductKind::ConnectivityPlan).await,
    }
}

async fn update(call: Call, kind: ProductKind) -> Result<Response, Problem> {
    let current = find(&call, kind).await?;
    if call.query.flag("rotateSecret")?.unwrap_or(false) {
        return rotate::rotate(&call, &current).await;
    }
    let before = current.notification.as_ref();
    let (now, _) = shown(&call, &current).await?;
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let mut command = UpdateProduct {
        kind,
        product: current.product,
        name: fields.changed("name", text::name),
        portal_url: None,
        notification: fields.removable_object("notification", |fields| notification::read(&call.app, fields, before)),
    };
    if kind == ProductKind::Application {
        command.portal_url = fields.removable("portalUrl", text::url);
    }
    fields.finish_against(&as_read(&now))?;
    let told = command.notification.as_mut().and_then(Option::as_mut);
    let secret = told.map(|told| bring_secret(&call.app, told)).transpose()?.flatten();
    let done = call.commit(Command::UpdateProduct(command)).await?;
    let secret = done.secret(secret.as_ref()).flatten();
    let product = product_of(&call, done.outcome)?;
    let (shown, etag) = shown_done(&call, &product).await?;
    Ok(call.done(&shown.with_secret(to_show(secret, &product)), &etag, false))
}
