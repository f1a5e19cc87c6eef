//! What a client is told when the database fails.

use super::*;
use axum::response::IntoResponse as _;
use http::StatusCode;
use http::header::RETRY_AFTER;

const DETAIL: &str = "10.0.0.7 refused the connection";

/// Reason, status, and after how many seconds to come again.
fn told(problem: Problem) -> (Reason, StatusCode, Option<String>) {
    let retry_after = problem.0.headers.get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
    assert!(!problem.message().contains(DETAIL), "the detail is the log's: {}", problem.message());
    (problem.reason(), problem.into_response().status(), retry_after)
}

fn come_again(reason: Reason) -> (Reason, StatusCode, Option<String>) {
    (reason, StatusCode::SERVICE_UNAVAILABLE, Some("1".to_owned()))
}

#[test]
fn what_the_database_does_not_do_now_is_503_and_says_when_to_come_again() {
    let detail = || DETAIL.to_owned();
    assert_eq!(told(CommitError::Busy.into()), come_again(Reason::Overloaded));
    assert_eq!(told(CommitError::Unavailable(detail()).into()), come_again(Reason::Unavailable));
    assert_eq!(told(CommitError::OutcomeUnknown(detail()).into()), come_again(Reason::OutcomeUnknown));
    assert_eq!(told(ReadError::Unavailable(detail()).into()), come_again(Reason::Unavailable));
}

#[test]
fn a_party_whose_changes_wait_already_is_told_that_it_is_its_own_limit() {
    let busy = |full| told(CommitError::TenantBusy(full).into());
    let too_many = (Reason::TooManyRequests, StatusCode::TOO_MANY_REQUESTS, Some("1".to_owned()));
    assert_eq!(busy(crate::limits::Full::Party), too_many);
    assert_eq!(busy(crate::limits::Full::Root), too_many);
}

#[test]
fn only_what_was_not_done_says_so() {
    let says_so = |problem: Problem| problem.message().contains("nothing was changed");
    assert!(says_so(CommitError::Busy.into()));
    assert!(says_so(CommitError::Unavailable(DETAIL.into()).into()));
    assert!(says_so(ReadError::Unavailable(DETAIL.into()).into()));
    assert!(!says_so(CommitError::OutcomeUnknown(DETAIL.into()).into()));
    assert!(!says_so(Problem::done_but_unread(ReadError::Unavailable(DETAIL.into()))));
    assert!(!says_so(Problem::timeout()));
}

#[test]
fn what_was_done_and_cannot_be_shown_is_an_unknown_outcome() {
    let unread = Problem::done_but_unread(ReadError::Unavailable(DETAIL.into()));
    assert_eq!(told(unread), come_again(Reason::OutcomeUnknown));
    let corrupt = Problem::done_but_unread(ReadError::Corrupt(DETAIL.into()));
    assert_eq!(told(corrupt), (Reason::Internal, StatusCode::INTERNAL_SERVER_ERROR, None));
}

#[test]
fn what_does_not_pass_is_500_and_asks_nobody_to_come_again() {
    let failed = (Reason::Internal, StatusCode::INTERNAL_SERVER_ERROR, None);
    assert_eq!(told(CommitError::Corrupt(DETAIL.into()).into()), failed);
    assert_eq!(told(CommitError::Fault(DETAIL.into()).into()), failed);
    assert_eq!(told(ReadError::Corrupt(DETAIL.into()).into()), failed);
}
