//! `DELETE /offers/{ref}`.

use super::offer_of;
use crate::Problem;
use crate::dx::Call;
use crate::wire::{self, etag};
use axum::response::Response;
use orderpark_domain::offer::DeleteOffer;
use orderpark_domain::{Command, OfferRef};

pub(crate) async fn delete(call: Call) -> Result<Response, Problem> {
    let offer = call.target(OfferRef::parse)?;
    let done = call.commit_once(Command::DeleteOffer(DeleteOffer { offer }), None).await?;
    let offer = offer_of(done.outcome)?;
    Ok(call.done(&wire::Offer::of(&offer), &etag::of(offer.revision), done.replayed))
}
