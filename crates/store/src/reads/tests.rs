//! How the database finds what is asked often: by a key or an index, never by walking a table that grows.

use super::{OrderFilter, Slice, SubscriptionFilter, orders, subscriptions};
use crate::Options;
use crate::sqlite::{Query, open_writer};
use orderpark_domain::{Caller, Grant, Instant, OrderRef, PartyKind, PartyRef, Scope, SecretHash, User, UserRef};
use rusqlite::Connection;

fn scope(grants: &[(PartyKind, u64)]) -> Scope {
    let user = User {
        user: UserRef(2),
        party: PartyRef(1),
        login: "test".into(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: grants.iter().map(|(kind, party)| Grant { kind: *kind, party: PartyRef(*party) }).collect(),
        secrets: vec![SecretHash([0; 32])],
        revision: 1,
        deleted_at: None,
    };
    Caller::of(&user).may(orderpark_domain::Action::ReadSubscriptions).expect("every kind may read subscriptions")
}

fn migrated() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = open_writer(&folder.path().join("plan.db"), &Options::default()).expect("a new database");
    (folder, connection)
}

fn order(number: i64) -> OrderRef {
    OrderRef::mint(Instant(number), 0)
}

fn plan(connection: &Connection, query: &Query) -> String {
    query.plan(connection).expect("the statement can be prepared").join("\n")
}

#[test]
fn an_order_is_found_by_its_key() {
    let (_folder, connection) = migrated();
    for grants in [vec![(PartyKind::Vendor, 3)], vec![(PartyKind::Subscriber, 4)], vec![(PartyKind::Operator, 1)]] {
        let plan = plan(&connection, &orders::one(&scope(&grants), order(5)));
        assert!(plan.contains("SEARCH o USING PRIMARY KEY (ref=?)"), "{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn a_page_of_orders_is_found_by_the_index_of_its_party() {
    let (_folder, connection) = migrated();
    let cases = [
        (vec![(PartyKind::Vendor, 3)], "INDEX orders_of_vendor (vendor_ref=? AND ref<?)"),
        (vec![(PartyKind::Subscriber, 4)], "INDEX orders_of_subscriber (subscriber_ref=? AND ref<?)"),
        (vec![(PartyKind::Operator, 1)], "PRIMARY KEY (ref<?)"),
    ];
    for (grants, expected) in cases {
        let query = orders::page(&scope(&grants), &OrderFilter::default(), Slice::after(order(5), 100));
        let plan = plan(&connection, &query);
        assert!(plan.contains(expected), "expected {expected}:\n{plan}");
    }
}

#[test]
fn an_external_id_is_found_by_its_index() {
    let (_folder, connection) = migrated();
    let filter = OrderFilter { external_id: Some("PO-1".into()), ..OrderFilter::default() };
    let query = orders::page(&scope(&[(PartyKind::Vendor, 3)]), &filter, Slice::first(100));
    let plan = plan(&connection, &query);
    assert!(plan.contains("INDEX orders_external (external_id=?"), "{plan}");
}

#[test]
fn a_page_of_subscriptions_is_found_by_the_index_of_its_party() {
    let (_folder, connection) = migrated();
    let cases = [
        (vec![(PartyKind::Supplier, 3)], "subscriptions_to_supplier"),
        (vec![(PartyKind::Vendor, 3)], "orders_of_vendor"),
        (vec![(PartyKind::Subscriber, 4)], "orders_of_subscriber"),
    ];
    for (grants, expected) in cases {
        let filter = SubscriptionFilter::default();
        let query = subscriptions::page(&scope(&grants), &filter, Slice::after(order(5).subscription(1), 100));
        let plan = plan(&connection, &query);
        assert!(plan.contains(expected), "expected {expected}:\n{plan}");
        assert!(!plan.contains("SCAN s") && !plan.contains("SCAN o"), "{plan}");
    }
}
