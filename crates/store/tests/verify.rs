//! `verify` finds what was changed behind the committer's back: each tampering is told, in words that name it.

mod harness;

use harness::{Deployment, Engine, TestDatabase, cancel, order_of, place_for, report, settle};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::order::PlaceOrder;
use orderpark_domain::{Command, Instant, Offer, Order, OrderRef, OrderState, Party};
use orderpark_store::verify::Report;
use std::fmt::Write;

on_each_engine!(
    nothing_is_wrong_where_nothing_was_changed,
    every_tampering_is_told,
    a_forged_entry_with_a_right_hash_is_told_by_the_law,
    an_order_as_decide_makes_it_breaks_no_law,
    a_live_database_can_be_verified,
);

/// Takes away what keeps somebody who owns the tables from changing them as he likes.
fn unguarded(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "pragma foreign_keys = off; pragma ignore_check_constraints = on;",
        Engine::Postgres => {
            "do $$ declare c record; begin \
             for c in select conrelid::regclass as owner, conname from pg_constraint \
             where contype in ('c', 'f') and connamespace = current_schema()::regnamespace \
             loop execute format('alter table %s drop constraint %I', c.owner, c.conname); end loop; end $$;"
        }
    }
}

/// Bytes as each engine writes them.
fn literal(engine: Engine, bytes: &[u8]) -> String {
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a text grows");
        hex
    });
    match engine {
        Engine::Sqlite => format!("x'{hex}'"),
        Engine::Postgres => format!("'\\x{hex}'::bytea"),
    }
}

/// A closed deployment of which every table is kept a second time, so that it can be tampered with again and again.
struct Victim(TestDatabase);

const TABLES: [&str; 16] = [
    "feed_epochs",
    "head",
    "journal",
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
    "schema_promise",
];

impl Victim {
    fn of(deployment: Deployment) -> Victim {
        deployment.verified();
        let home = deployment.closed().0;
        let keep = |table: &&str| format!("create table kept_{table} as select * from {table};");
        home.execute(&TABLES.iter().map(keep).collect::<String>());
        Victim(home)
    }

    /// With an order, a cancelled one, and 40 connections in use.
    fn with_history(engine: Engine) -> Victim {
        let deployment = Deployment::on(engine);
        let shop = deployment.shop("acme");
        let first = deployment.order(&shop);
        deployment.order(&shop);
        deployment.done(cancel(first.order));
        let usage = ReportUsage { subscriber: shop.subscriber.party, product: shop.product.product, used: 40 };
        deployment.done(Command::ReportUsage(usage));
        Victim::of(deployment)
    }

    /// What `verify` says after what `tamper` did to it, and nothing else; `zeros:32` stands for so many bytes of zero.
    fn after(&self, tamper: &str) -> Report {
        self.restore();
        let zeros = |length| literal(self.0.engine(), &vec![0; length]);
        let tamper = tamper.replace("zeros:32", &zeros(32)).replace("zeros:16", &zeros(16));
        self.0.execute(&format!("{} {tamper}", unguarded(self.0.engine())));
        self.report()
    }

    /// What `verify` says of it. The guards were taken away to get at the rows; that this is told is another test's affair.
    fn report(&self) -> Report {
        let mut report = report(&self.0);
        report.violations.retain(|violation| !violation.starts_with("schema: "));
        report
    }

    fn restore(&self) {
        let restore = |table: &&str| format!("delete from {table}; insert into {table} select * from kept_{table};");
        let all = TABLES.iter().map(restore).collect::<String>();
        self.0.execute(&format!("{} begin; {all} commit", unguarded(self.0.engine())));
    }
}

fn nothing_is_wrong_where_nothing_was_changed(engine: Engine) {
    let report = Victim::with_history(engine).after("select 1");
    assert_eq!(report.violations, Vec::<String>::new());
    let labels: Vec<&str> = report.checked.iter().map(|(label, _)| label.as_str()).collect();
    assert!(labels.contains(&"journal entries") && labels.contains(&"rows of orders"), "{labels:?}");
    assert!(report.checked.iter().any(|(label, count)| label == "rows of orders" && *count == 2));
}

