//! Problems of this program's own errors; those of refusals stand in `refused`.

use super::{Problem, Reason};
use crate::limits::{Shared, refused};
use crate::wire::time::Time;
use orderpark_domain::{Forbidden, PartyKind, Refusal};
use orderpark_store::{CommitError, ReadError};

impl Problem {
    /// No such object, or none that this caller may know of: byte for byte the same.
    pub fn not_found() -> Problem {
        Problem::new(
            Reason::NotFound,
            "no such object is visible to you; check the ref in the address, or list the collection to see what there is",
        )
    }

    /// A fault of this program.
    pub fn internal(detail: impl Into<String>) -> Problem {
        Problem::new(
            Reason::Internal,
            "the server failed; send its operator the errorId, under which its log has the cause",
        )
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
        let message = "it is not known whether this was done; send the same request again with the same Idempotency-Key to learn it";
        Problem::new(Reason::OutcomeUnknown, message).detail(detail).retry_after(1)
    }

    fn unavailable(detail: String) -> Problem {
        Problem::new(
            Reason::Unavailable,
            "the database does not answer or does not accept changes now; nothing was changed; \
             send the request again after Retry-After seconds",
        )
        .detail(detail)
        .retry_after(1)
    }
}

impl From<Forbidden> for Problem {
    fn from(forbidden: Forbidden) -> Problem {
        if forbidden.by_role {
            let what = forbidden.action.words();
            let message = format!(
                "your user has the role MEMBER, which may order and read, but may not {what}; use a token of a user with the role ADMIN"
            );
            return Problem::new(Reason::Forbidden, message);
        }
        let mine: Vec<&str> = forbidden.kinds.iter().map(|kind| kind.as_str()).collect();
        let open = |kind: &&PartyKind| forbidden.action.is_open_to(**kind);
        let others: Vec<&str> = PartyKind::ALL.iter().filter(open).map(|kind| kind.as_str()).collect();
        let (mine, others, what) = (mine.join(" and "), others.join(" or "), forbidden.action.words());
        let message = format!("your token (scope {mine}) may not {what}; use a token with the scope {others}");
        Problem::new(Reason::Forbidden, message)
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
            CommitError::Busy => Problem::new(
                Reason::Overloaded,
                "too many requests are waiting; nothing was changed; send it again after Retry-After seconds",
            )
            .retry_after(1),
            CommitError::TenantBusy(full) => refused(full, Shared::Committer, 1),
            CommitError::Unavailable(detail) => Problem::unavailable(detail),
            CommitError::ClockBehind { journal, now } => {
                let (journal, now) = (Time(journal), Time(now));
                let message = format!(
                    "nothing was changed: the server's clock says {now}, but its last change is dated {journal}; it takes no \
                     changes until its operator has set that right"
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
        Problem::refused(&refusal, &|_| None)
    }
}

#[cfg(test)]
mod tests;
