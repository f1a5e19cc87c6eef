//! `GET /applications[?applicationId=]`, `/connectivityPlans[?connectivityPlanId=]`.

use super::{Shown, totals};
use crate::dx::Call;
use crate::dx::list::{self, Listing};
use crate::wire::page;
use crate::{App, Problem, answer};
use axum::response::Response;
use orderpark_domain::{Product, ProductKind, ProductRef, Scope};
use orderpark_store::{BalanceTotal, ProductFilter, ReadError, Rows, Slice};

pub(crate) async fn applications(call: Call) -> Result<Response, Problem> {
    products(&call, ProductKind::Application, "applicationId").await
}

pub(crate) async fn plans(call: Call) -> Result<Response, Problem> {
    products(&call, ProductKind::ConnectivityPlan, "connectivityPlanId").await
}

async fn products(call: &Call, kind: ProductKind, id: &str) -> Result<Response, Problem> {
    let filter = ProductFilter { id: call.query.name(id)? };
    list::answer(call, Products { kind, filter }, page::by_index(&call.query)?).await
}

struct Products {
    kind: ProductKind,
    filter: ProductFilter,
}

/// A product with the connections of it that whoever asks may see.
struct Counted {
    product: Product,
    total: BalanceTotal,
}

impl Listing for Products {
    type Row = Counted;
    type Ref = ProductRef;

    async fn read(&self, app: &App, scope: &Scope, slice: Slice<ProductRef>) -> Result<Rows<Counted>, ReadError> {
        let products = app.store.page_products(scope, self.kind, &self.filter, slice).await?;
        let totals = totals(app, scope, self.kind, &products).await?;
        let is_cut = products.is_cut;
        let rows = products.rows.into_iter().zip(totals).map(|(product, total)| Counted { product, total });
        Ok(Rows { rows: rows.collect(), is_cut })
    }

    fn ref_of(row: &Counted) -> ProductRef {
        row.product.product
    }

    fn write(scope: &Scope, row: &Counted, text: &mut Vec<u8>) {
        answer::write_json(&Shown::of(&row.product, row.total, scope), text);
    }
}