fn every_tampering_is_told(engine: Engine) {
    let cases = [
        ("update orders set state = 'ACTIVE' where state = 'CANCELLED'", "orders: row"),
        ("update orders set quantity = 2", "quantity is 2, the journal means 1"),
        ("delete from orders where state = 'CANCELLED'", "orders: 1 rows, the journal means 2"),
        ("update subscriptions set granted = 1000", "granted is 1000, the journal means 100"),
        ("update balances set granted = 999", "granted is 999, the journal means 100"),
        ("update balances set used = 0", "used is 0, the journal means 40"),
        ("update parties set name = 'Mallory' where kind = 'VENDOR'", "name is 'Mallory'"),
        ("update user_scopes set party_ref = 3", "user_scopes: row"),
        ("update offers set open_orders = 5", "open_orders is 5, the journal means 1"),
        ("update users set secrets = zeros:32", "users: row"),
        (
            "update journal set entry = replace(entry, '\"quantity\":1', '\"quantity\":7') where seq = 13",
            "the hash of entry 13 is wrong",
        ),
        ("update journal set at = at + 1 where seq = 5", "the hash of entry 5 is wrong"),
        ("delete from journal where seq = 8", "journal: entry 9 follows entry 7"),
        ("delete from journal where seq = (select max(seq) from journal)", "head: it says"),
        ("update head set hash = zeros:32", "its hash is not that of the last entry"),
        ("update head set next_subscription = 1", "head: it says"),
        ("insert into request_keys values (2, zeros:16, zeros:16, 1)", "request_keys: row 2 is not in the journal"),
        ("delete from feed_epochs", "feed: it has no epoch"),
        ("update feed_epochs set first_seq = 2", "feed: no epoch may begin with entry 2"),
        ("update feed_epochs set epoch = 'made up'", "feed: 'made up' is no epoch"),
        ("insert into feed_epochs values (3, '', null)", "feed: '' is no epoch that may begin with entry 3"),
        ("insert into feed_epochs values (999, 'abcdefgh', null)", "entry 999, which does not exist"),
    ];
    let victim = Victim::with_history(engine);
    for (tamper, expected) in cases {
        let report = victim.after(tamper);
        let told = report.violations.iter().any(|violation| violation.contains(expected));
        assert!(told, "{tamper}\nexpected: {expected}\ntold: {:#?}", report.violations);
    }
}

/// Appends an entry with a right hash, as one would who knows how the journal is made.
fn forge(home: &TestDatabase, text: &str) {
    let head = home.rows("select seq, at, hash from head").pop().expect("a head");
    let number = |column: usize| head[column].parse::<i64>().expect("a number");
    let (seq, at, before) = (number(0) + 1, number(1), &head[2]["\\x".len()..]);
    let before = (0..32).map(|at| u8::from_str_radix(&before[2 * at..][..2], 16).expect("hexadecimal"));
    let before = before.collect::<Vec<u8>>();
    let chained = [&before[..], &seq.to_be_bytes(), &at.to_be_bytes(), text.as_bytes()].concat();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &chained);
    let (hash, text) = (literal(home.engine(), hash.as_ref()), text.replace('\'', "''"));
    home.execute(&format!(
        "insert into journal (seq, at, entry, hash) values ({seq}, {at}, '{text}', {hash}); \
         update head set seq = {seq}, hash = {hash}"
    ));
}

/// Forges entries in a deployment with an active order, a cancelled one, and 40 connections in use.
struct Forger {
    victim: Victim,
    shop: harness::Shop,
    rival: harness::Shop,
    active: Order,
    cancelled: Order,
}

impl Forger {
    fn on(engine: Engine) -> Forger {
        let deployment = Deployment::on(engine);
        let shop = deployment.shop("acme");
        let rival = deployment.shop("rival");
        let named = |external_id: &str, offer| {
            let Command::PlaceOrder(place) = place_for(offer, shop.subscriber.party) else { unreachable!("it places") };
            Command::PlaceOrder(PlaceOrder { external_id: Some(external_id.into()), ..place })
        };
        let active = order_of(deployment.done(named("PO-1", shop.offer.offer)));
        let asks = deployment.asking_offer("acme");
        let rejected = order_of(deployment.done(named("PO-2", asks.offer)));
        deployment.done(settle(rejected.order, Some(rejected.subscriptions[0].product)));
        let cancelled = deployment.order(&shop);
        deployment.done(cancel(cancelled.order));
        let usage = ReportUsage { subscriber: shop.subscriber.party, product: shop.product.product, used: 40 };
        deployment.done(Command::ReportUsage(usage));
        Forger { victim: Victim::of(deployment), shop, rival, active, cancelled }
    }

    /// What is told of one forged entry.
    fn told_of(&self, entry: impl FnOnce(&Forger) -> String) -> Vec<String> {
        self.victim.restore();
        forge(&self.victim.0, &entry(self));
        let report = self.victim.report();
        assert!(!report.violations.iter().any(|violation| violation.contains("hash")), "{:#?}", report.violations);
        report.violations
    }
}

fn placed(order: &Order) -> String {
    format!("{{\"event\":{{\"orderPlaced\":{}}}}}", serde_json::to_string(order).expect("JSON"))
}

fn closing(party: &Party) -> String {
    let party = Party { closing_at: Some(Instant(1)), revision: party.revision + 1, ..party.clone() };
    format!("{{\"event\":{{\"partyClosing\":{}}}}}", serde_json::to_string(&party).expect("JSON"))
}

/// A new order as `decide` would make it from an old one.
fn fresh(forger: &Forger) -> Order {
    let mut order = forger.active.clone();
    order.order = OrderRef::mint(Instant(forger.active.created_at.0 + 60_000_000), 1);
    order.subscriptions[0].number += 100;
    // That of an order that was rejected.
    order.external_id = Some("PO-2".into());
    order
}

