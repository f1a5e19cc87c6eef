//! A server of a test's own.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

use orderpark_testbed::{Cluster, program};
use std::process::Command;

fn psql(url: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(program("psql")).args(["-XAtqd", url, "-c", sql]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn a_cluster_keeps_what_was_committed_when_it_is_killed() {
    let cluster = Cluster::start(&["work_mem=3MB"]);
    let url = cluster.url();
    psql(&url, "create table kept as select 7 as number").unwrap();
    cluster.kill();
    psql(&url, "select 1").unwrap_err();
    cluster.launch(&["fsync=off"]);
    assert_eq!(cluster.url(), url);
    let asked = "select number, current_setting('work_mem'), current_setting('fsync') from kept";
    assert_eq!(psql(&url, asked).unwrap(), "7|3MB|off\n");
    let folder = cluster.folder().clone();
    drop(cluster);
    psql(&url, "select 1").unwrap_err();
    assert!(!folder.exists());
}

#[test]
fn who_must_prove_who_they_are_needs_a_password() {
    let cluster = Cluster::start(&[]);
    let url = cluster.url();
    psql(&url, "create role with_password; create role ada login password 'correct horse' in role with_password")
        .unwrap();
    let as_ada = |password: &str| url.replace("orderpark@", &format!("ada:{password}@"));
    assert_eq!(psql(&as_ada("correct%20horse"), "select current_user").unwrap(), "ada\n");
    let error = psql(&as_ada("wrong"), "select 1").unwrap_err();
    assert!(error.contains("password authentication failed"), "{error}");
}
