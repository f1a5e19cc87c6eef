//! C-01: the program dies at each named point of each operation; it is started again, the client retries with its key,
//! and `verify` judges. (reliability.md)
//!
//! The child is this very test program, started again with a scenario in its environment: it aborts at the named point.
#![cfg(feature = "faults")]

mod harness;

use harness::{Deployment, Shop, cancel, everything, key, order_of, place_for, settle};
use orderpark_domain::token::{IssueToken, RevokeToken};
use orderpark_domain::{
    Command, Grant, IfMatch, Instant, Intent, OfferRef, Order, OrderState, Outcome, PartyKind, PartyRef, SecretHash,
    Token, UserRef,
};
use orderpark_store::verify::verify;
use orderpark_store::{Database, Options, OrderFilter, Slice, Store};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};

const OPERATOR: UserRef = UserRef(2);

const OPERATIONS: [&str; 5] = ["create", "cancel", "settle", "issue", "revoke"];

/// Each point, and the operations that pass it; none named: all of them.
const POINTS: [(&str, &[&str]); 14] = [
    ("intents taken", &[]),
    ("prefetched", &[]),
    ("decided", &[]),
    ("order written", &["create", "cancel"]),
    ("settled", &["settle"]),
    ("balances written", &[]),
    ("key kept", &["create", "cancel"]),
    ("token issued", &["issue"]),
    ("token revoked", &["revoke"]),
    ("journal appended", &[]),
    ("head moved", &[]),
    ("before commit", &[]),
    ("committed but unanswered", &[]),
    ("drain", &[]),
];

/// What a child is to do: an operation on the shop of a prepared deployment.
struct Scenario {
    operation: String,
    path: PathBuf,
    offer: OfferRef,
    subscriber: PartyRef,
}

impl Scenario {
    fn of(operation: &str, deployment: &Deployment, shop: &Shop) -> Scenario {
        let (offer, subscriber) = (shop.offer.offer, shop.subscriber.party);
        Scenario { operation: operation.to_owned(), path: deployment.path(), offer, subscriber }
    }

    #[allow(clippy::disallowed_methods, reason = "the scenario comes in the environment")]
    fn from_environment() -> Option<Scenario> {
        let get = |name: &str| std::env::var(name).ok();
        Some(Scenario {
            operation: get("CRASH_OPERATION")?,
            path: get("CRASH_PATH")?.into(),
            offer: OfferRef::parse(&get("CRASH_OFFER")?)?,
            subscriber: PartyRef::parse(&get("CRASH_SUBSCRIBER")?)?,
        })
    }

    fn run_child(&self, point: &str) -> Output {
        Process::new(std::env::current_exe().expect("this program"))
            .args(["child", "--exact", "--nocapture", "--test-threads=1"])
            .env("CRASH_OPERATION", &self.operation)
            .env("CRASH_PATH", &self.path)
            .env("CRASH_OFFER", self.offer.to_string())
            .env("CRASH_SUBSCRIBER", self.subscriber.to_string())
            .env("ORDERPARK_ABORT_AT", point)
            .output()
            .expect("a child process")
    }

    /// The intent that the child carries out, and that its client repeats after the crash.
    fn intent(&self, store: &Store) -> Intent {
        let existing = || orders(store)[0].order;
        let (command, request) = match self.operation.as_str() {
            "create" => (place_for(self.offer, self.subscriber), Some(key(OPERATOR, 1, 1))),
            "cancel" => (cancel(existing()), Some(key(OPERATOR, 2, 2))),
            "settle" => (settle(existing(), None), None),
            "issue" => {
                (Command::IssueToken(IssueToken { token: token(5), proved: SecretHash([1; 32]), renew: false }), None)
            }
            "revoke" => (Command::RevokeToken(RevokeToken { user: OPERATOR, hash: token(4).hash }), None),
            other => panic!("no such operation: {other}"),
        };
        Intent { command, scope: everything(), by: Some(OPERATOR), request, if_match: IfMatch::Anything }
    }
}

fn token(name: u8) -> Token {
    Token {
        user: OPERATOR,
        hash: [name; 32],
        jti: format!("token-{name}"),
        client_id: "default/ops".into(),
        grants: vec![Grant { kind: PartyKind::Operator, party: PartyRef(1) }],
        issued_at: Instant(0),
        expires_at: None,
    }
}

fn orders(store: &Store) -> Vec<Order> {
    let all = OrderFilter { states: OrderState::ALL.to_vec(), ..OrderFilter::default() };
    store.page_orders(&everything(), &all, Slice::first(10)).expect("a list")
}

