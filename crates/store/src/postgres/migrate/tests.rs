use super::super::connect::Role;
use super::super::scratch::Scratch;
use super::*;

/// Makes the database look as if a newer program had migrated it, whose schema older ones from `oldest` on may use.
async fn make_newer(client: &Client, oldest: i64) {
    let history = "insert into refinery_schema_history values (99, 'later', '2030-01-01T00:00:00Z', '1')";
    client.batch_execute(history).await.unwrap();
    assert_eq!(client.execute("update schema_promise set oldest = $1", &[&oldest]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_new_database_gets_every_table_once() {
    let scratch = Scratch::new().await;
    let mut client = scratch.session(Role::Migrator).await;
    let empty = status(&client).await.unwrap();
    assert_eq!((empty.found, empty.known, empty.oldest), (0, 5, None));
    assert_eq!(empty.pending, ["V1 orders", "V2 rolling_upgrades", "V3 deliveries", "V4 feed_epochs", "V5 fairness"]);
    migrate(&mut client).await.unwrap();
    let done = status(&client).await.unwrap();
    assert_eq!(done, Schema { found: 5, known: 5, oldest: Some(2), pending: Vec::new() });
    migrate(&mut client).await.unwrap();
    let head = client.query_one("select seq, next_ref, length(hash) from head", &[]).await.unwrap();
    assert_eq!((head.get::<_, i64>(0), head.get::<_, i64>(1), head.get::<_, i32>(2)), (0, 1, 32));
}

#[tokio::test]
async fn two_programs_that_migrate_at_once_wait_for_each_other() {
    let scratch = Scratch::new().await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(scratch.session(Role::Migrator).await);
    }
    let [a, b, c, d] = &mut clients[..] else { unreachable!() };
    let (a, b, c, d) = tokio::join!(migrate(a), migrate(b), migrate(c), migrate(d));
    for done in [a, b, c, d] {
        done.unwrap();
    }
    let rows = clients[0].query_one("select count(*) from refinery_schema_history", &[]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 5);
}

#[tokio::test]
async fn a_newer_schema_is_used_only_if_it_promises() {
    let scratch = Scratch::new().await;
    let mut client = scratch.session(Role::Migrator).await;
    migrate(&mut client).await.unwrap();
    make_newer(&client, 6).await;
    let refused = migrate(&mut client).await.unwrap_err();
    assert!(matches!(refused, OpenError::SchemaTooNew { found: 99, known: 5 }), "{refused}");
    client.batch_execute("update schema_promise set oldest = 2").await.unwrap();
    migrate(&mut client).await.unwrap();
    client.batch_execute("drop table schema_promise").await.unwrap();
    migrate(&mut client).await.unwrap_err();
}

/// A program that dies in the middle is a connection that ends in the middle.
#[tokio::test]
async fn a_migration_that_is_cut_off_leaves_nothing_behind() {
    let scratch = Scratch::new().await;
    let (blocker, mut victim) = (scratch.session(Role::Migrator).await, scratch.session(Role::Migrator).await);
    // The last migration waits for this transaction, which has made a table of the same name.
    blocker.batch_execute("begin; create table delivery_replays (id bigint)").await.unwrap();
    let pid: i32 = victim.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let cut = async {
        let waits = "select exists (select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock')";
        while !blocker.query_one(waits, &[&pid]).await.unwrap().get::<_, bool>(0) {
            tokio::task::yield_now().await;
        }
        blocker.execute("select pg_terminate_backend($1)", &[&pid]).await.unwrap();
        blocker.batch_execute("rollback").await.unwrap();
    };
    let (migrated, ()) = tokio::join!(migrate(&mut victim), cut);
    migrated.unwrap_err();
    let gone = "select to_regclass('head') is null and to_regclass('schema_promise') is null";
    assert!(blocker.query_one(gone, &[]).await.unwrap().get::<_, bool>(0));
    let mut next = scratch.session(Role::Migrator).await;
    assert_eq!(status(&next).await.unwrap().pending.len(), 5);
    migrate(&mut next).await.unwrap();
}

/// Both engines know the same versions by the same names, so that a version means the same in both.
#[test]
fn both_engines_have_the_same_migrations() {
    let names = |folder: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = files.collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
