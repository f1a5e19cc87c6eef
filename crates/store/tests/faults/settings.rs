//! A server that may forget what it has confirmed is refused, by name of what is wrong.

use crate::ground::{Shop, node, short, wait_until};
use crate::log::Log;
use orderpark_store::{CommitError, Database, Options, Store};
use orderpark_testbed::Cluster;
use std::time::Duration;

fn refusal(url: &str) -> String {
    let database: Database = url.parse().unwrap();
    Store::open(&database, Options { postgres: short(), ..Options::default() }).expect_err("it is refused").to_string()
}

#[test]
fn a_server_that_may_forget_is_refused_at_the_start_and_at_each_new_connection() {
    let cluster = Cluster::start(&["fsync=off"]);
    let url = cluster.url();
    assert!(refusal(&url).ends_with("the server's setting fsync is off; it must be on"), "{}", refusal(&url));
    cluster.kill();
    cluster.launch(&["fsync=on", "full_page_writes=off"]);
    assert!(
        refusal(&url).ends_with("the server's setting full_page_writes is off; it must be on"),
        "{}",
        refusal(&url)
    );
    cluster.kill();
    cluster.launch(&["full_page_writes=on", "synchronous_commit=off"]);
    assert!(
        refusal(&url).ends_with("the server's setting synchronous_commit is off; it must be on"),
        "{}",
        refusal(&url)
    );
    cluster.kill();
    cluster.launch(&["synchronous_commit=on"]);

    let (store, _) = node(&url.parse().unwrap(), short(), 1);
    let (shop, log) = (Shop::open(&store), Log::default());
    log.wish(&store, shop);
    cluster.kill();
    cluster.launch(&["fsync=off"]);
    let key = log.new_keys(1);
    match store.commit_blocking(Log::intent(key[0], shop)) {
        Err(CommitError::Unavailable(why)) => assert!(why.contains("fsync is off"), "{why}"),
        other => panic!("{other:?}"),
    }
    wait_until("the node says that it takes no writes", Duration::from_secs(2), || !store.takes_writes());
    cluster.kill();
    cluster.launch(&["fsync=on"]);
    assert_eq!(log.read(&key, vec![store.commit_blocking(Log::intent(key[0], shop))]), []);
    log.judge(&url, &store, shop);
}
