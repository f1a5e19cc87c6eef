//! Every route on one page, with the action that it needs.
//!
//! The table is all there is: the front looks a request up here, so a route that is not in the table does not exist, and
//! an operation cannot be reached without its action. Paths are below each of the base paths of the Core API.
//!
//! At the end of a line stand the query parameters of the operation; those that count in the
//! fingerprint of a request under an `Idempotency-Key` are marked. Whatever changes something has
//! `dryRun`. No other parameter can be sent or read.

use crate::Problem;
use crate::dx::Call;
use crate::dx::core::{offers, orders, parties, products, strategies, subscriptions, users};
use crate::native::{events, quotas, webhooks};
use crate::wire::Parameters;
use crate::wire::parameters::{Counts, Parameter};
use axum::response::Response;
use http::Method;
use orderpark_domain::Action;
use std::future::Future;
use std::pin::Pin;

type Answering = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// One operation of the Core API.
pub struct Operation {
    /// Its method; HEAD is answered as GET.
    pub method: Method,
    /// Its path below the base path.
    pub path: &'static str,
    /// What the caller must be allowed to do.
    pub action: Action,
    pub(crate) handler: fn(Call) -> Answering,
    parameters: &'static [Parameter],
}

macro_rules! operations {
    ($($method:ident $path:literal $action:ident $handler:path
        $(, [$($parameter:literal $(: $counts:ident)?),+])?;)+) => {
        static OPERATIONS: &[Operation] = &[$(Operation {
            method: Method::$method,
            path: $path,
            action: Action::$action,
            handler: |call| Box::pin($handler(call)),
            parameters: &[$($(Parameter { name: $parameter, counts: operations!(@counts $($counts)?) },)+)?],
        },)+];
    };
    (@counts) => { Counts::No };
    (@counts $counts:ident) => { Counts::$counts };
}

operations! {
    GET    "/suppliers"                  ReadSuppliers      parties::list::suppliers, ["supplierId", "pageIndex"];
    POST   "/suppliers"                  WriteSuppliers     parties::create::supplier;
    GET    "/suppliers/{ref}"            ReadSuppliers      parties::get::supplier;
    PUT    "/suppliers/{ref}"            WriteSuppliers     parties::update::supplier;
    DELETE "/suppliers/{ref}"            WriteSuppliers     parties::delete::supplier;
    GET    "/vendors"                    ReadVendors        parties::list::vendors, ["vendorId", "pageIndex"];
    POST   "/vendors"                    WriteVendors       parties::create::vendor;
    GET    "/vendors/{ref}"              ReadVendors        parties::get::vendor;
    PUT    "/vendors/{ref}"              WriteVendors       parties::update::vendor;
    DELETE "/vendors/{ref}"              WriteVendors       parties::delete::vendor;
    GET    "/subscribers"                ReadSubscribers    parties::list::subscribers, ["subscriberId", "contactEmail", "applicationId", "pageIndex"];
    POST   "/subscribers"                WriteSubscribers   parties::create::subscriber;
    GET    "/subscribers/{ref}"          ReadSubscribers    parties::get::subscriber;
    PUT    "/subscribers/{ref}"          WriteSubscribers   parties::update::subscriber;
    DELETE "/subscribers/{ref}"          WriteSubscribers   parties::delete::subscriber, ["force": Flag];
    GET    "/users"                      ReadUsers          users::list::list, ["email", "userId", "pageIndex"];
    POST   "/users"                      WriteUsers         users::create::create;
    GET    "/users/{ref}"                ReadUsers          users::get::get;
    PUT    "/users/{ref}"                WriteUsers         users::update::update, ["resetPassword", "keepPrevious", "keepprevious"];
    DELETE "/users/{ref}"                WriteUsers         users::delete::delete;
    POST   "/users/{ref}/contain"        ContainUser        users::contain::contain;
    GET    "/applications"               ReadProducts       products::list::applications, ["applicationId", "pageIndex"];
    POST   "/applications"               WriteProducts      products::create::application;
    GET    "/applications/{ref}"         ReadProducts       products::get::application;
    PUT    "/applications/{ref}"         WriteProducts      products::update::application, ["rotateSecret"];
    DELETE "/applications/{ref}"         WriteProducts      products::delete::application;
    GET    "/applications/{ref}/attempts" ReadSupplierAttempts products::attempts::application, ["eventId", "failed", "pageIndex", "limit", "after"];
    GET    "/connectivityPlans"          ReadProducts       products::list::plans, ["connectivityPlanId", "pageIndex"];
    POST   "/connectivityPlans"          WriteProducts      products::create::plan;
    GET    "/connectivityPlans/{ref}"    ReadProducts       products::get::plan;
    PUT    "/connectivityPlans/{ref}"    WriteProducts      products::update::plan, ["subscriberId", "rotateSecret"];
    DELETE "/connectivityPlans/{ref}"    WriteProducts      products::delete::plan;
    GET    "/connectivityPlans/{ref}/attempts" ReadSupplierAttempts products::attempts::plan, ["eventId", "failed", "pageIndex", "limit", "after"];
    GET    "/offers"                     ReadOffers         offers::list::list, ["offerId", "orderable", "pageIndex"];
    POST   "/offers"                     WriteOffers        offers::create::create;
    GET    "/offers/{ref}"               ReadOffers         offers::get::get;
    PUT    "/offers/{ref}"               WriteOffers        offers::update::update;
    DELETE "/offers/{ref}"               WriteOffers        offers::delete::delete;
    GET    "/processingStrategies"       ReadStrategies     strategies::list::list, ["processingStrategyId", "pageIndex"];
    POST   "/processingStrategies"       WriteStrategies    strategies::create::create;
    GET    "/processingStrategies/{ref}" ReadStrategies     strategies::get::get;
    PUT    "/processingStrategies/{ref}" WriteStrategies    strategies::update::update;
    DELETE "/processingStrategies/{ref}" WriteStrategies    strategies::delete::delete;
    GET    "/orders"                     ReadOrders         orders::list::list,
        ["state", "offerId", "subscriberId", "externalId", "createdFrom", "createdTo", "pageIndex", "limit", "after"];
    POST   "/orders"                     PlaceOrder         orders::create::create, ["withProcessingStrategyId": Value];
    GET    "/orders/{ref}"               ReadOrders         orders::get::get;
    DELETE "/orders/{ref}"               CancelOrder        orders::cancel::cancel;
    GET    "/subscriptions"              ReadSubscriptions  subscriptions::list::list, ["state", "subscriberId", "productId", "orderRef", "pageIndex"];
    GET    "/subscriptions/{ref}"        ReadSubscriptions  subscriptions::get::get;
    PUT    "/subscriptions/{ref}"        WriteSubscriptions subscriptions::change::change;
    GET    "/quotas"                     ReadQuotas         quotas::list::list, ["pageIndex"];
    GET    "/quotas/{ref}"               ReadQuotas         quotas::get::get;
    PUT    "/quotas/{ref}"               WriteQuotas        quotas::update::update;
    GET    "/events"                     ReadEvents         events::list::list, ["after", "limit"];
    GET    "/events/stream"              ReadEvents         events::stream::stream, ["after"];
    GET    "/webhookEndpoints"           ReadEndpoints      webhooks::list::list, ["scope", "pageIndex"];
    POST   "/webhookEndpoints"           WriteEndpoints     webhooks::create::create;
    GET    "/webhookEndpoints/{ref}"     ReadEndpoints      webhooks::get::get;
    PUT    "/webhookEndpoints/{ref}"     WriteEndpoints     webhooks::update::update;
    DELETE "/webhookEndpoints/{ref}"     WriteEndpoints     webhooks::delete::delete;
    POST   "/webhookEndpoints/{ref}/rotateSecret" WriteEndpoints webhooks::rotate::rotate;
    POST   "/webhookEndpoints/{ref}/test"         WriteEndpoints webhooks::test_event::test;
    POST   "/webhookEndpoints/{ref}/replay"       WriteEndpoints webhooks::replay::replay;
    GET    "/webhookEndpoints/{ref}/attempts"     ReadEndpoints  webhooks::attempts::list, ["eventId", "failed", "pageIndex", "limit", "after"];
}

