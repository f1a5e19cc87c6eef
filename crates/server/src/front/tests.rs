//! What happens to work that goes wrong.

use super::*;

#[tokio::test]
async fn a_panic_becomes_a_problem_without_its_words() {
    let problem = guarded(async { panic!("secret words") }).await.expect_err("a problem");
    assert_eq!(problem.reason(), Reason::Internal);
    assert!(!problem.message().contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_ended() {
    let began = tokio::time::Instant::now();
    let problem = guarded(std::future::pending()).await.expect_err("a problem");
    assert_eq!((problem.reason(), began.elapsed().as_secs()), (Reason::DeadlineExceeded, HANDLER_MAX.as_secs()));
}
