//! `GET /quotas/{ref}`. The tag holds the revision, which a change is compared with, and what is
//! shown besides.

use super::{find, shown};
use crate::dx::Call;
use crate::wire::etag;
use crate::{Problem, answer};
use axum::response::Response;

pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let row = find(&call).await?;
    let shown = shown(&call.app, &row);
    let moved = etag::of_text(&answer::to_json(&shown));
    let etag = format!("\"{}-{}\"", row.party.revision, moved.trim_matches('"'));
    Ok(call.show(&shown, &etag))
}
