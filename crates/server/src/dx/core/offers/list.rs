//! `GET /offers[?offerId=][&orderable=true]`.

use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::{self, page};
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Offer, OfferRef, Scope};
use orderpark_store::{OfferFilter, ReadError, Rows, Slice};

pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let filter =
        OfferFilter { id: call.query.name("offerId")?, orderable: call.query.flag("orderable")?.unwrap_or(false) };
    list::answer(&call, Offers(filter), page::by_index(&call.query)?).await
}

struct Offers(OfferFilter);

impl Listing for Offers {
    type Row = Offer;
    type Ref = OfferRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<OfferRef>) -> Result<Rows<Offer>, ReadError> {
        app.store.page_offers(scope, &self.0, slice).await
    }

    fn ref_of(row: &Offer) -> OfferRef {
        row.offer
    }

    fn write(_: &Scope, row: &Offer, text: &mut Vec<u8>) {
        answer::write_json(&wire::Offer::of(row), text);
    }
}
