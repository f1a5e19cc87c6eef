//! C-01: the program dies at each named point of each operation; it is started again, the client retries with its key,
//! and `verify` judges. (reliability.md)
//!
//! The child is this very test program, started again with a scenario in its environment: it aborts at the named point.
#![cfg(feature = "faults")]

mod harness;

use harness::{Deployment, Engine, answer, assert_whole, cancel, everything, key, order_of, place_for, settle};
use orderpark_domain::party::{ContinueClosing, CreateParty, DeleteParty};
use orderpark_domain::token::{IssueToken, RevokeToken};
use orderpark_domain::{
    Command, Grant, Instant, Intent, OfferRef, OrderRef, OrderState, Outcome, PartyKind, PartyRef, RequestKey,
    SecretHash, Token, UserRef,
};
use orderpark_store::{Committed, Options, OrderFilter, Slice, Store};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command as Process, Output};
use std::time::{Duration, Instant as Moment};

const OPERATOR: UserRef = UserRef(2);

const OPERATIONS: [&str; 6] = ["create", "cancel", "settle", "issue", "revoke", "close"];

/// A point that one engine alone has: between sending the commit and its answer there is a network.
const COMMIT_SENT: &str = "commit sent";

/// The one point that no operation passes.
const MIGRATION_STEP: &str = "migration step";

/// Each point, and the operations that pass it; none named: all of them.
const POINTS: [(&str, &[&str]); 15] = [
    ("intents taken", &[]),
    ("prefetched", &[]),
    ("decided", &[]),
    ("order written", &["create", "cancel", "close"]),
    ("settled", &["settle"]),
    ("balances written", &[]),
    ("key kept", &["create", "cancel"]),
    ("token issued", &["issue"]),
    ("token revoked", &["revoke"]),
    ("journal appended", &[]),
    ("head moved", &[]),
    ("before commit", &[]),
    (COMMIT_SENT, &[]),
    ("committed but unanswered", &[]),
    ("drain", &[]),
];

/// A dead program's connection is closed by its system, so nobody waits for the head that it held.
const NEXT_MAX: Duration = Duration::from_secs(2);

on_each_engine!(
    a_crash_while_creating_ends_whole,
    a_crash_while_cancelling_ends_whole,
    a_crash_while_settling_ends_whole,
    a_crash_while_issuing_a_token_ends_whole,
    a_crash_while_revoking_a_token_ends_whole,
    a_crash_while_closing_a_subscriber_ends_whole,
    a_crash_in_a_migration_is_made_good_at_the_next_start,
);

/// What a child is to do: an operation on the shop of a prepared deployment.
#[derive(Clone)]
struct Scenario {
    operation: String,
    /// Which of the cases of its operation it is; it names the request key.
    case: u8,
    database: String,
    /// The order that it is about, if there is one before.
    order: Option<OrderRef>,
    offer: OfferRef,
    subscriber: PartyRef,
}

impl Scenario {
    #[allow(clippy::disallowed_methods, reason = "the scenario comes in the environment")]
    fn from_environment() -> Option<Scenario> {
        let get = |name: &str| std::env::var(name).ok();
        Some(Scenario {
            operation: get("CRASH_OPERATION")?,
            case: get("CRASH_CASE")?.parse().ok()?,
            order: get("CRASH_ORDER").and_then(|text| OrderRef::parse(&text)),
            database: get("CRASH_DATABASE")?,
            offer: OfferRef::parse(&get("CRASH_OFFER")?)?,
            subscriber: PartyRef::parse(&get("CRASH_SUBSCRIBER")?)?,
        })
    }

    fn run_child(&self, point: &str) -> Output {
        Process::new(std::env::current_exe().expect("this program"))
            .args(["child", "--exact", "--nocapture", "--test-threads=1"])
            .env("CRASH_OPERATION", &self.operation)
            .env("CRASH_CASE", self.case.to_string())
            .env("CRASH_ORDER", self.order.map(|order| order.to_string()).unwrap_or_default())
            .env("CRASH_DATABASE", &self.database)
            .env("CRASH_OFFER", self.offer.to_string())
            .env("CRASH_SUBSCRIBER", self.subscriber.to_string())
            .env("ORDERPARK_ABORT_AT", point)
            .output()
            .expect("a child process")
    }

    /// The intent that the child carries out, and that its client repeats after the crash.
    fn intent(&self) -> Intent {
        let existing = || self.order.expect("an order was placed for this");
        let keyed = Some(key(OPERATOR, self.case, self.case));
        let (command, request) = match self.operation.as_str() {
            "create" => (place_for(self.offer, self.subscriber), keyed),
            "cancel" => (cancel(existing()), keyed),
            "settle" => (settle(existing(), None), None),
            "issue" => (issue(5), None),
            "revoke" => (revoke(4), None),
            "close" => (Command::ContinueClosing(ContinueClosing { party: self.subscriber, parts_max: 9 }), None),
            other => panic!("no such operation: {other}"),
        };
        by_operator(command, request)
    }

