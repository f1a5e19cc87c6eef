//! The proxy in front of the real PostgreSQL: what is committed after a cut, and what is not.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

use futures_util::future::join3;
use orderpark_testbed::{Engine, Moment, Proxy, TestDatabase, upstream};
use tokio_postgres::{Client, NoTls};

struct Setting {
    database: TestDatabase,
    proxy: Proxy,
    client: Client,
}

impl Setting {
    async fn new() -> Setting {
        let database = Engine::Postgres.blank();
        database.execute("create table kept (number bigint)");
        let proxy = Proxy::start(upstream());
        let client = connect(&database.url_through(&proxy)).await;
        Setting { database, proxy, client }
    }

    /// The rows there are once the transaction has ended that wrote them.
    fn kept(&self) -> Vec<String> {
        self.database.texts("begin; lock table kept; select number from kept order by number; commit")
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

const MOMENTS: [(Moment, &[&str]); 3] =
    [(Moment::BeforeCommit, &[]), (Moment::AfterCommitSent, &["1"]), (Moment::AfterFirstByteOfAnswer, &["1"])];

#[tokio::test]
async fn a_cut_at_a_commit_leaves_what_the_moment_says() {
    for (moment, expected) in MOMENTS {
        let setting = Setting::new().await;
        setting.client.batch_execute("begin; insert into kept values (1)").await.unwrap();
        setting.proxy.cut_when(moment);
        let error = setting.client.batch_execute("commit").await.unwrap_err();
        assert!(error.is_closed() || error.as_db_error().is_none(), "{error:?}");
        assert!(setting.proxy.has_cut(), "{moment:?}");
        assert_eq!(setting.kept(), expected, "{moment:?}");
    }
}

#[tokio::test]
async fn a_commit_that_is_pipelined_behind_statements_is_found() {
    for (moment, expected) in MOMENTS {
        let setting = Setting::new().await;
        let client = &setting.client;
        let insert = client.prepare("insert into kept values ($1)").await.unwrap();
        // Whoever looks waits for this lock, so for the end of the transaction.
        client.batch_execute("begin; lock table kept in row exclusive mode").await.unwrap();
        setting.proxy.cut_when(moment);
        let (_, inserted, committed) =
            join3(client.batch_execute("begin"), client.execute(&insert, &[&1i64]), client.batch_execute("commit"))
                .await;
        committed.unwrap_err();
        assert!(inserted.is_ok() || moment != Moment::AfterFirstByteOfAnswer, "{inserted:?}");
        assert_eq!(setting.kept(), expected, "{moment:?}");
    }
}

#[tokio::test]
async fn a_prepared_commit_is_found() {
    for (moment, expected) in MOMENTS {
        let setting = Setting::new().await;
        let commit = setting.client.prepare("commit").await.unwrap();
        setting.client.batch_execute("begin; insert into kept values (1)").await.unwrap();
        setting.proxy.cut_when(moment);
        setting.client.execute(&commit, &[]).await.unwrap_err();
        assert_eq!(setting.kept(), expected, "{moment:?}");
    }
}

#[tokio::test]
async fn only_the_next_commit_is_cut() {
    let setting = Setting::new().await;
    let url = setting.database.url_through(&setting.proxy);
    let (one, other) = (connect(&url).await, connect(&url).await);
    setting.proxy.cut_when(Moment::AfterFirstByteOfAnswer);
    one.batch_execute("begin; insert into kept values (1)").await.unwrap();
    one.batch_execute("commit").await.unwrap_err();
    other.batch_execute("begin; insert into kept values (2)").await.unwrap();
    other.batch_execute("commit").await.unwrap();
    assert_eq!(setting.kept(), ["1", "2"]);
    assert_eq!(setting.proxy.traffic().commits, 2);
}

#[tokio::test]
async fn a_large_answer_and_a_large_statement_pass_whole() {
    let setting = Setting::new().await;
    let text = "x".repeat(3_000_000);
    let row = setting.client.query_one("select $1::text || $1::text", &[&text]).await.unwrap();
    assert_eq!(row.get::<_, String>(0).len(), 6_000_000);
}
