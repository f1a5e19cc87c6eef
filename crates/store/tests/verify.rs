//! `verify` finds what was changed behind the committer's back: each tampering is told, in words that name it.

mod harness;

use harness::{Deployment, cancel};
use orderpark_domain::Command;
use orderpark_domain::balance::ReportUsage;
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
