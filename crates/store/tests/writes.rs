//! A database that takes no writes is not ready, and ready again by itself.

mod harness;

use harness::{Deployment, Engine, Shop, place};
use orderpark_domain::Intent;
use orderpark_store::CommitError;
use std::time::{Duration, Instant};

/// In which a failing write is tried again at least once, and readiness comes back.
const BACK_MAX: Duration = Duration::from_secs(3);

/// The error of a full disk in a transaction of PostgreSQL.
const FULL: &str = "create function full_disk() returns trigger language plpgsql as \
    $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$; \
    create trigger full_disk before update on head for each row execute function full_disk(); \
    create trigger full_disk before update on deployment for each row execute function full_disk()";

fn refused(deployment: &Deployment, shop: &Shop) {
    let refused = (0..3_000).find_map(|_| deployment.commit(place(shop)).err());
    assert!(matches!(refused, Some(CommitError::Unavailable(_))), "{refused:?}");
    // Also while the committer tries by itself.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2_500) {
        // What writes nothing shows nothing, and keeps the committer from nothing.
        let dry = Intent { dry_run: true, ..deployment.intent(place(shop)) };
        assert!(deployment.store.commit_blocking(dry).is_ok());
        assert!(!deployment.store.takes_writes(), "ready after {:?}", began.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Without a request from anybody.
fn back(deployment: &Deployment, shop: &Shop) {
    let began = Instant::now();
    while !deployment.store.takes_writes() {
        assert!(began.elapsed() < BACK_MAX, "not ready again");
        std::thread::sleep(Duration::from_millis(20));
    }
    deployment.order(shop);
    deployment.verified();
}

#[test]
fn a_full_disk_is_not_ready_until_it_has_room_again() {
    let deployment = Deployment::with(Engine::Sqlite, |options| options.pages_max = Some(300));
    let shop = deployment.shop("acme");
    deployment.home.execute("create table filler as select zeroblob(4096 * 150) as room");
    assert!(deployment.store.takes_writes());
    refused(&deployment, &shop);
    deployment.home.execute("drop table filler");
    back(&deployment, &shop);
    let left = "select name from sqlite_master where name like '%probe%'";
    assert_eq!(deployment.home.texts(left), Vec::<String>::new());
}

#[test]
fn a_server_that_takes_no_writes_is_not_ready_until_it_does_again() {
    let deployment = Deployment::on(Engine::Postgres);
    let shop = deployment.shop("acme");
    deployment.home.execute(FULL);
    refused(&deployment, &shop);
    deployment.home.execute("drop function full_disk cascade");
    back(&deployment, &shop);
}

/// Another node stands still with the head in its transaction: slow, and alive.
#[test]
fn a_head_that_is_held_for_long_leaves_a_node_ready() {
    let deployment = Deployment::with(Engine::Postgres, |options| {
        options.postgres.lock_max = Duration::from_millis(200);
    });
    let shop = deployment.shop("acme");
    let home = &deployment.home;
    std::thread::scope(|scope| {
        let held = scope.spawn(|| home.execute("begin; select seq from head for update; select pg_sleep(2); commit"));
        let began = Instant::now();
        while deployment.commit(place(&shop)).is_ok() {
            assert!(began.elapsed() < BACK_MAX, "nobody holds the head");
        }
        assert!(deployment.store.takes_writes());
        held.join().expect("the holder ends");
    });
    back(&deployment, &shop);
}
