//! `orderpark copy`: everything arrives, in both directions, whatever happens on the way; and nothing is copied that
//! must not be.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod program;

use orderpark_domain::order::{OfferName, PlaceOrder};
use orderpark_domain::{Command, Intent, Order, RequestKey, Scope, UserRef};
use orderpark_store::{Database, Options, OrderFilter, Slice, Store};
use orderpark_testbed::{Engine, TestDatabase};
use program::{Running, run, stderr, write_secret};
use rustix::process::Signal;
use std::process::Output;
use tokio::task::JoinSet;

/// More rows than one transaction of a copy takes.
const MANY: u32 = 6_000;

const TABLES: [&str; 16] = [
    "head",
    "deployment",
    "schema_promise",
    "parties",
    "users",
    "user_scopes",
    "products",
    "offers",
    "offer_items",
    "strategies",
    "orders",
    "subscriptions",
    "balances",
    "request_keys",
    "tokens",
    "journal",
];

/// The demo's world in a file.
fn small_world() -> TestDatabase {
    let home = Engine::Sqlite.blank();
    Running::start(&["demo", "--listen", "127.0.0.1:0", "--database", &home.url()]).stop(Signal::INT);
    home
}

/// The demo's world with many more orders.
async fn large_world() -> TestDatabase {
    let home = small_world();
    grow(&home.database(), MANY).await;
    home
}

/// Places orders, some with an id and each with a request key.
async fn grow(database: &Database, orders: u32) {
    let store = Store::open(database, Options::default()).unwrap();
    let everything = Scope::system("a test that plays the operator");
    let like = store.page_orders(&everything, &OrderFilter::default(), Slice::first(1)).await.unwrap().rows.remove(0);
    let mut placing = JoinSet::new();
    for number in 0..orders {
        let (store, intent) = (store.clone(), place(&like, number));
        placing.spawn(async move { store.commit(intent).await.unwrap() });
        if placing.len() == 1024 {
            placing.join_next().await.unwrap().unwrap();
        }
    }
    placing.join_all().await;
    store.close().await;
}

fn place(like: &Order, number: u32) -> Intent {
    let command = PlaceOrder {
        offer: OfferName::Ref(like.offer),
        subscriber: Some(like.subscriber),
        quantity: number % 7 + 1,
        external_id: number.is_multiple_of(3).then(|| format!("ä-{number}")),
        strategy: None,
        can_ask_suppliers: true,
    };
    let digest = u128::from(number).to_be_bytes();
    let request = RequestKey { client: UserRef(2), key: digest, fingerprint: digest };
    let scope = Scope::system("a test that plays the operator");
    Intent { request: Some(request), ..Intent::by(UserRef(2), scope, Command::PlaceOrder(command)) }
}

fn copy(from: &TestDatabase, to: &TestDatabase) -> Output {
    run(&["copy", "--from", &from.url(), "--to", &to.url()])
}

#[track_caller]
fn done(output: &Output) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}{}", stderr(output));
    assert!(stdout.contains("no violation") && stdout.contains("secret.key"), "{stdout}");
}

/// Refused before anything was copied, for this reason.
#[track_caller]
fn refused(output: &Output, why: &str) {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert!(stderr(output).contains(why), "{}", stderr(output));
}

/// Both hold the same rows, and the same tables: a copy leaves nothing of its own behind.
#[track_caller]
fn assert_equal(one: &TestDatabase, other: &TestDatabase) {
    for table in TABLES {
        let rows = |home: &TestDatabase| {
            let mut rows = home.rows(&format!("select * from {table}"));
            rows.sort();
            rows
        };
        let (one, other) = (rows(one), rows(other));
        assert_eq!(one.len(), other.len(), "rows of {table}");
        assert!(!one.is_empty(), "{table} is empty, so nothing is shown");
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other, "{table}");
        }
    }
    assert_eq!(tables(one), tables(other));
}

