//! `orderpark migrate`: what it tells, what it does, and its exit codes.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod program;

use orderpark_testbed::{Engine, TestDatabase};
use program::{Running, run, stderr};
use rustix::process::Signal;

/// Runs the command; answers its exit code and what it told.
fn migrate(url: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&["migrate", "--database", url][..], more].concat());
    (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output)))
}

fn status(home: &TestDatabase) -> (Option<i32>, String) {
    migrate(&home.url(), &["--status"])
}

#[track_caller]
fn tells((code, told): (Option<i32>, String), expected: i32, words: &[&str]) {
    assert_eq!(code, Some(expected), "{told}");
    for word in words {
        assert!(told.contains(word), "no '{word}' in {told}");
    }
}

/// A database as the first version of the program left it.
fn of_version_1(engine: Engine) -> TestDatabase {
    let home = engine.fresh();
    if engine == Engine::Sqlite {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_str().unwrap();
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", data, "--database", &home.url()];
        Running::start(&arguments).stop(Signal::TERM);
    }
    let tables = [
        "feed_epochs",
        "schema_promise",
        "deployment",
        "delivery_attempts",
        "delivery_replays",
        "delivery_retries",
        "delivery_targets",
        "webhook_endpoints",
    ];
    let dropped = tables.map(|table| format!("drop table {table}; ")).concat();
    let rest = "drop index orders_pending; drop index subscriptions_by_number; drop index users_by_folded_login; \
                drop index parties_by_folded_contact; drop index parties_closing; \
                drop index orders_open_of_subscriber; drop index users_living_of_party; drop index balances_used; \
                drop index users_by_creator; \
                alter table users drop column role; alter table users drop column created_by; \
                alter table users drop column created_at; alter table parties drop column closing_at; \
                alter table parties drop column quotas; \
                alter table balances drop column orders; \
                delete from refinery_schema_history where version > 1";
    home.execute(&format!("{dropped}{rest}"));
    home
}

#[test]
fn what_is_pending_is_told_and_then_done() {
    for engine in Engine::ALL {
        let home = of_version_1(engine);
        for _ in 0..2 {
            let pending = [
                "found:     1",
                "up to: 5",
                "version 1 or newer",
                "pending: V2 rolling_upgrades\npending: V3 deliveries\npending: V4 feed_epochs\npending: V5 fairness",
            ];
            tells(status(&home), 1, &pending);
        }
        tells(
            migrate(&home.url(), &[]),
            0,
            &["done: V2 rolling_upgrades\ndone: V3 deliveries\ndone: V4 feed_epochs\ndone: V5 fairness"],
        );
        tells(status(&home), 0, &["found:     5", "version 5 or newer", "nothing is pending"]);
        tells(migrate(&home.url(), &[]), 0, &["nothing was pending"]);
        assert_eq!(home.texts("select oldest from schema_promise"), ["5"]);
    }
}

#[test]
fn an_empty_server_gets_its_tables_and_a_missing_file_is_not_made() {
    let home = Engine::Postgres.blank();
    tells(
        status(&home),
        1,
        &[
            "found:     none",
            "pending: V1 orders\npending: V2 rolling_upgrades\npending: V3 deliveries\npending: V4 feed_epochs\npending: V5 fairness\n",
        ],
    );
    assert!(home.texts("select tablename from pg_tables where schemaname = 'public'").is_empty());
    tells(
        migrate(&home.url(), &[]),
        0,
        &["done: V1 orders\ndone: V2 rolling_upgrades\ndone: V3 deliveries\ndone: V4 feed_epochs\ndone: V5 fairness\n"],
    );
    assert_eq!(home.texts("select seq from head"), ["0"]);
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}", folder.path().join("orderpark.db").display());
    tells(migrate(&missing, &["--status"]), 2, &["not found"]);
    tells(migrate(&missing, &[]), 2, &["not found"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_newer_schema_is_judged_by_its_promise() {
    for engine in Engine::ALL {
        let home = of_version_1(engine);
        tells(migrate(&home.url(), &[]), 0, &[]);
        home.execute("insert into refinery_schema_history values (99, 'later', '2030-01-01T00:00:00Z', '1')");
        tells(status(&home), 0, &["found:     99", "up to: 5", "version 5 or newer", "nothing is pending"]);
        home.execute("update schema_promise set oldest = 98");
        tells(status(&home), 1, &["version 98 or newer", "cannot use it"]);
        tells(migrate(&home.url(), &[]), 1, &["use a newer program"]);
    }
}

#[test]
fn a_running_server_is_looked_at_and_not_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), &[]);
    let url = format!("sqlite:{}", folder.path().join("orderpark.db").display());
    tells(migrate(&url, &["--status"]), 0, &["nothing is pending"]);
    tells(migrate(&url, &[]), 1, &["in use by another process"]);
    running.stop(Signal::TERM);
    tells(migrate(&url, &[]), 0, &["nothing was pending"]);
}