    /// Makes the database ready for the case.
    fn prepare(&mut self, store: &Store) {
        let (offer, subscriber) = (self.offer, self.subscriber);
        let place = || order_of(done(store, place_for(offer, subscriber)));
        match self.operation.as_str() {
            "cancel" | "settle" => self.order = Some(place().order),
            "revoke" => drop(done(store, issue(4))),
            "close" => {
                self.subscriber = new_subscriber(store);
                (0..2).for_each(|_| drop(done(store, place_for(self.offer, self.subscriber))));
                let (kind, party) = (PartyKind::Subscriber, self.subscriber);
                drop(done(store, Command::DeleteParty(DeleteParty { kind, party, force: true, parts_max: 1 })));
            }
            // The token of the case before.
            "issue" if self.case > 1 => drop(done(store, revoke(5))),
            _ => {}
        }
    }
}

fn by_operator(command: Command, request: Option<RequestKey>) -> Intent {
    Intent { request, ..Intent::by(OPERATOR, everything(), command) }
}

fn done(store: &Store, command: Command) -> Outcome {
    store.commit_blocking(by_operator(command, None)).expect("it is carried out").outcome
}

fn new_subscriber(store: &Store) -> PartyRef {
    let (kind, id, name, vendor_id) =
        (PartyKind::Subscriber, String::new(), "To be closed".into(), Some("acme".into()));
    let (contact_email, organization, primary_user) = (None, None, None);
    let new = CreateParty { kind, id, name, vendor_id, contact_email, organization, primary_user };
    let Outcome::Party(party, _) = done(store, Command::CreateParty(new)) else { panic!("a party") };
    party.party
}

fn issue(name: u8) -> Command {
    Command::IssueToken(IssueToken {
        token: token(name),
        proved: SecretHash([1; 32]),
        renew: false,
        validity_max_s: None,
    })
}

fn revoke(name: u8) -> Command {
    Command::RevokeToken(RevokeToken { user: OPERATOR, hash: token(name).hash })
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

/// How many orders there are.
fn orders(store: &Store) -> usize {
    let all = OrderFilter { states: OrderState::ALL.to_vec(), ..OrderFilter::default() };
    answer(store.page_orders(&everything(), &all, Slice::first(100))).len()
}

fn state_of(store: &Store, order: OrderRef) -> OrderState {
    answer(store.get_order(&everything(), order)).expect("the order").state
}

fn open(database: &str) -> Store {
    let database = database.parse().expect("a database");
    Store::open(&database, Options::default()).expect("it opens after a crash")
}

/// What a child does. Started by the runner, without a scenario, it is no test and does nothing.
#[test]
fn child() {
    let Some(scenario) = Scenario::from_environment() else { return };
    let store = open(&scenario.database);
    if scenario.operation == "open" {
        return;
    }
    let committed = store.commit_blocking(scenario.intent()).expect("it is carried out");
    let told = match committed.outcome {
        Outcome::Order(order) => format!("order {}", order.order),
        _ => "done".to_owned(),
    };
    println!("answered {told}");
}

fn a_crash_while_creating_ends_whole(engine: Engine) {
    crash_everywhere(engine, "create");
}

fn a_crash_while_cancelling_ends_whole(engine: Engine) {
    crash_everywhere(engine, "cancel");
}

fn a_crash_while_settling_ends_whole(engine: Engine) {
    crash_everywhere(engine, "settle");
}

fn a_crash_while_issuing_a_token_ends_whole(engine: Engine) {
    crash_everywhere(engine, "issue");
}

fn a_crash_while_revoking_a_token_ends_whole(engine: Engine) {
    crash_everywhere(engine, "revoke");
}

fn a_crash_while_closing_a_subscriber_ends_whole(engine: Engine) {
    crash_everywhere(engine, "close");
}

/// The points that an operation passes on an engine.
fn points(engine: Engine, operation: &str) -> Vec<&'static str> {
    let passes = |(point, only): &&(&str, &[&str])| {
        (only.is_empty() || only.contains(&operation)) && (*point != COMMIT_SENT || engine == Engine::Postgres)
    };
    POINTS.iter().filter(passes).map(|(point, _)| *point).collect()
}

#[test]
fn the_matrix_is_whole() {
    let cases = |engine| OPERATIONS.iter().map(|operation| points(engine, operation).len()).sum::<usize>();
    assert_eq!((cases(Engine::Sqlite), cases(Engine::Postgres)), (62, 68), "a new point or operation belongs into it");
}

