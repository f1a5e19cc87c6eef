use super::super::connect::Role;
use super::super::elsewhere as aside;
use super::super::scratch::Scratch;
use super::*;

#[tokio::test]
async fn nobody_writes_to_a_source_and_everybody_reads_it() {
    let scratch = Scratch::new().await;
    let mut client = scratch.session(Role::Migrator).await;
    migrate::migrate(&mut client).await.unwrap();
    client.batch_execute("set lock_timeout = '50ms'").await.unwrap();
    let held = aside(|| Bulk::read(&scratch.address()).unwrap());
    let writer = client.batch_execute("select seq from head for update").await.unwrap_err();
    assert_eq!(writer.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
    client.batch_execute("select seq from head").await.unwrap();
    aside(|| drop(held));
    client.batch_execute("set lock_timeout = '10s'; select seq from head for update").await.unwrap();
}

/// The view of the source begins when nobody writes any more: what was written before that is in it.
#[tokio::test]
async fn a_source_waits_for_the_write_that_is_under_way_and_sees_it() {
    let scratch = Scratch::new().await;
    let mut client = scratch.session(Role::Migrator).await;
    migrate::migrate(&mut client).await.unwrap();
    client.batch_execute("begin; update head set next_ref = 77").await.unwrap();
    let address = scratch.address();
    let reader = std::thread::spawn(move || {
        let mut held = Bulk::read(&address).unwrap();
        held.ask(&Query::new(Dialect::Postgres, "select next_ref from head"), usize::MAX).unwrap()
    });
    let waits = "select count(*) from pg_locks where not granted and relation = 'head'::regclass and database = \
                 (select oid from pg_database where datname = current_database())";
    let watch = scratch.session(Role::Migrator).await;
    while watch.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    client.batch_execute("commit").await.unwrap();
    assert_eq!(reader.join().unwrap(), [[Value::Integer(77)]]);
}

#[tokio::test]
async fn a_second_copy_into_one_database_is_turned_away() {
    let scratch = Scratch::new().await;
    let address = scratch.address();
    aside(|| {
        let first = Bulk::write(&address).unwrap();
        assert!(first.is_some());
        assert!(Bulk::write(&address).unwrap().is_none());
        drop(first);
        assert!(Bulk::write(&address).unwrap().is_some());
    });
}

#[tokio::test]
async fn what_is_appended_is_read_again() {
    let scratch = Scratch::new().await;
    let address = scratch.address();
    aside(|| {
        let mut bulk = Bulk::write(&address).unwrap().unwrap();
        let columns = bulk.columns("parties").unwrap();
        let text = |text: &str| Value::Text(text.into());
        let party = |number: i64| {
            let nothing = || Value::Nothing;
            let (kind, id, name) = (text("VENDOR"), text(&format!("v{number}")), text("Ä\t\\N\n\"'"));
            vec![
                Value::Integer(number),
                kind,
                id,
                name,
                nothing(),
                nothing(),
                nothing(),
                Value::Integer(1),
                nothing(),
                nothing(),
                nothing(),
            ]
        };
        let rows: Rows = (1..=3000).map(party).collect();
        bulk.run("begin").unwrap();
        bulk.append("parties", &columns, &rows).unwrap();
        bulk.run("commit").unwrap();
        let query = Query::new(Dialect::Postgres, "select * from parties order by ref");
        assert_eq!(bulk.ask(&query, usize::MAX).unwrap(), rows);
        // Fewer rows were read than asked for, and the connection is of use all the same.
        assert_eq!(bulk.ask(&query, 0).unwrap(), rows[..1]);
        let refused = bulk.append("parties", &columns, &rows[..1]).unwrap_err();
        assert!(refused.contains("duplicate key"), "{refused}");
        assert_eq!(bulk.ask(&query, usize::MAX).unwrap().len(), 3000);
    });
}
