//! F-01: the connection breaks before the commit, after it was sent, and in the middle of its answer.

use crate::ground::{ANSWER_MAX, End, OPERATOR, SLACK, Scene, block_on, everything, middle_and_longest, short};
use crate::log::Log;
use futures_util::future::join_all;
use orderpark_store::{CommitError, Limits};
use orderpark_testbed::Moment;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MOMENTS: [Moment; 3] = [Moment::BeforeCommit, Moment::AfterCommitSent, Moment::AfterFirstByteOfAnswer];
const ROUNDS: usize = 30;
const ORDERS: u64 = 5;

/// The committer finds the outcome out, so that no client is told an error; and it decides again only what was not done.
/// Another node writes all the while, so that what is looked for is not the last entry any more.
#[test]
fn a_commit_that_is_cut_off_is_found_out_and_nobody_is_told_an_error() {
    let (scene, log, over) = (Scene::with(Limits::default()), Log::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let end = End(&over);
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                log.wish(&scene.beside, scene.shop);
            }
        });
        for moment in MOMENTS {
            let (middle, longest) = middle_and_longest((0..ROUNDS).map(|_| cut_once(&scene, &log, moment)).collect());
            println!("{moment:?}: a batch of {ORDERS} with its cut took {middle:?}, {longest:?} at most");
            assert!(longest < Duration::from_secs(2), "{longest:?}");
        }
        drop(end);
    });
    println!("{} orders in all", log.answered());
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}

/// How long a batch took that was cut off once.
fn cut_once(scene: &Scene, log: &Log, moment: Moment) -> Duration {
    let keys = log.new_keys(ORDERS);
    let (mut before, mut began) = (0, Instant::now());
    let answers = scene.batch(Log::intents(&keys, scene.shop), || {
        scene.proxy.cut_when(moment);
        (before, began) = (scene.gate.draws() - 1, Instant::now());
    });
    let took = began.elapsed();
    assert!(scene.proxy.has_cut(), "{moment:?}");
    assert_eq!(log.read(&keys, answers), [], "{moment:?}");
    let times = if moment == Moment::BeforeCommit { 2 } else { 1 };
    assert_eq!(scene.gate.draws() - before, keys.len() * times, "{moment:?}");
    took
}

/// Reads are asked again, on another connection.
#[test]
fn reads_whose_connections_are_cut_are_answered() {
    let (scene, scope) = (Scene::with(Limits::default()), everything());
    for round in 0..30 {
        let reads = (0..16).map(|_| scene.store.get_user(&scope, OPERATOR));
        let read = std::thread::scope(|threads| {
            let read = threads.spawn(|| block_on(join_all(reads)));
            scene.proxy.cut();
            read.join().unwrap()
        });
        for read in read.into_iter().chain([block_on(scene.store.get_user(&scope, OPERATOR))]) {
            assert!(read.as_ref().is_ok_and(Option::is_some), "round {round}: {read:?}");
        }
    }
}

/// Nobody can be reached in time, so nobody knows; the same keys tell it later.
#[test]
fn an_outcome_that_cannot_be_found_out_is_unknown_until_the_same_key_tells() {
    let (scene, log) = (Scene::with(short()), Log::default());
    let mut times = Vec::new();
    for moment in MOMENTS {
        for _ in 0..2 {
            let keys = log.new_keys(ORDERS);
            let mut began = Instant::now();
            let answers = scene.batch(Log::intents(&keys, scene.shop), || {
                scene.proxy.cut_and_refuse_when(moment);
                began = Instant::now();
            });
            times.push(began.elapsed());
            for answer in &answers {
                assert!(matches!(answer, Err(CommitError::OutcomeUnknown(_))), "{moment:?}: {answer:?}");
            }
            for answer in &scene.at_once(Log::intents(&keys, scene.shop)) {
                assert!(matches!(answer, Err(CommitError::Unavailable(_))), "{moment:?}: {answer:?}");
            }
            scene.proxy.refuse(false);
            let answers = scene.batch(Log::intents(&keys, scene.shop), || {});
            let replayed = answers.iter().filter(|answer| answer.as_ref().is_ok_and(|it| it.replayed)).count();
            assert_eq!(log.read(&keys, answers), []);
            assert_eq!(replayed, if moment == Moment::BeforeCommit { 0 } else { keys.len() }, "{moment:?}");
        }
    }
    let (middle, longest) = middle_and_longest(times);
    println!("an outcome was said to be unknown after {middle:?}, {longest:?} at most");
    assert!(longest < short().resolve_max + short().connect_max + ANSWER_MAX + SLACK, "{longest:?}");
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}