fn open(path: &Path) -> Store {
    Store::open(&Database::Sqlite(path.to_owned()), Options::default()).expect("it opens after a crash")
}

/// A deployment that is ready for the operation; it is closed again when its store is dropped.
fn prepared(operation: &str) -> (Deployment, Shop) {
    let deployment = Deployment::new();
    let shop = if operation == "settle" { deployment.asking_shop("acme") } else { deployment.shop("acme") };
    if matches!(operation, "cancel" | "settle") {
        deployment.order(&shop);
    }
    if operation == "revoke" {
        deployment.done(Command::IssueToken(IssueToken { token: token(4), proved: SecretHash([1; 32]), renew: false }));
    }
    (deployment, shop)
}

/// What a child does. Started by the runner, without a scenario, it is no test and does nothing.
#[test]
fn child() {
    let Some(scenario) = Scenario::from_environment() else { return };
    let store = open(&scenario.path);
    if scenario.operation == "open" {
        return;
    }
    let intent = scenario.intent(&store);
    let committed = store.commit_blocking(intent).expect("it is carried out");
    let answer = match committed.outcome {
        Outcome::Order(order) => format!("order {}", order.order),
        _ => "done".to_owned(),
    };
    println!("answered {answer}");
}

#[test]
fn every_point_of_every_operation_ends_whole() {
    let mut cases = 0;
    for (point, only) in POINTS {
        for operation in OPERATIONS.iter().filter(|operation| only.is_empty() || only.contains(operation)) {
            crash(operation, point);
            cases += 1;
        }
    }
    assert_eq!(cases, 52, "a new point or operation belongs into the matrix");
}

fn crash(operation: &str, point: &str) {
    let context = format!("{operation} at '{point}'");
    let (deployment, shop) = prepared(operation);
    let scenario = Scenario::of(operation, &deployment, &shop);
    let Deployment { store, folder: _folder, .. } = deployment;
    drop(store);
    let output = scenario.run_child(point);
    assert!(!output.status.success(), "{context}: the child was to die");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let answered = said.lines().find_map(|line| line.split_once("answered ").map(|(_, answer)| answer.to_owned()));
    assert_eq!(answered.is_some(), point == "drain", "{context}: nobody is answered before the commit\n{said}");

    let store = open(&scenario.path);
    retry(&scenario, &store, &context, answered.as_deref());
    drop(store);
    let report = verify(&Database::Sqlite(scenario.path.clone()), &mut |_| {}).expect("a report");
    assert_eq!(report.violations, Vec::<String>::new(), "{context}");
}

/// The client sends the same again: it gets one outcome, and the one that was acknowledged if one was.
fn retry(scenario: &Scenario, store: &Store, context: &str, answered: Option<&str>) {
    if scenario.operation == "settle" {
        // The sweeper settles only what is still pending.
        if orders(store)[0].state == OrderState::Pending {
            store.commit_blocking(scenario.intent(store)).expect("it is settled");
        }
        assert_eq!(orders(store)[0].state, OrderState::Active, "{context}");
        return;
    }
    let committed = store.commit_blocking(scenario.intent(store)).expect("the retry is carried out");
    match scenario.operation.as_str() {
        "create" | "cancel" => {
            let order = order_of(committed.outcome);
            let state = if scenario.operation == "create" { OrderState::Active } else { OrderState::Cancelled };
            let all = orders(store);
            assert_eq!((all.len(), all[0].order, all[0].state), (1, order.order, state), "{context}");
            if let Some(answered) = answered {
                assert_eq!(answered, format!("order {}", order.order), "{context}");
                assert!(committed.replayed, "{context}");
            }
        }
        "issue" => {
            let found = store.get_token(&everything(), &token(5).hash).expect("a read");
            assert!(found.is_some(), "{context}");
        }
        _ => {
            let found = store.get_token(&everything(), &token(4).hash).expect("a read");
            assert_eq!(found, None, "{context}");
        }
    }
}

#[test]
fn a_crash_in_a_migration_is_made_good_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orderpark.db");
    let scenario =
        Scenario { operation: "open".into(), path: path.clone(), offer: OfferRef(1), subscriber: PartyRef(1) };
    assert!(!scenario.run_child("migration step").status.success());
    drop(open(&path));
    let report = verify(&Database::Sqlite(path), &mut |_| {}).expect("a report");
    assert_eq!(report.violations, Vec::<String>::new());
}