fn a_forged_entry_with_a_right_hash_is_told_by_the_law(engine: Engine) {
    type Case = (&'static str, fn(&Forger) -> String);
    let cases: [Case; 15] = [
        ("is CANCELLED, not ACTIVE (I5)", |f| {
            format!("{{\"event\":{{\"orderCancelled\":\"{}\"}}}}", f.cancelled.order)
        }),
        ("while its connections were in use (I10)", |f| {
            format!("{{\"event\":{{\"orderCancelled\":\"{}\"}}}}", f.active.order)
        }),
        ("exists already (I1)", |f| placed(&f.active)),
        ("is another order's that was not rejected (I2)", |f| {
            placed(&Order { external_id: f.active.external_id.clone(), ..fresh(f) })
        }),
        ("the subscriber of order", |f| placed(&Order { subscriber: f.rival.subscriber.party, ..fresh(f) })),
        ("the offer of order", |f| placed(&Order { offer: f.rival.offer.offer, ..fresh(f) })),
        ("is not what the offer says (I10)", |f| placed(&Order { quantity: 2, ..fresh(f) })),
        ("begins in an end state (I5)", |f| placed(&Order { state: OrderState::Cancelled, ..fresh(f) })),
        ("names a strategy that it may not use", |f| placed(&Order { strategy: Some("NONE".into()), ..fresh(f) })),
        ("in what never changes (I6)", |f| {
            let offer = Offer { vendor: f.rival.vendor.party, ..f.shop.offer.clone() };
            format!("{{\"event\":{{\"offerUpdated\":{}}}}}", serde_json::to_string(&offer).expect("JSON"))
        }),
        ("was deleted with 1 open orders", |f| format!("{{\"event\":{{\"offerDeleted\":{}}}}}", f.shop.offer.offer)),
        ("was deleted while something still needed it", |f| {
            format!("{{\"event\":{{\"partyDeleted\":{}}}}}", f.shop.vendor.party)
        }),
        ("began to be closed while its connections were in use (I10)", |f| closing(&f.shop.subscriber)),
        ("began to be closed twice, or was changed by it", |f| {
            closing(&Party { name: "Another".into(), ..f.rival.subscriber.clone() })
        }),
        ("moved to a party that is not the first of its others (I6)", |f| {
            let (vendor, secret) = (f.shop.vendor.party, "01".repeat(32));
            let user =
                format!("\"ref\":2,\"login\":\"ops\",\"party\":{vendor},\"secrets\":[\"{secret}\"],\"revision\":2");
            let grants = format!("[{{\"kind\":\"VENDOR\",\"party\":{vendor}}}]");
            format!("{{\"event\":{{\"userUpdated\":{{{user},\"grants\":{grants}}}}}}}")
        }),
    ];
    let forger = Forger::on(engine);
    for (expected, entry) in cases {
        let told = forger.told_of(entry);
        assert!(told.iter().any(|violation| violation.contains(expected)), "expected: {expected}\ntold: {told:#?}");
    }
}

fn an_order_as_decide_makes_it_breaks_no_law(engine: Engine) {
    let told = Forger::on(engine).told_of(|f| placed(&fresh(f)));
    assert!(told.iter().all(|violation| !violation.starts_with("journal:")), "{told:#?}");
}

#[test]
fn a_damaged_index_is_told() {
    let tamper = "pragma writable_schema = on; delete from sqlite_schema where name = 'orders_of_vendor'";
    let report = Victim::with_history(Engine::Sqlite).after(tamper);
    assert!(report.violations.iter().any(|violation| violation.starts_with("file: ")), "{:#?}", report.violations);
}

/// PostgreSQL can be told to look away, or lose a constraint or an index, without any row being wrong.
#[test]
fn a_guard_that_looks_away_is_told() {
    let cases = [
        "alter table subscriptions disable trigger all",
        "alter table offers drop constraint offers_open_orders_check; \
         alter table offers add check (open_orders >= 0) not valid",
        "update pg_index set indisvalid = false where indexrelid = 'orders_of_vendor'::regclass",
        "alter table balances drop constraint balances_product_ref_fkey",
        "drop index offers_living",
    ];
    let Victim(home) = Victim::with_history(Engine::Postgres);
    let mut before = 0;
    for tamper in cases {
        home.execute(tamper);
        let told = report(&home).violations;
        let now = told.iter().filter(|violation| violation.starts_with("schema: ")).count();
        assert!(now > before, "{tamper}: {told:#?}");
        before = now;
    }
}

fn a_live_database_can_be_verified(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..300 {
                deployment.order(&shop);
            }
        });
        for _ in 0..5 {
            deployment.verified();
        }
        writer.join().expect("no panic");
    });
    deployment.verified();
}
