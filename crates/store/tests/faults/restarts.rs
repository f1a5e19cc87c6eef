//! F-03: PostgreSQL dies under writers and comes back.

use crate::ground::{End, OPERATOR, Shop, block_on, everything, middle_and_longest, node, wait_until};
use crate::log::Log;
use orderpark_store::{Limits, ReadError, Store};
use orderpark_testbed::Cluster;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const WRITERS: usize = 8;
const ANSWERS: usize = 100;
/// How long a node may need once the server is back.
const BACK_MAX: Duration = Duration::from_secs(3);

#[test]
fn a_server_that_is_killed_under_writers_and_comes_back_has_lost_and_doubled_nothing() {
    let cluster = Cluster::start(&[]);
    let url = cluster.url();
    let (store, _) = node(&url.parse().unwrap(), Limits::default(), 1);
    let (shop, log, over) = (Shop::open(&store), Log::default(), AtomicBool::new(false));
    let mut times = Vec::new();
    std::thread::scope(|scope| {
        let end = End(&over);
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    log.wish(&store, shop);
                }
            });
        }
        for _ in 0..3 {
            more_answers(&log);
            cluster.kill();
            wait_until("the node says that it takes no writes", BACK_MAX, || !store.takes_writes());
            let (answered, began) = (log.answered(), Instant::now());
            let read = block_on(store.get_user(&everything(), OPERATOR));
            assert!(matches!(read, Err(ReadError::Unavailable(_))), "{read:?}");
            assert!(began.elapsed() < BACK_MAX, "{:?}", began.elapsed());
            cluster.launch(&[]);
            let back = Instant::now();
            wait_until("an order is placed", BACK_MAX, || log.answered() > answered);
            times.push(back.elapsed());
            wait_until("the node takes writes", BACK_MAX, || store.takes_writes());
            assert!(block_on(store.get_user(&everything(), OPERATOR)).unwrap().is_some());
        }
        more_answers(&log);
        drop(end);
    });
    let (middle, longest) = middle_and_longest(times);
    println!("{} orders; after a restart, the next one came within {middle:?}, {longest:?} at most", log.answered());
    log.judge(&url, &store, shop);
}

fn more_answers(log: &Log) {
    let before = log.answered();
    wait_until("orders are placed", Duration::from_secs(10), || log.answered() >= before + ANSWERS);
}

/// Nobody asks anything while the server is away, so nobody has noticed: the first who does is answered.
#[test]
fn a_restart_that_nobody_noticed_is_nobodys_error() {
    let cluster = Cluster::start(&[]);
    let url = cluster.url();
    let (store, _) = node(&url.parse().unwrap(), Limits::default(), 1);
    let (shop, log) = (Shop::open(&store), Log::default());
    for _ in 0..2 {
        assert_eq!(read_and_commit(&store, shop, &log), Vec::<String>::new());
        cluster.kill();
        cluster.launch(&[]);
    }
    assert_eq!(read_and_commit(&store, shop, &log), Vec::<String>::new());
    log.judge(&url, &store, shop);
}

/// What went wrong.
fn read_and_commit(store: &Store, shop: Shop, log: &Log) -> Vec<String> {
    let read = block_on(store.get_user(&everything(), OPERATOR)).map(drop).map_err(|error| error.to_string());
    let key = log.new_keys(1)[0];
    let committed = store.commit_blocking(Log::intent(key, shop)).map_err(|error| error.to_string());
    let committed = committed.map(|committed| log.write_down(key, &committed));
    [read, committed].into_iter().filter_map(Result::err).collect()
}
