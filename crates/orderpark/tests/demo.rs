//! `orderpark demo`: what it prints works.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod program;

use orderpark_testbed::{Engine, TestDatabase};
use program::Running;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::Stdio;

/// The value of a shell variable that the tour sets.
fn variable(running: &Running, name: &str) -> String {
    let mut values = running.said.iter().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("{name} is not set in: {:#?}", running.said)).to_owned()
}

async fn get(running: &Running, path: &str, who: &str) -> Value {
    let address = format!("{}{path}", running.address);
    let response = reqwest::Client::new().get(address).bearer_auth(variable(running, who)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path} as {who}");
    response.json().await.unwrap()
}

fn values(list: &Value, attribute: &str) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|one| one[attribute].as_str().unwrap().to_owned()).collect()
}

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn the_world_has_orders_and_offers_in_every_state_that_lasts() {
    let running = Running::start(&["demo", "--listen", "127.0.0.1:0"]);
    let orders = get(&running, "/core/v141/api/orders?state=ALL", "OPERATOR").await;
    assert_eq!(values(&orders, "state"), texts(&["ACTIVE", "CANCELLED", "REJECTED"]));
    let offers = get(&running, "/core/v141/api/offers", "OPERATOR").await;
    assert_eq!(values(&offers, "state"), texts(&["ACTIVE", "DEACTIVATED", "SUSPENDED"]));
    let subscriptions = get(&running, "/core/v141/api/subscriptions", "SUPPLIER").await;
    assert!(values(&subscriptions, "state").contains("SUSPENDED"));
    let subscribers = get(&running, "/core/v141/api/subscribers", "OPERATOR").await;
    assert_eq!(subscribers.as_array().unwrap().len(), 4);
    assert_eq!(values(&get(&running, "/core/v141/api/orders", "VENDOR").await, "vendorId"), texts(&["acme"]));
    assert_eq!(running.stop(Signal::INT).0.code(), Some(0));
}

/// A shell and curl, where there are some; the tour is for them. Each command is pasted alone.
#[test]
fn the_commands_work_when_they_are_pasted() {
    let running = Running::start(&["demo", "--listen", "127.0.0.1:0"]);
    let commands = running.said.iter().filter(|line| line.starts_with("curl "));
    let answers: Vec<Value> = commands.map(|command| pasted(command)).collect();
    let [placed, sold, all, shown, cancelled, agreed, told, subscriptions] = answers.as_slice() else {
        panic!("{answers:#?}")
    };
    assert_eq!(placed["state"], "ACTIVE");
    assert!(sold.as_array().unwrap().len() < all.as_array().unwrap().len());
    assert_eq!((&shown["state"], &shown["quantity"]), (&"ACTIVE".into(), &2.into()));
    assert_eq!(cancelled["state"], "CANCELLED");
    assert_eq!(agreed["state"], "ACTIVE");
    assert!(told.to_string().contains("<operation>TRY</operation>"), "{told}");
    assert!(!subscriptions.as_array().unwrap().is_empty());
}

fn pasted(command: &str) -> Value {
    let output = std::process::Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_port_that_is_taken_is_no_obstacle() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let running = Running::start(&["demo", "--listen", &address]);
    assert_ne!(running.address, format!("http://{address}"));
    assert!(running.said[0].starts_with(&format!("# {address} is taken")), "{:?}", running.said);
}

#[test]
fn nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program::program(&["demo", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", folder.path());
    let running = Running::spawn(command);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(running.stop(Signal::TERM).0.code(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn schemas(home: &TestDatabase) -> Vec<String> {
    home.texts("select nspname from pg_namespace where nspname like 'orderpark%'")
}

/// Two demos in one database do not see each other, and each takes its world along.
#[tokio::test]
async fn in_postgres_the_world_has_a_schema_of_its_own() {
    let home = Engine::Postgres.fresh();
    let arguments = ["demo", "--listen", "127.0.0.1:0", "--database", &home.url()];
    let (one, other) = (Running::start(&arguments), Running::start(&arguments));
    let made = schemas(&home);
    assert_eq!(made.len(), 2, "{made:?}");
    assert!(made.iter().any(|name| one.said[0].contains(name.as_str())), "{:?}", one.said);
    let orders = get(&one, "/core/v141/api/orders?state=ALL", "OPERATOR").await;
    assert_eq!(orders.as_array().unwrap().len(), 8);
    assert_eq!(home.texts("select seq from head"), ["0"], "what was there stays as it was");
    assert_eq!(one.stop(Signal::INT).0.code(), Some(0));
    assert_eq!(schemas(&home).len(), 1);
    assert_eq!(other.stop(Signal::TERM).0.code(), Some(0));
    assert!(schemas(&home).is_empty());
}

/// Whoever names a schema wants the world to be in that one, and to stay.
#[test]
fn a_schema_that_is_named_is_kept() {
    let home = Engine::Postgres.blank();
    home.execute("create schema mine");
    let url = format!("{}?schema=mine", home.url());
    let arguments = ["demo", "--listen", "127.0.0.1:0", "--database", &url];
    assert_eq!(Running::start(&arguments).stop(Signal::HUP).0.code(), Some(0));
    assert_eq!(home.texts("select count(*) from mine.orders"), ["8"]);
    let again = program::run(&arguments);
    assert_eq!(again.status.code(), Some(1), "{}", program::stderr(&again));
    assert!(schemas(&home).is_empty());
}

/// Also a demo that is told to stop while it makes its world leaves nothing behind.
#[test]
fn one_that_is_stopped_at_once_drops_its_schema() {
    let home = Engine::Postgres.fresh();
    let mut command = program::program(&["demo", "--listen", "127.0.0.1:0", "--database", &home.url()]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains(&schemas(&home)[0]), "{line}");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    stdout.read_to_string(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{line}");
    assert!(schemas(&home).is_empty());
}
