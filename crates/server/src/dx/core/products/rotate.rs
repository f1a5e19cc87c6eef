//! `PUT /applications/{ref}?rotateSecret=true`, `/connectivityPlans/{ref}?rotateSecret=true`: a new secret for what is signed.
//!
//! The one before signs beside it for a day, so that the supplier can follow.

use super::notification::to_show;
use super::{product_of, shown, shown_done};
use crate::Problem;
use crate::dx::Call;
use crate::dx::core::as_read;
use crate::outside::NewSecret;
use axum::response::Response;
use orderpark_domain::product::RotateNotificationSecret;
use orderpark_domain::{Command, Product};

/// The body may be empty, or the object as it was read.
pub(super) async fn rotate(call: &Call, current: &Product) -> Result<Response, Problem> {
    if !call.body.is_empty() {
        let (now, _) = shown(call, current).await?;
        let body = call.json()?;
        call.fields(&body).finish_against(&as_read(&now))?;
    }
    let secret = NewSecret::make(&call.app)?;
    let (kind, product, sealed) = (current.kind, current.product, secret.sealed.clone());
    let command = RotateNotificationSecret { kind, product, secret: sealed };
    let done = call.commit(Command::RotateNotificationSecret(command)).await?;
    let secret = done.secret(&secret);
    let product = product_of(call, done.outcome)?;
    let (shown, etag) = shown_done(call, &product).await?;
    Ok(call.done(&shown.with_secret(to_show(secret, &product)), &etag, false))
}
