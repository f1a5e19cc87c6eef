//! `/applications` and `/connectivityPlans`: the same operations on two kinds of product.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
mod report;
pub(crate) mod update;

use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::wire::{self, etag};
use crate::{App, Problem};
use orderpark_domain::{Outcome, Product, ProductKind, ProductRef, Scope};
use orderpark_store::{BalanceTotal, ReadError};
use serde::Serialize;

/// A product as its resource shows it.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Application(wire::Application<'a>),
    Plan(wire::ConnectivityPlan<'a>),
}

/// What is shown, and its entity tag. A plan shows the connections of whoever looks.
fn shown<'a>(app: &App, scope: &Scope, product: &'a Product) -> Result<(Shown<'a>, String), ReadError> {
    Ok(match product.kind {
        ProductKind::Application => {
            (Shown::Application(wire::Application::of(product, scope)), etag::of(product.revision))
        }
        ProductKind::ConnectivityPlan => with_total(product, app.store.get_balance(scope, product.product)?, scope),
    })
}

/// A plan with these connections.
fn with_total<'a>(product: &'a Product, total: BalanceTotal, scope: &Scope) -> (Shown<'a>, String) {
    let plan = wire::ConnectivityPlan::of(product, total, scope);
    (Shown::Plan(plan), wire::ConnectivityPlan::etag(product, total))
}

fn product_of(outcome: Outcome) -> Result<Product, Problem> {
    match outcome {
        Outcome::Product(product) => Ok(*product),
        other => Err(unexpected(&other)),
    }
}

/// The living product that the path names.
fn find(call: &Call, kind: ProductKind) -> Result<Product, Problem> {
    let product = call.target(ProductRef::parse)?;
    call.app.store.get_product(&call.scope, kind, product)?.ok_or_else(Problem::not_found)
}
