//! What becomes which problem.

use super::{Problem, Reason};
use crate::wire::time::Time;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use orderpark_domain::{Forbidden, InUse, Refusal};
use orderpark_store::{CommitError, ReadError};

impl Problem {
    /// No such object, or none that this caller may know of: byte for byte the same.
    pub fn not_found() -> Problem {
        Problem::new(Reason::NotFound, "there is no such object within your scopes")
    }

    /// No valid token.
    pub fn unauthorized() -> Problem {
        Problem::new(Reason::Unauthorized, "a valid access token is needed")
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// A fault of this program.
    pub fn internal(detail: impl Into<String>) -> Problem {
        Problem::new(Reason::Internal, "the server failed; its operator finds the cause under the errorId")
            .detail(detail)
    }

    /// What was committed could not be read again, so that it cannot be shown. It must not look like not done.
    pub(crate) fn done_but_unread(error: ReadError) -> Problem {
        match error {
            ReadError::Unavailable(detail) => Problem::outcome_unknown(detail),
            ReadError::Corrupt(detail) => Problem::internal(detail),
        }
    }

    pub(crate) fn outcome_unknown(detail: String) -> Problem {
        let message = "it is not known whether this was done; the same request with the same Idempotency-Key tells";
        Problem::new(Reason::OutcomeUnknown, message).detail(detail).retry_after(1)
    }

    fn unavailable(detail: String) -> Problem {
        Problem::new(Reason::Unavailable, "the service is unavailable for now; nothing was changed")
            .detail(detail)
            .retry_after(1)
    }
}

impl From<Forbidden> for Problem {
    fn from(_: Forbidden) -> Problem {
        Problem::new(Reason::Forbidden, "the kinds of your scopes may never do this")
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Problem {
        match error {
            ReadError::Unavailable(detail) => Problem::unavailable(detail),
            ReadError::Corrupt(detail) => Problem::internal(detail),
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Problem {
        match error {
            CommitError::Refused(refusal) => refusal.into(),
            CommitError::Busy => {
                Problem::new(Reason::Overloaded, "too many requests are waiting; nothing was changed").retry_after(1)
            }
            CommitError::Unavailable(detail) => Problem::unavailable(detail),
            CommitError::ClockBehind { journal, now } => {
                let (journal, now) = (Time(journal), Time(now));
                let message = format!(
                    "nothing was changed: the server's clock says {now}, but its last change is dated {journal}; it takes no \
                     changes until its operator has set that right (docs/operations.md)"
                );
                Problem::new(Reason::ClockBehindJournal, message).retry_after(60)
            }
            CommitError::OutcomeUnknown(detail) => Problem::outcome_unknown(detail),
            CommitError::Corrupt(detail) | CommitError::Fault(detail) => Problem::internal(detail),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::NotFound => Problem::not_found(),
            Refusal::Unknown { attribute } => {
                Problem::field(Reason::UnknownReference, attribute, "names nothing within your scopes")
            }
            Refusal::Invalid { attribute, rule } => Problem::field(Reason::InvalidAttribute, attribute, rule),
            Refusal::UnknownStrategy => Problem::field(
                Reason::UnknownProcessingStrategy,
                "withProcessingStrategyId",
                "names no active processing strategy that this order may use",
            ),
            Refusal::CallerGone => Problem::unauthorized(),
            Refusal::GrantNotHeld => {
                Problem::field(Reason::ScopeNotHeld, "scopes", "holds a scope that you do not hold yourself")
            }
            Refusal::OfferNotOrderable => Problem::new(Reason::OfferNotOrderable, "the offer is not ACTIVE"),
            Refusal::SupplierCannotBeAsked { product_id } => Problem::new(
                Reason::SupplierCannotBeAsked,
                format!("the supplier of {product_id} has to be asked first, which this server cannot do yet"),
            ),
            Refusal::IdTaken { attribute } => Problem::field(Reason::IdTaken, attribute, "is taken by another object"),
            Refusal::ExternalIdTaken => Problem::field(
                Reason::ExternalIdTaken,
                "externalId",
                "was used for an order of this subscriber with other content",
            ),
            Refusal::InUse(what) => Problem::new(Reason::InUse, in_use(what)),
            Refusal::OrderPending => {
                Problem::new(Reason::OrderPending, "the order waits for its suppliers").retry_after(1)
            }
            other => conflict_of(&other),
        }
    }
}

fn in_use(what: InUse) -> &'static str {
    match what {
        InUse::Orders => "orders that are ACTIVE or PENDING still need it",
        InUse::Offers => "offers still need it",
        InUse::Strategies => "the vendor still has processing strategies",
        InUse::Subscribers => "the vendor still has subscribers",
        InUse::Products => "the supplier still has products",
        InUse::LastOperator => "the last user who can act for the operator cannot be deleted",
    }
}

fn conflict_of(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::OrderNotPending => Problem::new(Reason::OrderNotPending, "the order is not PENDING any more"),
        Refusal::ConnectionsInUse { product_id, used, remaining } => Problem::new(
            Reason::ConnectionsInUse,
            format!("{used} connections of {product_id} are in use, and {remaining} would remain granted"),
        ),
        Refusal::ConnectionsNotGranted { granted } => Problem::new(
            Reason::ConnectionsNotGranted,
            format!("more connections than the {granted} that are granted cannot be in use"),
        ),
        Refusal::TooManyConnections => {
            Problem::new(Reason::TooManyConnections, "the sum of granted connections would be too large to count")
        }
        Refusal::TooManyEndpoints => {
            Problem::new(Reason::TooManyEndpoints, "a party may have 100 webhook endpoints at most")
        }
        Refusal::IllegalTransition { from, to } => {
            Problem::new(Reason::IllegalTransition, format!("what is {from} cannot become {to}"))
        }
        Refusal::Stale => Problem::new(
            Reason::Stale,
            "the object has another revision than If-Match names, so it may have changed since: read it again",
        ),
        Refusal::KeyReused => Problem::new(Reason::KeyReused, "this Idempotency-Key was used for another request"),
        other => Problem::internal(format!("no caller can be refused so: {other:?}")),
    }
}

#[cfg(test)]
mod tests;
