//! `GET /applications[?applicationId=]`, `/connectivityPlans[?connectivityPlanId=]`.

use super::shown;
use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::page;
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Product, ProductKind, ProductRef, Scope};
use orderpark_store::{ProductFilter, ReadError, Slice};

pub(crate) async fn applications(call: Call) -> Result<Response, Problem> {
    products(&call, ProductKind::Application, "applicationId").await
}

pub(crate) async fn plans(call: Call) -> Result<Response, Problem> {
    products(&call, ProductKind::ConnectivityPlan, "connectivityPlanId").await
}

async fn products(call: &Call, kind: ProductKind, id: &str) -> Result<Response, Problem> {
    let filter = ProductFilter { id: call.query.name(id) };
    list::answer(call, Products { kind, filter }, page::by_index(&call.query)?).await
}

struct Products {
    kind: ProductKind,
    filter: ProductFilter,
}

impl Listing for Products {
    type Row = Product;
    type Ref = ProductRef;

    fn read(&self, app: &App, scope: &Scope, slice: Slice<ProductRef>) -> Result<Vec<Product>, ReadError> {
        app.store.page_products(scope, self.kind, &self.filter, slice)
    }

    fn ref_of(row: &Product) -> ProductRef {
        row.product
    }

    fn write(&self, app: &App, scope: &Scope, row: &Product, text: &mut Vec<u8>) -> Result<(), ReadError> {
        let (shown, _) = shown(app, scope, row)?;
        answer::write_json(&shown, text);
        Ok(())
    }
}
