//! `orderpark verify`, by its exit codes.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod program;

use program::{Running, ask_token, run, stderr};
use rustix::process::Signal;

#[tokio::test]
async fn a_database_that_keeps_its_promises_ends_with_0_in_use_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("orderpark.db").display());
    let running = Running::serve(folder.path(), &[]);
    assert_eq!(ask_token(&running.address, "operator", "wrong").await.0, 401);
    for _ in 0..2 {
        let output = run(&["verify", "--database", &database]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(String::from_utf8(output.stdout).unwrap().ends_with("no violation\n"));
    }
    running.stop(Signal::TERM);
    assert_eq!(run(&["verify", "--database", &database]).status.code(), Some(0));
}

#[test]
fn one_that_cannot_be_opened_ends_with_2_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orderpark.db");
    let output = run(&["verify", "--database", &format!("sqlite:{}", path.display())]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    assert!(!path.exists());
}
