//! F-06: everything that can be in use is in use.

use crate::ground::{OPERATOR, Opened, SLACK, Scene, Sql, WAITING_MAX, block_on, everything, short, timed, wait_until};
use crate::log::Log;
use futures_util::future::{FutureExt as _, join_all};
use orderpark_domain::OrderState;
use orderpark_store::{CommitError, Limits, OrderFilter, ReadError, Slice, StrategyFilter};
use std::time::{Duration, Instant};

/// Reads that wait for the lock of a table, until their own limit.
const SLOW: usize = 4;

fn limits() -> Limits {
    Limits {
        reads_max: SLOW,
        lists_max: SLOW,
        lock_max: Duration::from_secs(3),
        statement_max: Duration::from_secs(4),
        ..short()
    }
}

fn all() -> OrderFilter {
    OrderFilter { states: OrderState::ALL.to_vec(), ..OrderFilter::default() }
}

/// Somebody holds a table that lists look at; then one that short reads look at. Commits look at neither.
#[test]
fn slow_reads_hold_up_neither_commits_nor_reads_of_the_other_kind() {
    let (scene, log) = (Scene::with(limits()), Log::default());
    log.wish(&scene.store, scene.shop);
    let holder = Sql::open(&scene.home.url());
    let (scope, store) = (everything(), &scene.store);

    holder.run("begin; lock table strategies in access exclusive mode");
    let any = StrategyFilter::default();
    let slow = |_: usize| store.page_strategies(&scope, &any, Slice::first(10));
    let lists = std::thread::scope(|threads| {
        let lists = threads.spawn(|| block_on(join_all((0..SLOW).map(slow))));
        wait_for_waiting(&scene, SLOW);
        refused_in_time(timed(store.page_orders(&scope, &all(), Slice::first(10))));
        commits_go_on(&scene, &log);
        let (got, took) = timed(store.get_user(&scope, OPERATOR));
        assert!(got.unwrap().is_some() && took < SLACK, "{took:?}");
        holder.run("rollback");
        lists.join().unwrap()
    });
    assert!(lists.iter().all(Result::is_ok), "{lists:?}");

    holder.run("begin; lock table tokens in access exclusive mode");
    let slow = |_: usize| store.get_token(&scope, &[7; 32]);
    let reads = std::thread::scope(|threads| {
        let reads = threads.spawn(|| block_on(join_all((0..SLOW).map(slow))));
        // They share a connection, which whoever comes later finds standing still.
        wait_for_waiting(&scene, 1);
        commits_go_on(&scene, &log);
        let (got, took) = timed(store.get_user(&scope, OPERATOR));
        assert!(got.unwrap().is_some() && took < SLACK, "{took:?}");
        let (page, took) = timed(store.page_orders(&scope, &all(), Slice::first(10)));
        assert!(!page.unwrap().is_empty() && took < SLACK, "{took:?}");
        holder.run("rollback");
        reads.join().unwrap()
    });
    assert!(reads.iter().all(Result::is_ok), "{reads:?}");
    assert!(block_on(store.get_user(&scope, OPERATOR)).unwrap().is_some());
    log.judge(&scene.home.url(), store, scene.shop);
}

fn wait_for_waiting(scene: &Scene, count: usize) {
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    wait_until("reads wait", Duration::from_secs(2), || scene.home.texts(waiting) == [count.to_string()]);
}

fn refused_in_time<T: std::fmt::Debug>((read, took): (Result<T, ReadError>, Duration)) {
    assert!(matches!(read, Err(ReadError::Unavailable(_))), "{read:?}");
    println!("where all connections are in use, a read was refused after {took:?}");
    let max = limits().pool_wait_max;
    assert!(took >= max && took < 2 * max, "{took:?}");
}

fn commits_go_on(scene: &Scene, log: &Log) {
    let began = Instant::now();
    (0..10).for_each(|_| log.wish(&scene.store, scene.shop));
    assert!(began.elapsed() < SLACK, "{:?}", began.elapsed());
}

/// The queue before the committer has an end, and who is refused there is refused at once.
#[test]
fn more_than_may_wait_are_refused_and_those_that_wait_are_done() {
    let (scene, log) = (Scene::with(short()), Log::default());
    let mut keys = log.new_keys(1 + WAITING_MAX as u64 + 1);
    scene.gate.shut();
    let open = Opened(&scene.gate);
    let mut intents = Log::intents(&keys, scene.shop).into_iter().map(|intent| Box::pin(scene.store.commit(intent)));
    let answers = block_on(async {
        let mut first = intents.next().unwrap();
        assert!((&mut first).now_or_never().is_none());
        // From here on nobody leaves the queue.
        scene.gate.wait_until_reached();
        let mut waiting: Vec<_> = intents.by_ref().take(WAITING_MAX).collect();
        assert!(waiting.iter_mut().all(|waiting| waiting.now_or_never().is_none()));
        assert_eq!(intents.next().unwrap().now_or_never(), Some(Err(CommitError::Busy)));
        drop(open);
        waiting.insert(0, first);
        join_all(waiting).await
    });
    let refused = keys.split_off(answers.len());
    assert_eq!(log.read(&keys, answers), []);
    let answers = scene.at_once(Log::intents(&refused, scene.shop));
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|it| !it.replayed)), "nothing of it had been done");
    assert_eq!(log.read(&refused, answers), []);
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}
