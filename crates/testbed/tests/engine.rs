//! A database of its own for each test, on either engine.

use orderpark_store::{Chance as _, Clock, Options, Store};
use orderpark_testbed::{BEGINNING, Chance, Engine, TestClock};

#[test]
fn the_same_sql_has_the_same_rows_on_either_engine() {
    for engine in Engine::ALL {
        let bytes = if engine == Engine::Sqlite { "blob" } else { "bytea" };
        let hex = if engine == Engine::Sqlite { "x'0aff'" } else { r"'\x0aff'" };
        let database = engine.blank();
        database.execute(&format!(
            "create table t (number bigint, words text, bytes {bytes}); insert into t values (1, 'a', {hex})"
        ));
        database.execute("insert into t values (2, null, null);");
        let rows = database.rows("select * from t where number = 1; select * from t where number = 2");
        assert_eq!(rows, [["1", "a", r"\x0aff"], ["2", "null", "null"]], "{engine}");
        assert_eq!(database.texts("select words from t order by number"), ["a", "null"], "{engine}");
    }
}

#[test]
fn no_two_databases_are_one() {
    for engine in Engine::ALL {
        let (one, other) = (engine.fresh(), engine.fresh());
        assert_ne!(one.url(), other.url());
        one.execute("create table mine (number bigint)");
        other.execute("create table mine (number bigint)");
    }
}

#[tokio::test]
async fn a_fresh_database_is_ready_for_a_store() {
    for engine in Engine::ALL {
        let database = engine.fresh();
        let store = Store::open(&database.database(), Options::default()).expect("a store");
        assert_eq!(database.texts("select count(*) from journal"), ["0"], "{engine}");
        store.close().await;
    }
}

#[test]
fn a_database_is_gone_when_its_test_ends() {
    let (kept, dropped) = (Engine::Postgres.blank(), Engine::Postgres.blank());
    let name = dropped.texts("select current_database()").remove(0);
    let asked = format!("select datname from pg_database where datname = '{name}'");
    assert_eq!(kept.texts(&asked), [name]);
    drop(dropped);
    assert!(kept.texts(&asked).is_empty());
}

#[test]
fn a_clock_stands_still_or_ticks() {
    let clock = TestClock::new();
    assert_eq!((clock.now(), clock.now()), (BEGINNING, BEGINNING));
    clock.pass_days(1);
    clock.pass_micros(-1);
    assert_eq!(clock.now().0, BEGINNING.0 + 86_400_000_000 - 1);
    let ticking = TestClock::ticking();
    assert!(ticking.now() < ticking.now());
}

#[test]
fn a_seed_repeats_everything() {
    let drawn = |chance: &Chance| {
        let mut bytes = [0; 11];
        chance.fill(&mut bytes);
        let mut order = [1, 2, 3, 4, 5];
        chance.shuffle(&mut order);
        (bytes, order, *chance.pick(&order), chance.part().number(), chance.percent(50))
    };
    assert_eq!(drawn(&Chance::new(1)), drawn(&Chance::new(1)));
    assert_ne!(drawn(&Chance::new(1)).0, drawn(&Chance::new(2)).0);
    assert_eq!(Chance::new(0).number(), 0xE220_A839_7B1D_CDAF); // the published first number of splitmix64
}
