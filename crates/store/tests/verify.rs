//! `verify` finds what was changed behind the committer's back: each tampering is told, in words that name it.

mod harness;

use harness::{Deployment, cancel};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::{Command, Instant, Offer, Order, OrderRef, OrderState};
use orderpark_store::Database;
use orderpark_store::verify::{Report, verify};
use rusqlite::Connection;

/// A deployment with some history, closed; then what `tamper` does to it, and what `verify` says.
fn after(tamper: &str) -> Report {
    let deployment = Deployment::new();
    let shop = deployment.shop("acme");
    let first = deployment.order(&shop);
    deployment.order(&shop);
    deployment.done(cancel(first.order));
    let usage = ReportUsage { subscriber: shop.subscriber.party, product: shop.product.product, used: 40 };
    deployment.done(Command::ReportUsage(usage));
    deployment.verified();
    let Deployment { store, folder, .. } = deployment;
    drop(store);
    let path = folder.path().join("orderpark.db");
    let connection = Connection::open(&path).expect("the file");
    connection
        .execute_batch(&format!("pragma foreign_keys = off; pragma ignore_check_constraints = on; {tamper}"))
        .expect(tamper);
    drop(connection);
    verify(&Database::Sqlite(path), &mut |_| {}).expect("a report")
}

#[test]
fn nothing_is_wrong_where_nothing_was_changed() {
    let report = after("select 1");
    assert_eq!(report.violations, Vec::<String>::new());
    let labels: Vec<&str> = report.checked.iter().map(|(label, _)| label.as_str()).collect();
    assert!(labels.contains(&"journal entries") && labels.contains(&"rows of orders"), "{labels:?}");
    assert!(report.checked.iter().any(|(label, count)| label == "rows of orders" && *count == 2));
}

#[test]
fn every_tampering_is_told() {
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
        ("update users set secrets = zeroblob(32)", "users: row"),
        (
            "update journal set entry = replace(entry, '\"quantity\":1', '\"quantity\":7') where seq = 13",
            "the hash of entry 13 is wrong",
        ),
        ("update journal set at = at + 1 where seq = 5", "the hash of entry 5 is wrong"),
        ("delete from journal where seq = 8", "journal: entry 9 follows entry 7"),
        ("delete from journal where seq = (select max(seq) from journal)", "head: it says"),
        ("update head set hash = zeroblob(32)", "its hash is not that of the last entry"),
        ("update head set next_subscription = 1", "head: it says"),
        (
            "insert into request_keys values (2, zeroblob(16), zeroblob(16), 1)",
            "request_keys: row 2 is not in the journal",
        ),
    ];
    for (tamper, expected) in cases {
        let report = after(tamper);
        let told = report.violations.iter().any(|violation| violation.contains(expected));
        assert!(told, "{tamper}\nexpected: {expected}\ntold: {:#?}", report.violations);
    }
}

/// Appends an entry with a right hash, as one would who knows how the journal is made.
fn forge(connection: &Connection, text: &str) {
    let sql = "select seq, at, hash from head";
    let (seq, at, hash): (i64, i64, [u8; 32]) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("a head");
    let seq = seq + 1;
    let chained = [&hash[..], &seq.to_be_bytes(), &at.to_be_bytes(), text.as_bytes()].concat();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &chained);
    let values = rusqlite::params![seq, at, text, hash.as_ref()];
    connection.execute("insert into journal (seq, at, entry, hash) values (?, ?, ?, ?)", values).expect("an entry");
    connection.execute("update head set seq = ?, hash = ?", rusqlite::params![seq, hash.as_ref()]).expect("a head");
}

/// What is told of one forged entry in a deployment with an active order, a cancelled one, and 40 connections in use.
fn told_of(entry: impl FnOnce(&Forger) -> String) -> Vec<String> {
    let deployment = Deployment::new();
    let shop = deployment.shop("acme");
    let rival = deployment.shop("rival");
    let active = deployment.order(&shop);
    let cancelled = deployment.order(&shop);
    deployment.done(cancel(cancelled.order));
    let usage = ReportUsage { subscriber: shop.subscriber.party, product: shop.product.product, used: 40 };
    deployment.done(Command::ReportUsage(usage));
    let text = entry(&Forger { shop, rival, active, cancelled });
    let Deployment { store, folder, .. } = deployment;
    drop(store);
    let path = folder.path().join("orderpark.db");
    let connection = Connection::open(&path).expect("the file");
    forge(&connection, &text);
    drop(connection);
    let report = verify(&Database::Sqlite(path), &mut |_| {}).expect("a report");
    assert!(!report.violations.iter().any(|violation| violation.contains("hash")), "{:#?}", report.violations);
    report.violations
}

struct Forger {
    shop: harness::Shop,
    rival: harness::Shop,
    active: Order,
    cancelled: Order,
}

fn placed(order: &Order) -> String {
    format!("{{\"event\":{{\"orderPlaced\":{}}}}}", serde_json::to_string(order).expect("JSON"))
}

/// A new order as `decide` would make it from an old one.
fn fresh(forger: &Forger) -> Order {
    let mut order = forger.active.clone();
    order.order = OrderRef::mint(Instant(forger.active.created_at.0 + 60_000_000), 1);
    order.subscriptions[0].number += 100;
    order
}

#[test]
fn a_forged_entry_with_a_right_hash_is_told_by_the_law() {
    type Case = (&'static str, fn(&Forger) -> String);
    let cases: [Case; 11] = [
        ("is CANCELLED, not ACTIVE (I5)", |f| {
            format!("{{\"event\":{{\"orderCancelled\":\"{}\"}}}}", f.cancelled.order)
        }),
        ("while its connections were in use (I10)", |f| {
            format!("{{\"event\":{{\"orderCancelled\":\"{}\"}}}}", f.active.order)
        }),
        ("exists already (I1)", |f| placed(&f.active)),
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
    ];
    for (expected, entry) in cases {
        let told = told_of(entry);
        assert!(told.iter().any(|violation| violation.contains(expected)), "expected: {expected}\ntold: {told:#?}");
    }
}

#[test]
fn an_order_as_decide_makes_it_breaks_no_law() {
    let told = told_of(|f| placed(&fresh(f)));
    assert!(told.iter().all(|violation| !violation.starts_with("journal:")), "{told:#?}");
}

#[test]
fn a_damaged_index_is_told() {
    let report = after("pragma writable_schema = on; delete from sqlite_schema where name = 'orders_of_vendor'");
    assert!(report.violations.iter().any(|violation| violation.starts_with("file: ")), "{:#?}", report.violations);
}

#[test]
fn a_live_database_can_be_verified() {
    let deployment = Deployment::new();
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
