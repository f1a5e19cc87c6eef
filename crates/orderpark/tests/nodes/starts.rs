//! How nodes come to be: on an empty database, one after the other or at once, with the same keys or without.

use crate::harness::program::{Running, ask_token, program, run, stderr, write_secret};
use crate::harness::{Deployment, LOGIN, SECRET};
use orderpark_testbed::{Engine, TestDatabase};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::process::ExitStatus;

const COPY: &str = "copy secret.key and signing.key";

/// Starts a node for the first time, with the same client as all the others.
fn start(database: &TestDatabase, data: &Path, more: &[&str]) -> Result<Running, (ExitStatus, String)> {
    let (database, data) = (database.url(), data.to_str().unwrap());
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data, "--database", &database];
    Running::attempt(program(&[&serve[..], more].concat()))
}

fn take_keys(from: &Path, to: &Path) {
    for key in ["secret.key", "signing.key"] {
        fs::copy(from.join(key), to.join(key)).unwrap();
    }
}

/// Each with a folder of its own: one makes the tables, one the operator, one's keys are everyone's; who has others is told what
/// to copy, and then starts.
#[test]
fn nodes_that_start_at_once_on_an_empty_database_agree_on_one_operator_and_one_key() {
    let database = Engine::Postgres.blank();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    write_secret(&secret, SECRET);
    let first = ["--bootstrap-client-id", LOGIN, "--bootstrap-client-secret-file", secret.to_str().unwrap()];
    let folders: Vec<_> = (0..4).map(|number| folder.path().join(number.to_string())).collect();
    let started: Vec<_> = std::thread::scope(|scope| {
        let nodes: Vec<_> = folders.iter().map(|data| scope.spawn(|| start(&database, data, &first))).collect();
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    let winner = started.iter().position(Result::is_ok).expect("one of them serves");
    for (started, data) in started.iter().zip(&folders) {
        let Err((status, said)) = started else { continue };
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains(COPY) && !said.contains("panicked"), "{said}");
        take_keys(&folders[winner], data);
        let again = start(&database, data, &[]).unwrap_or_else(|(_, said)| panic!("{said}"));
        assert_eq!(again.stop(Signal::TERM).0.code(), Some(0));
    }
    assert_eq!(started.iter().filter(|started| started.is_ok()).count(), 1);
    assert_eq!(database.texts("select count(*) from parties where kind = 'OPERATOR'"), ["1"]);
    assert_eq!(database.texts("select count(*) from journal where seq = 1"), ["1"]);
    let verified = run(&["verify", "--database", &database.url()]);
    assert!(verified.status.success(), "{}", stderr(&verified));
}

/// With one folder, or one that is mounted everywhere, they all come up; and one secret works, the one that was not taken back.
#[tokio::test]
async fn nodes_that_share_a_folder_start_at_once_and_one_secret_is_shown_to_stay() {
    let database = Engine::Postgres.blank();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let nodes: Vec<Running> = std::thread::scope(|scope| {
        let nodes: Vec<_> = (0..3).map(|_| scope.spawn(|| start(&database, &data, &[]))).collect();
        nodes.into_iter().map(|node| node.join().unwrap().unwrap_or_else(|(_, said)| panic!("{said}"))).collect()
    });
    let mut secrets = Vec::new();
    for node in &nodes {
        let said = node.stderr();
        let shown = said.lines().find_map(|line| line.trim().strip_prefix("client_secret: "));
        if let Some(secret) = shown.filter(|_| !said.contains("was never valid")) {
            secrets.push(secret.trim().to_owned());
        }
    }
    let [secret] = secrets.as_slice() else { panic!("not one secret: {secrets:?}") };
    let mut tokens = Vec::new();
    for node in &nodes {
        let (status, token) = ask_token(&node.address, "operator", secret).await;
        assert_eq!(status, 200, "{token}");
        tokens.push(token["access_token"].clone());
    }
    assert!(tokens.iter().all(|token| *token == tokens[0]), "all sign with one key");
}

#[test]
fn a_node_with_other_keys_is_told_what_to_copy_and_keys_can_be_replaced() {
    let mut one = Deployment::on(Engine::Postgres, &[]);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("other");
    let Err((status, said)) = start(one.database(), &data, &[]) else { panic!("it serves with other keys") };
    assert_eq!(status.code(), Some(1));
    assert!(said.contains(COPY) && said.contains(data.to_str().unwrap()), "{said}");

    let adopted = start(one.database(), &data, &["--adopt-keys"]).unwrap_or_else(|(_, said)| panic!("{said}"));
    one.stop();
    let Err((_, said)) = start(one.database(), &one.data(), &[]) else { panic!("it serves with the old keys") };
    assert!(said.contains(COPY), "{said}");
    take_keys(&data, &one.data());
    one.restart();
    assert_eq!(adopted.stop(Signal::TERM).0.code(), Some(0));
}