fn tables(home: &TestDatabase) -> Vec<String> {
    let sql = match home.engine() {
        Engine::Sqlite => "select name from sqlite_schema where type = 'table' order by name",
        Engine::Postgres => "select tablename from pg_tables where schemaname = current_schema() order by tablename",
    };
    home.texts(sql)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_and_comes_back() {
    let (here, there, back) = (large_world().await, Engine::Postgres.blank(), Engine::Sqlite.blank());
    done(&copy(&here, &there));
    assert_equal(&here, &there);
    there.execute(r"update deployment set keys_fingerprint = '\x000102ff'");
    let output = copy(&there, &back);
    done(&output);
    assert!(!stderr(&output).contains("connected"), "{}", stderr(&output));
    assert_equal(&there, &back);
    here.execute("update deployment set keys_fingerprint = x'000102ff'");
    assert_equal(&here, &back);
    let output = run(&["verify", "--database", &back.url()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn within_one_kind() {
    let (here, file, server, other) =
        (small_world(), Engine::Sqlite.blank(), Engine::Postgres.blank(), Engine::Postgres.fresh());
    // Nobody has used a key in the demo's world.
    here.execute("update deployment set keys_fingerprint = x'00'");
    done(&copy(&here, &file));
    done(&copy(&file, &server));
    done(&copy(&server, &other));
    for table in TABLES {
        let rows = |home: &TestDatabase| home.rows(&format!("select * from {table} order by 1, 2"));
        assert_eq!(rows(&here), rows(&other), "{table}");
    }
}

/// How a database is named where others cannot read it; a server of PostgreSQL needs no file of SQLite.
#[test]
fn a_copy_is_served_from_a_configuration_file() {
    let (here, there) = (small_world(), Engine::Postgres.blank());
    done(&copy(&here, &there));
    let folder = tempfile::tempdir().unwrap();
    let (config, password, data) =
        (folder.path().join("orderpark.toml"), folder.path().join("password"), folder.path().join("data"));
    std::fs::write(&config, format!("database = \"{}\"\n[postgres]\nreads_max = 2\n", there.url())).unwrap();
    write_secret(&password, "hush\n");
    let files = ["--config", config.to_str().unwrap(), "--database-password-file", password.to_str().unwrap()];
    let running = Running::serve(&data, &files);
    assert_eq!(running.stop(Signal::TERM).0.code(), Some(0));
    assert!(std::fs::read_dir(&data).unwrap().all(|file| !file.unwrap().file_name().to_str().unwrap().contains(".db")));
}

/// A copy serves as the original did, and goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_served_and_grows() {
    let (here, there) = (small_world(), Engine::Postgres.blank());
    done(&copy(&here, &there));
    grow(&there.database(), 10).await;
    let output = run(&["verify", "--database", &there.url()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_file_that_a_server_has_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), &[]);
    let from = format!("sqlite:{}", folder.path().join("orderpark.db").display());
    let (file, server) = (Engine::Sqlite.blank(), Engine::Postgres.blank());
    for to in [&file, &server] {
        refused(&run(&["copy", "--from", &from, "--to", &to.url()]), "in use by another process");
    }
    assert!(tables(&server).is_empty());
    // What was only in the write-ahead log is copied as well.
    running.stop(Signal::KILL);
    done(&run(&["copy", "--from", &from, "--to", &server.url()]));
}

/// Nobody writes while the source is held, so the copy is one moment of it; but whoever goes on afterwards must know.
#[test]
fn servers_of_the_source_are_told_and_not_ended() {
    let (source, target, folder) = (Engine::Postgres.fresh(), Engine::Sqlite.blank(), tempfile::tempdir().unwrap());
    let running = Running::serve(folder.path(), &["--database", &source.url()]);
    let output = copy(&source, &target);
    done(&output);
    assert!(stderr(&output).contains("1 server(s) are connected"), "{}", stderr(&output));
    assert_equal_journals(&source, &target);
    assert_eq!(running.stop(Signal::TERM).0.code(), Some(0));
}

#[test]
fn a_database_with_something_in_it_is_no_target() {
    let (here, full) = (small_world(), small_world());
    let before = full.rows("select * from journal");
    refused(&copy(&here, &full), "the target is not empty");
    assert_eq!(full.rows("select * from journal"), before);
    let server = Engine::Postgres.fresh();
    done(&copy(&here, &server));
    refused(&copy(&full, &server), "the target is not empty");
    refused(&copy(&here, &server), "a finished copy already");
    assert_equal_journals(&here, &server);
    refused(&copy(&here, &here), "the same database");
}

#[track_caller]
fn assert_equal_journals(one: &TestDatabase, other: &TestDatabase) {
    let rows = |home: &TestDatabase| home.rows("select * from journal order by seq");
    assert_eq!(rows(one), rows(other));
}

#[test]
fn a_source_without_a_deployment_is_refused() {
    let (empty, target) = (Engine::Postgres.fresh(), Engine::Sqlite.blank());
    refused(&copy(&empty, &target), "nothing to copy");
    refused(&copy(&Engine::Postgres.blank(), &target), "schema version 0");
    refused(&copy(&Engine::Sqlite.blank(), &target), "not found");
    assert!(!std::path::Path::new(target.url().trim_start_matches("sqlite:")).exists());
}

/// What an unfinished copy holds is a part of a deployment, and must not look like a whole one.
#[cfg(feature = "faults")]
mod killed {
    use super::*;

    /// In the middle of the orders, in the middle of the journal, and before the proof.
    const POINTS: [&str; 3] = ["batch copied:9", "batch copied:18", "head copied"];

    fn copy_until(point: &str, from: &TestDatabase, to: &TestDatabase) {
        let mut command = program::program(&["copy", "--from", &from.url(), "--to", &to.url()]);
        let output = command.env("ORDERPARK_ABORT_AT", point).output().unwrap();
        assert_eq!(output.status.code(), None, "{point} was not reached: {}", stderr(&output));
    }

    fn assert_not_served(home: &TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap();
        let output = run(&["serve", "--listen", "127.0.0.1:0", "--data", data, "--database", &home.url()]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("unfinished copy"), "{}", stderr(&output));
    }

    async fn killed_and_gone_on_with(engine: Engine) {
        let here = large_world().await;
        here.execute("update deployment set keys_fingerprint = x'00'");
        for point in POINTS {
            let there = engine.blank();
            copy_until(point, &here, &there);
            assert_not_served(&there);
            let output = copy(&here, &there);
            done(&output);
            assert!(stderr(&output).contains("going on"), "{}", stderr(&output));
            assert_equal(&here, &there);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_into_postgres_goes_on_where_it_was_killed() {
        killed_and_gone_on_with(Engine::Postgres).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_into_a_file_goes_on_where_it_was_killed() {
        killed_and_gone_on_with(Engine::Sqlite).await;
    }

    /// Again and again, at a later point each time.
    #[test]
    fn one_that_is_killed_at_every_batch_arrives() {
        let (here, there) = (small_world(), Engine::Postgres.blank());
        copy_until("batch copied:1", &here, &there);
        for _ in 0..5 {
            // The first batch of each run is committed, the second is not.
            copy_until("batch copied:2", &here, &there);
        }
        done(&copy(&here, &there));
        assert_equal_journals(&here, &there);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_the_same_source_goes_on() {
        let (here, other, there) = (small_world(), small_world(), Engine::Postgres.blank());
        copy_until("batch copied:4", &here, &there);
        refused(&copy(&other, &there), "another source");
        grow(&here.database(), 1).await;
        refused(&copy(&here, &there), "another source");
        refused(&copy(&there, &Engine::Sqlite.blank()), "itself an unfinished copy");
    }
}
