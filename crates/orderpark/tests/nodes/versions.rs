//! L-03: this program with the schemas of the versions before it and after it.

use crate::harness::fleet::Fleet;
use crate::harness::http::{Connection, get, post};
use crate::harness::program::{Running, program, run, stderr};
use crate::harness::world::{ORDERS, log_in};
use crate::harness::{LOGIN, SECRET};
use crate::two;
use rusqlite::Connection as Sqlite;
use rustix::process::Signal;
use serde_json::json;

/// A deployment that a program of schema version 1 has written, as SQL; its operator is the one that all these tests have.
const V1: &str = include_str!("v1.sql");

/// What a program of the next version does to the schema: something that this one does not know and can live with.
const NEXT: &str = "alter table orders add column note text not null default 'none'; \
                    create table notes (id bigint primary key); \
                    insert into refinery_schema_history select max(version) + 1, 'next', max(applied_on), max(checksum) \
                    from refinery_schema_history";

#[test]
fn what_version_1_has_written_is_upgraded_and_served() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orderpark.db");
    let sqlite = Sqlite::open(&file).unwrap();
    sqlite.execute_batch("pragma foreign_keys = off").unwrap();
    sqlite.execute_batch(V1).unwrap();
    let count = |sql: &str| sqlite.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("select max(version) from refinery_schema_history"), 1);
    let (orders, entries) = (count("select count(*) from orders"), count("select count(*) from journal"));
    assert!(orders > 0);

    let running = Running::serve(folder.path(), &[]);
    let mut connection = Connection::open(running.address.strip_prefix("http://").unwrap().parse().unwrap()).unwrap();
    let operator = log_in(&mut connection, LOGIN, SECRET);
    let listed = connection.exchange(&get(&format!("{ORDERS}?state=ALL")).bearer(&operator).bytes()).unwrap().done();
    assert_eq!(listed.as_array().map(Vec::len), usize::try_from(orders).ok());
    let order = json!({"offerId": listed[0]["offerId"], "subscriberId": listed[0]["subscriberId"]});
    connection.exchange(&post(ORDERS).bearer(&operator).json(&order).bytes()).unwrap().done();
    assert_eq!(running.stop(Signal::TERM).0.code(), Some(0));

    assert!(count("select max(version) from refinery_schema_history") > 1);
    assert_eq!(count("select count(*) from journal"), entries + 2, "a token, an order, and no other change");
    let verified = run(&["verify", "--database", &format!("sqlite:{}", file.display())]);
    assert!(verified.status.success(), "{}{}", String::from_utf8_lossy(&verified.stdout), stderr(&verified));
}

/// Nodes of this version go on while one of the next has upgraded the schema, and can be started again; once the schema has
/// stopped to promise that, they are refused.
#[test]
fn a_newer_schema_is_served_as_long_as_it_promises_to_suit() {
    let (mut one, other, world) = two();
    let fleet = Fleet::new(&world, &[&one, &other]);
    fleet.run(8, || {
        fleet.wait_for(100);
        one.database().execute(NEXT);
        fleet.wait_for(100);
        assert_eq!(one.stop().0, Some(0));
        one.restart();
        fleet.moved(0, one.address());
    });
    fleet.wish_at(0);
    assert_eq!(fleet.unavailable.load(std::sync::atomic::Ordering::SeqCst), 0, "requests that were put off");
    fleet.judge(&one);

    one.database().execute("update schema_promise set oldest = (select max(version) from refinery_schema_history)");
    let (database, data) = (one.database_url(), other.data());
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap(), "--database", &database];
    let Err((status, said)) = Running::attempt(program(&arguments)) else { panic!("it serves what it does not know") };
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("use a newer program"), "{said}");
}
