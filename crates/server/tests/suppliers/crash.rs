//! C-01 for suppliers: the program dies at each point of asking, settling and telling. Then it starts again, and all suppliers end in the
//! same: `COMMIT`, or `CANCEL`.

use crate::harness::{Answer, Caller, Engine, World, started, text};
use crate::receiver::{Heard, Receiver, Says};
use crate::shop::{AskingShop, notification};
use orderpark_domain::{OrderState, Scope};
use orderpark_server::suppliers::sweep::sweep;
use orderpark_server::{App, Settings, delivery, router};
use orderpark_store::{Database, OrderFilter, Slice};
use orderpark_testbed::{TestClock, TestDatabase};
use serde_json::json;
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The points, in their order, and whether the order is settled there.
const POINTS: [(&str, bool); 6] = [
    ("TRY next", false),
    (TRY_SENT, false),
    ("one TRY answered", false),
    ("all TRY answered", false),
    ("settlement committed", true),
    ("COMMIT sent before mark", true),
];

/// Where the receiver has the question, and the program is killed from outside before there is an answer.
const TRY_SENT: &str = "TRY sent";

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Leases end soon here: on PostgreSQL that is real time.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.outside.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.outside.attempt_max_ms = 500;
    settings.deliveries.lease_ms = 2_500;
    settings.deliveries.renew_every_ms = 300;
    settings.deliveries.claim_every_ms = 200;
    settings
}

fn clock(case: u64) -> Arc<TestClock> {
    let clock = TestClock::new();
    clock.pass_seconds(i64::try_from(case).expect("few cases") * 100);
    Arc::new(clock)
}

/// What is left of the shop when its program is gone.
struct Left {
    database: Arc<TestDatabase>,
    token: String,
    agrees: Receiver,
    other: Receiver,
}

impl Left {
    async fn behind(engine: Engine) -> Left {
        let (agrees, other) = (Receiver::saying(Says::Status(200)).await, Receiver::saying(Says::Status(200)).await);
        let world = World::with(engine, settings()).await;
        let asked = [&agrees, &other].map(|receiver| notification(&receiver.url, "TRY_COMMIT"));
        let shop = AskingShop::in_world(world, asked.to_vec()).await;
        let token = shop.subscriber.token.clone().expect("a token");
        let database = Arc::clone(&shop.world.database);
        shop.world.app.store.close().await;
        Left { database, token, agrees, other }
    }