/// Every operation of the Core API, for tests that must not forget one.
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

/// What a path leads to.
pub(crate) enum Found<'p> {
    /// This operation, with the `{ref}` of the path.
    Operation(&'static Operation, &'p str),
    /// A resource that does not have the method; these it has.
    OtherMethods(Vec<&'static Method>),
    /// Nothing.
    Nothing,
}

/// Looks up a path below a base path; a slash at its end is tolerated.
pub(crate) fn find<'p>(method: &Method, path: &'p str) -> Found<'p> {
    find_in(OPERATIONS, method, path)
}

fn find_in<'p>(operations: &'static [Operation], method: &Method, path: &'p str) -> Found<'p> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut of_method = operations.iter().filter(|operation| operation.method == *method);
    if let Some((operation, path_ref)) = of_method.find_map(|operation| Some((operation, operation.ref_in(path)?))) {
        return Found::Operation(operation, path_ref);
    }
    let of_path = operations.iter().filter(|operation| operation.ref_in(path).is_some());
    let others: Vec<_> = of_path.map(|operation| &operation.method).collect();
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
}

impl Operation {
    /// The path of its collection below the base path: what stands before `/{ref}`.
    pub fn collection(&self) -> &'static str {
        self.path.split_once("/{ref}").map_or(self.path, |(collection, _)| collection)
    }

    /// The query parameters that it has.
    pub fn parameters(&'static self) -> Parameters {
        Parameters::new(self.method.as_str(), self.path, self.parameters)
    }

    /// Whether it is about one object of its collection, which the path names.
    pub fn is_of_one(&self) -> bool {
        self.path.contains("/{ref}")
    }

    /// Whether it reads a single object.
    pub(crate) fn reads_object(&self) -> bool {
        self.method == Method::GET && self.path.ends_with("{ref}")
    }

    /// Whether its answer is a stream of events and not JSON.
    pub(crate) fn is_stream(&self) -> bool {
        self.path.ends_with("/stream")
    }

    /// The `{ref}` in a path of this operation, empty where it has none; nothing, if the path is another one's.
    fn ref_in<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self.path.split_once("{ref}") {
            None => (self.path == path).then_some(""),
            Some((before, behind)) => {
                let path_ref = path.strip_prefix(before)?.strip_suffix(behind)?;
                (!path_ref.is_empty() && !path_ref.contains('/')).then_some(path_ref)
            }
        }
    }
}

#[cfg(test)]
mod tests;