/// What an engine's sources, and those of the committer, call their points.
fn points_in(folder: &Path, found: &mut BTreeSet<String>) {
    for file in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = file.expect("a source").path();
        if path.is_dir() {
            points_in(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        for call in text.split("faults::point(").skip(1) {
            let call = call.split_once(");").expect("the end of the call").0;
            found.extend(call.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
}

#[test]
fn every_point_of_both_engines_is_in_the_matrix() {
    for engine in Engine::ALL {
        let mut found = BTreeSet::new();
        for folder in ["committer", &engine.to_string()] {
            points_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder), &mut found);
        }
        let passed = OPERATIONS.iter().flat_map(|operation| points(engine, operation));
        let mut known: BTreeSet<String> = passed.map(str::to_owned).collect();
        known.insert(MIGRATION_STEP.to_owned());
        assert_eq!(found, known, "{engine}");
    }
}

fn crash_everywhere(engine: Engine, operation: &str) {
    let deployment = Deployment::on(engine);
    let shop = if operation == "settle" { deployment.asking_shop("acme") } else { deployment.shop("acme") };
    let (home, _) = deployment.closed();
    for (case, point) in (1..).zip(points(engine, operation)) {
        let scenario = Scenario {
            operation: operation.to_owned(),
            case,
            database: home.url(),
            order: None,
            offer: shop.offer.offer,
            subscriber: shop.subscriber.party,
        };
        crash(scenario, point, &format!("{operation} at '{point}' on {engine}"));
        assert_whole(&home);
    }
}

fn crash(mut scenario: Scenario, point: &str, context: &str) {
    let store = open(&scenario.database);
    scenario.prepare(&store);
    let before = orders(&store);
    drop(store);
    let output = scenario.run_child(point);
    assert!(!output.status.success(), "{context}: the child was to die");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let answered = said.lines().find_map(|line| line.split_once("answered ").map(|(_, answer)| answer.to_owned()));
    assert_eq!(answered.is_some(), point == "drain", "{context}: nobody is answered before the commit\n{said}");

    let store = open(&scenario.database);
    let began = Moment::now();
    let answer = retry(&scenario, &store, context, answered.as_deref());
    let took = began.elapsed();
    assert!(took < NEXT_MAX, "{context}: the retry took {took:?}");
    let created = usize::from(scenario.operation == "create");
    assert_eq!(orders(&store), before + created, "{context}: {answer:?}");
}

/// The client sends the same again: it gets one outcome, and the one that was acknowledged if one was.
fn retry(scenario: &Scenario, store: &Store, context: &str, answered: Option<&str>) -> Option<Committed> {
    if let ("settle", Some(order)) = (scenario.operation.as_str(), scenario.order) {
        // The sweeper settles only what is still pending.
        let pending = state_of(store, order) == OrderState::Pending;
        let settled = pending.then(|| store.commit_blocking(scenario.intent()).expect("it is settled"));
        assert_eq!(state_of(store, order), OrderState::Active, "{context}");
        return settled;
    }
    let committed = store.commit_blocking(scenario.intent()).expect("the retry is carried out");
    match scenario.operation.as_str() {
        "create" | "cancel" => {
            let order = order_of(committed.outcome.clone());
            let state = if scenario.operation == "create" { OrderState::Active } else { OrderState::Cancelled };
            assert_eq!((state_of(store, order.order), order.state), (state, state), "{context}");
            assert!(scenario.order.is_none_or(|existing| existing == order.order), "{context}");
            if let Some(answered) = answered {
                assert_eq!(answered, format!("order {}", order.order), "{context}");
                assert!(committed.replayed, "{context}");
            }
        }
        "close" => {
            let found = answer(store.get_party(&everything(), PartyKind::Subscriber, scenario.subscriber));
            assert_eq!(found, None, "{context}");
        }
        "issue" => {
            let found = answer(store.get_token(&everything(), &token(5).hash));
            assert!(found.is_some(), "{context}");
        }
        _ => {
            let found = answer(store.get_token(&everything(), &token(4).hash));
            assert_eq!(found, None, "{context}");
        }
    }
    Some(committed)
}

fn a_crash_in_a_migration_is_made_good_at_the_next_start(engine: Engine) {
    let home = engine.blank();
    let scenario = Scenario {
        operation: "open".into(),
        case: 1,
        database: home.url(),
        order: None,
        offer: OfferRef(1),
        subscriber: PartyRef(1),
    };
    assert!(!scenario.run_child(MIGRATION_STEP).status.success());
    drop(open(&scenario.database));
    assert_whole(&home);
}