    /// The program that dies.
    fn start(&self, case: u64, point: &str) -> Child {
        let mut process = Process::new(std::env::current_exe().expect("this program"));
        process.args(["crash::child", "--exact", "--nocapture", "--test-threads=1"]);
        process.env("CRASH_DATABASE", self.database.url()).env("CRASH_TOKEN", &self.token);
        process.env("CRASH_CASE", case.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        if point != TRY_SENT {
            process.env("ORDERPARK_ABORT_AT", point);
        }
        process.spawn().expect("a child")
    }
}

/// What a child does. Started by the runner, without a scenario, it is no test and does nothing.
#[test]
#[allow(clippy::disallowed_methods, reason = "the scenario comes in the environment")]
fn child() {
    let get = |name: &str| std::env::var(name).ok();
    let (Some(url), Some(token), Some(case)) = (get("CRASH_DATABASE"), get("CRASH_TOKEN"), get("CRASH_CASE")) else {
        return;
    };
    let case: u64 = case.parse().expect("a number");
    let database: Database = url.parse().expect("a database");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build();
    runtime.expect("a runtime").block_on(async {
        let app = started(&database, settings(), &clock(case), case);
        let _deliveries = delivery::start(&app);
        place(&app, &token, &format!("case {case}")).await;
        // It is to die by then.
        let _ = timeout(PATIENCE, std::future::pending::<()>()).await;
    });
}

async fn place(app: &Arc<App>, token: &str, key: &str) -> Answer {
    let subscriber = Caller::new(router(Arc::clone(app)), Some(token.to_owned()));
    subscriber.key(key).post("/orders", json!({"offerId": "acme/asks"})).await
}

pub async fn whenever_the_program_dies_all_suppliers_end_in_the_same(engine: Engine) {
    let left = Left::behind(engine).await;
    let cases = POINTS.iter().flat_map(|point| [200, 409].map(|status| (point, status)));
    for (case, ((point, is_settled), status)) in (1..).zip(cases) {
        die(&left, case, point, status).await;
        let state = if *is_settled && status == 200 { OrderState::Active } else { OrderState::Rejected };
        // Who said no itself, and was heard, is not told.
        let knows = *is_settled && status == 409;
        let case =
            Case { number: case, state, knows, context: format!("{point}, where one answers {status}, on {engine}") };
        recover(&left, &case).await;
    }
    crate::harness::Journal::of(&left.database).verify();
}

/// What an order has to come to.
struct Case {
    number: u64,
    state: OrderState,
    /// Whether the second supplier knows without being told.
    knows: bool,
    context: String,
}

/// The program dies while it works on an order.
async fn die(left: &Left, case: u64, point: &str, status: u16) {
    let asked = left.agrees.heard().len();
    left.agrees.says(if point == TRY_SENT { Says::Nothing } else { Says::Status(200) });
    left.other.says(Says::Status(status));
    let mut child = left.start(case, point);
    if point == TRY_SENT {
        timeout(PATIENCE, left.agrees.has_heard(asked + 1)).await.expect("the supplier is asked");
        child.kill().expect("a child");
    }
    let ended =
        timeout(PATIENCE, tokio::task::spawn_blocking(move || child.wait())).await.expect("the child was to die");
    assert!(!ended.expect("no panic").expect("a status").success(), "the child was to die at {point}");
    for receiver in [&left.agrees, &left.other] {
        receiver.says(Says::Status(200));
    }
}

/// The program starts again.
async fn recover(left: &Left, Case { number, state, knows, context }: &Case) {
    let (scope, clock) = (Scope::system("a test looks"), clock(*number));
    let app = started(&left.database.database(), settings(), &clock, 1_000 + number);
    let all = OrderFilter { states: OrderState::ALL.to_vec(), ..OrderFilter::default() };
    let order = app.store.page_orders(&scope, &all, Slice::first(1)).await.expect("orders").rows.remove(0);
    assert_eq!(sweep(&app).await, Ok(0), "{context}: somebody may still be asking");
    clock.pass_seconds(60);
    let waits = usize::from(order.state == OrderState::Pending);
    assert_eq!(sweep(&app).await, Ok(waits), "{context}");
    let row = app.store.get_order(&scope, order.order).await.expect("an order").expect("an order");
    assert_eq!(row.state, *state, "{context}");

    let deliveries = delivery::start(&app);
    let expected = if *state == OrderState::Active { "COMMIT" } else { "CANCEL" };
    for (position, receiver, is_told) in [(1, &left.agrees, true), (2, &left.other, !knows)] {
        let subscription = order.order.subscription(position).to_string();
        if is_told {
            let told = receiver.hears(|heard| !after_try(heard, &subscription).is_empty());
            timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("{context}: supplier {position} is told nothing"));
        }
        let operations = after_try(&receiver.heard(), &subscription);
        assert!(operations.iter().all(|operation| operation == expected), "{context}: {operations:?}");
        assert_eq!(!operations.is_empty(), is_told, "{context}: supplier {position}");
    }
    let again = place(&app, &left.token, &format!("case {number}")).await;
    match state {
        OrderState::Active => assert_eq!(text(&again.expect(201), "ref"), order.order.to_string(), "{context}"),
        _ => drop(again.refused(409, if *knows { "rejected_by_supplier" } else { "supplier_unreachable" })),
    }
    // Life goes on; what was still under way is told by then, and not to the next case.
    let next = place(&app, &left.token, &format!("after {number}")).await.expect(201);
    for (place, receiver) in [(0, &left.agrees), (1, &left.other)] {
        let subscription = AskingShop::subscription(&next, place);
        let told = receiver.hears(|heard| after_try(heard, &subscription) == ["COMMIT"]);
        timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("{context}: what comes next is not told"));
    }
    deliveries.stop().await;
    app.store.close().await;
}

/// What was said of a subscription after the question.
fn after_try(heard: &[Heard], subscription: &str) -> Vec<String> {
    let of_it = heard.iter().filter(|heard| heard.element("transactionID") == subscription);
    of_it.map(|heard| heard.element("operation")).filter(|operation| operation != "TRY").collect()
}
