//! C-01 for deliveries: the program dies at each named point of settling; what was written is written wholly, and what was
//! not is delivered once more.
#![cfg(feature = "faults")]

use super::ground::{LONG_MS, ONE, attempt, due, place};
use super::harness::{Deployment, Engine, assert_whole, options};
use orderpark_domain::UserRef;
use orderpark_store::deliveries::{Node, Settlement};
use orderpark_store::{Options, Store};
use std::process::Command as Process;
use std::sync::Arc;

on_each_engine!(a_crash_while_settling_deliveries_ends_whole);

/// Each point, and whether what was settled must be there behind it; of the others nobody knows.
const POINTS: [(&str, Option<bool>); 3] =
    [("settling deliveries", Some(false)), ("before commit", Some(false)), ("cursor moved", Some(true))];

/// What a child does. Started by the runner, without a database, it is no test and does nothing.
#[test]
#[allow(clippy::disallowed_methods, reason = "what it is to do comes in the environment")]
fn child() {
    let Ok(database) = std::env::var("CRASH_DATABASE") else { return };
    let store = Store::open(&database.parse().expect("a database"), Options::default()).expect("it opens");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let claims = store.claim_targets(Node([9; 16]), 10, LONG_MS).await.expect("a claim");
        let settlement = Settlement {
            done: vec![place(1, 0)],
            retries: vec![due(2, 0, "b")],
            attempts: vec![attempt(5, Some(place(1, 0)), None)],
            ..Settlement::at(store.events_end().await.expect("the end").place)
        };
        store.settle_deliveries(&claims[0].lease, settlement).await.expect("it is settled");
    });
    println!("answered");
}

fn a_crash_while_settling_deliveries_ends_whole(engine: Engine) {
    for (point, is_there) in POINTS {
        if point == "before commit" && engine == Engine::Postgres {
            // Bookkeeping passes no point of the committer there.
            continue;
        }
        let deployment = Deployment::on(engine);
        let hook = deployment.hook();
        let lease = deployment.lease(ONE);
        let began = Settlement { retries: vec![due(1, 0, "a")], ..Settlement::at(deployment.end()) };
        assert!(deployment.settled(&lease, began));
        deployment.shop("acme");
        deployment.end_leases();
        let (before, end) = (deployment.status(hook), deployment.end());
        let (home, clock) = deployment.closed();
        // The claim is a transaction of its own; the settlement is the second one.
        let at = if point == "before commit" { "before commit:2".to_owned() } else { point.to_owned() };
        let output = Process::new(std::env::current_exe().expect("this program"))
            .args(["crashes::child", "--exact", "--nocapture", "--test-threads=1"])
            .env("CRASH_DATABASE", home.url())
            .env("ORDERPARK_ABORT_AT", at)
            .output()
            .expect("a child process");
        assert!(!output.status.success(), "{point}: the child was to die");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("answered"), "{point}");
        assert_whole(&home);
        let store = Store::open(&home.database(), options(&clock)).expect("it opens after a crash");
        let deployment = Deployment { store, clock: Arc::clone(&clock), home, operator: UserRef(2) };
        let after = deployment.status(hook);
        let retries: Vec<u64> = deployment.retries(lease.target).iter().map(|retry| retry.place.seq).collect();
        match is_there {
            Some(true) => assert_eq!((after.cursor.place, retries), (end, vec![2]), "{point}"),
            _ => assert_eq!((after.cursor.place, retries), (before.cursor.place, vec![1]), "{point}"),
        }
        deployment.end_leases();
        assert_eq!(deployment.claim(ONE).len(), 1, "{point}: another one goes on");
    }
}
