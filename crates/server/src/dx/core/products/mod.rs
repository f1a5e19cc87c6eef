//! `/applications` and `/connectivityPlans`: the same operations on two kinds of product.

pub(crate) mod attempts;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
mod notification;
mod report;
mod rotate;
pub(crate) mod update;

use crate::dx::Call;
use crate::dx::call::unexpected;
use crate::wire::{self, etag};
use crate::{App, Problem};
use orderpark_domain::{Outcome, Product, ProductKind, ProductRef, Scope};
use orderpark_store::deliveries::Target;
use orderpark_store::{BalanceTotal, ReadError};
use serde::Serialize;

/// A product as its resource shows it.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Application(wire::Application<'a>),
    Plan(wire::ConnectivityPlan<'a>),
}

impl<'a> Shown<'a> {
    /// A product with these connections, of which an application shows none.
    fn of(product: &'a Product, total: BalanceTotal, scope: &Scope) -> Shown<'a> {
        match product.kind {
            ProductKind::Application => Shown::Application(wire::Application::of(product, scope)),
            ProductKind::ConnectivityPlan => Shown::Plan(wire::ConnectivityPlan::of(product, total, scope)),
        }
    }

    /// With the secret that its notification was given just now.
    fn with_secret(self, secret: Option<&'a str>) -> Shown<'a> {
        match self {
            Shown::Application(application) => Shown::Application(application.with_secret(secret)),
            Shown::Plan(plan) => Shown::Plan(plan.with_secret(secret)),
        }
    }
}

/// The connections of plans that this scope sees; of applications, none are counted.
async fn totals(
    app: &App,
    scope: &Scope,
    kind: ProductKind,
    products: &[Product],
) -> Result<Vec<BalanceTotal>, ReadError> {
    match kind {
        ProductKind::Application => Ok(vec![BalanceTotal::default(); products.len()]),
        ProductKind::ConnectivityPlan => {
            let products: Vec<ProductRef> = products.iter().map(|product| product.product).collect();
            app.store.get_balances(scope, &products).await
        }
    }
}

/// What is shown, and its entity tag. A plan shows the connections of whoever looks.
async fn shown<'a>(call: &Call, product: &'a Product) -> Result<(Shown<'a>, String), ReadError> {
    let totals = totals(&call.app, &call.scope, product.kind, std::slice::from_ref(product)).await?;
    let total = totals.first().copied().unwrap_or_default();
    Ok(with_total(product, total, &call.scope))
}

/// As [`shown`], of what was just committed.
async fn shown_done<'a>(call: &Call, product: &'a Product) -> Result<(Shown<'a>, String), Problem> {
    shown(call, product).await.map_err(Problem::done_but_unread)
}

/// A product with these connections, and its entity tag.
fn with_total<'a>(product: &'a Product, total: BalanceTotal, scope: &Scope) -> (Shown<'a>, String) {
    let etag = match product.kind {
        ProductKind::Application => etag::of(product.revision),
        ProductKind::ConnectivityPlan => wire::ConnectivityPlan::etag(product, total),
    };
    (Shown::of(product, total, scope), etag)
}

/// The product, whose supplier may be told from now on, or in another way.
fn product_of(call: &Call, outcome: Outcome) -> Result<Product, Problem> {
    match outcome {
        Outcome::Product(product) => {
            call.poke(Target::Supplier(product.product));
            Ok(*product)
        }
        other => Err(unexpected(&other)),
    }
}

/// The living product that the path names.
async fn find(call: &Call, kind: ProductKind) -> Result<Product, Problem> {
    let product = call.target(ProductRef::parse)?;
    call.app.store.get_product(&call.scope, kind, product).await?.ok_or_else(Problem::not_found)
}
