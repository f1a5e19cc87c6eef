//! Servers that follow others: one that only follows takes no writes, and one that must follow is waited for.

use crate::ground::{OPERATOR, Shop, Sql, block_on, everything, intent, node, short, wait_until};
use crate::log::Log;
use orderpark_domain::order::PlaceOrder;
use orderpark_domain::{Command, Intent};
use orderpark_store::{CommitError, Limits, Options, ReadError, Store};
use orderpark_testbed::Cluster;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Long enough for whoever tries again and again.
const SOON: Duration = Duration::from_secs(2);

#[test]
fn a_standby_is_refused_at_the_start_and_waited_for_afterwards() {
    let cluster = Cluster::start(&[]);
    let url = cluster.url();
    let (store, _) = node(&url.parse().unwrap(), short(), 1);
    let (shop, log) = (Shop::open(&store), Log::default());
    log.wish(&store, shop);
    cluster.kill();
    File::create(cluster.folder().join("data/standby.signal")).unwrap();
    cluster.launch(&[]);

    let options = Options { postgres: short(), ..Options::default() };
    let refused = Store::open(&url.parse().unwrap(), options).expect_err("it is refused").to_string();
    assert!(refused.ends_with("it is a standby, which takes no writes"), "{refused}");
    let key = log.new_keys(1);
    match store.commit_blocking(Log::intent(key[0], shop)) {
        Err(CommitError::Unavailable(why)) => assert!(why.contains("standby"), "{why}"),
        other => panic!("{other:?}"),
    }
    let read = block_on(store.get_user(&everything(), OPERATOR));
    assert!(matches!(&read, Err(ReadError::Unavailable(why)) if why.contains("standby")), "{read:?}");
    wait_until("the node says that it takes no writes", SOON, || !store.takes_writes());

    Sql::open(&url).run("select pg_promote()");
    let began = Instant::now();
    assert_eq!(log.read(&key, vec![store.commit_blocking(Log::intent(key[0], shop))]), []);
    println!("after the promotion, the next commit took {:?}", began.elapsed());
    wait_until("the node takes writes", SOON, || store.takes_writes());
    log.judge(&url, &store, shop);
}

/// A standby that must have everything before it is confirmed, and that is not there; until this is dropped.
struct Missing {
    url: String,
    over: Arc<AtomicBool>,
    probe: Option<JoinHandle<()>>,
}

impl Missing {
    fn begin(url: &str) -> Missing {
        set(url, "alter system set synchronous_standby_names = 'missing'");
        let (address, over) = (url.to_owned(), Arc::new(AtomicBool::new(false)));
        // The server takes a moment to read its settings: somebody commits until it is made to wait, or the server ends.
        let ends = Arc::clone(&over);
        let probe = std::thread::spawn(move || {
            let sql = Sql::open(&address);
            let commit = "select pg_logical_emit_message(true, 'probe', 'probe')";
            while !ends.load(Ordering::SeqCst) && sql.attempt(commit) {}
        });
        let waits = Sql::open(url);
        wait_until("a commit waits for the standby", SOON, || {
            waits.number("select count(*) from pg_stat_activity where wait_event = 'SyncRep'") > 0
        });
        Missing { url: url.to_owned(), over, probe: Some(probe) }
    }
}

impl Drop for Missing {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        set(&self.url, "alter system reset synchronous_standby_names");
        self.probe.take().unwrap().join().unwrap();
    }
}

fn set(url: &str, sql: &str) {
    let settings = Sql::open(url);
    settings.run(sql);
    settings.run("select pg_reload_conf()");
}

/// What is committed here and not yet there is told to nobody: not at first, nor when the server has crashed and shows it,
/// neither to who sends the key again nor to who asks for the same id.
#[test]
fn nobody_is_told_of_an_order_before_the_standby_that_must_have_it_has_it() {
    let limits = Limits { statement_max: Duration::from_millis(500), lock_max: Duration::from_millis(400), ..short() };
    let cluster = Cluster::start(&[]);
    let url = cluster.url();
    let (store, _) = node(&url.parse().unwrap(), limits, 1);
    let (shop, log) = (Shop::open(&store), Log::default());
    let Command::PlaceOrder(plain) = shop.place() else { panic!() };
    let named = Command::PlaceOrder(PlaceOrder { external_id: Some("PO-1".into()), ..plain });
    let key = log.new_keys(1);
    let keyed = Intent { command: named.clone(), ..Log::intent(key[0], shop) };
    let missing = Missing::begin(&url);
    let unknown = store.commit_blocking(keyed.clone());
    assert!(matches!(unknown, Err(CommitError::OutcomeUnknown(_))), "{unknown:?}");
    for asked in [&keyed, &intent(named)] {
        cluster.kill();
        cluster.launch(&[]);
        assert_eq!(Sql::open(&url).number("select count(*) from orders"), 1, "it is there, and only there");
        let answer = store.commit_blocking(asked.clone());
        assert!(matches!(answer, Err(CommitError::Unavailable(_))), "{answer:?}");
    }
    drop(missing);
    let again = store.commit_blocking(keyed);
    assert!(again.as_ref().is_ok_and(|it| it.replayed), "{again:?}");
    assert_eq!(log.read(&key, vec![again]), []);
    log.judge(&url, &store, shop);
}

/// An operator who ends the wait for a standby by hand does not make it so.
#[test]
fn a_commit_whose_wait_for_the_standby_is_ended_by_hand_is_told_to_nobody() {
    let limits = Limits { statement_max: Duration::from_millis(500), lock_max: Duration::from_millis(400), ..short() };
    let cluster = Cluster::start(&[]);
    let url = cluster.url();
    let (store, _) = node(&url.parse().unwrap(), limits, 1);
    let (shop, log) = (Shop::open(&store), Log::default());
    let key = log.new_keys(1);
    let missing = Missing::begin(&url);
    let sql = Sql::open(&url);
    let unknown = std::thread::scope(|scope| {
        let unknown = scope.spawn(|| store.commit_blocking(Log::intent(key[0], shop)));
        wait_until("its wait is ended", SOON, || {
            sql.number(
                "select count(*) from (select pid from pg_stat_activity where wait_event = 'SyncRep' \
                 and application_name = 'orderpark writer' offset 0) waiting where pg_cancel_backend(pid)",
            ) > 0
        });
        unknown.join().unwrap()
    });
    assert!(matches!(unknown, Err(CommitError::OutcomeUnknown(_))), "{unknown:?}");
    assert_eq!(sql.number("select count(*) from orders"), 1, "it is there, and only there");
    drop(missing);
    let again = store.commit_blocking(Log::intent(key[0], shop));
    assert!(again.as_ref().is_ok_and(|it| it.replayed), "{again:?}");
    assert_eq!(log.read(&key, vec![again]), []);
    log.judge(&url, &store, shop);
}
