//! `POST /applications`, `/connectivityPlans`; where the notification is signed, with its secret, once.

use super::notification::{self, bring_secret, to_show};
use super::{product_of, shown_done};
use crate::Problem;
use crate::dx::Call;
use crate::wire::text;
use axum::response::Response;
use orderpark_domain::product::CreateProduct;
use orderpark_domain::{Command, ProductKind};

pub(crate) async fn application(call: Call) -> Result<Response, Problem> {
    create(call, ProductKind::Application).await
}

pub(crate) async fn plan(call: Call) -> Result<Response, Problem> {
    create(call, ProductKind::ConnectivityPlan).await
}

async fn create(call: Call, kind: ProductKind) -> Result<Response, Problem> {
    let body = call.json()?;
    let mut fields = call.fields(&body);
    let mut command = CreateProduct {
        kind,
        id: fields.required("id", text::owned_id),
        name: fields.required("name", text::name),
        portal_url: None,
        notification: fields.object("notification", |fields| notification::read(&call.app, fields, None)),
    };
    if kind == ProductKind::Application {
        command.portal_url = fields.optional("portalUrl", text::url);
    }
    let body = fields.finish()?;
    let secret = command.notification.as_mut().map(|told| bring_secret(&call.app, told)).transpose()?.flatten();
    let done = call.commit_once(Command::CreateProduct(command), Some(&body)).await?;
    let (secret, replayed) = (done.secret(secret.as_ref()).flatten(), done.replayed);
    let product = product_of(&call, done.outcome)?;
    let (shown, etag) = shown_done(&call, &product).await?;
    let shown = shown.with_secret(to_show(secret, &product));
    Ok(call.made(&shown, &etag, product.product, replayed))
}
