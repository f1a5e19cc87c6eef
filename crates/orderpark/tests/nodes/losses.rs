//! Nodes that die, that stand still, and that are started again one by one, all under load.
//!
//! Clients ask another node where one does not answer, under the same key. Nothing that was answered is lost, nothing is
//! there twice, and the nodes that are left go on.

use crate::harness::Deployment;
use crate::harness::fleet::Fleet;
use crate::two;
use orderpark_testbed::{Proxy, TestDatabase, upstream};
use rustix::process::Signal;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const WRITERS: usize = 16;
/// How long the nodes that are left may answer nobody.
const SILENCE_MAX: Duration = Duration::from_secs(2);
const ANSWERS: usize = 200;
const ROLLS: usize = 3;

#[test]
fn a_node_is_killed_under_writers_and_the_other_goes_on() {
    let (mut one, mut other, world) = two();
    let fleet = Fleet::new(&world, &[&one, &other]);
    let mut longest = Duration::ZERO;
    fleet.run(WRITERS, || {
        for round in 0..4 {
            fleet.wait_for(ANSWERS);
            let (lost, left) = if round % 2 == 0 { (&mut one, &other) } else { (&mut other, &one) };
            let killed = Instant::now();
            lost.kill();
            fleet.wait_for(ANSWERS);
            longest = longest.max(fleet.longest_silence(killed, left.address()));
            lost.serve(&[]);
            fleet.moved(round % 2, lost.address());
        }
    });
    let broken = fleet.broken.load(Ordering::SeqCst);
    println!(
        "4 kills; {} orders answered, {broken} requests broken off and sent again, {} put off; the other node was silent for \
         {longest:?} at most; 0 lost, 0 twice",
        fleet.granted(),
        fleet.unavailable.load(Ordering::SeqCst),
    );
    assert!(broken > 0, "no request was cut off");
    assert!(longest <= SILENCE_MAX, "{longest:?}");
    fleet.judge(&one);
}

/// Stops a node at a moment at which it holds the head of the journal, and the other one waits for it.
fn stop_with_the_head(node: &Deployment, database: &TestDatabase) -> Instant {
    let both = "select count(*) from pg_stat_activity mine, pg_stat_activity waiting \
                where mine.datname = current_database() and waiting.datname = current_database() \
                and mine.application_name = 'orderpark writer' and waiting.application_name = 'orderpark writer' \
                and mine.state = 'idle in transaction' and mine.state_change < clock_timestamp() - interval '100 ms' \
                and waiting.wait_event_type = 'Lock'";
    for _ in 0..100 {
        node.running().signal(Signal::STOP);
        let stopped = Instant::now();
        while stopped.elapsed() < Duration::from_millis(400) {
            if database.texts(both) == ["1"] {
                return stopped;
            }
        }
        node.running().signal(Signal::CONT);
    }
    panic!("the node was never stopped in the middle of a transaction");
}

/// Its way to the database is slow, so that it holds the head most of the time.
#[test]
fn a_node_that_stands_still_with_the_head_is_cut_off_and_recovers_by_itself() {
    let (one, other, world) = two();
    drop(other);
    let proxy = Proxy::start(upstream());
    let slow = one.beside_through(&proxy);
    proxy.delay(Duration::from_millis(10));
    let fleet = Fleet::new(&world, &[&one, &slow]);
    let (mut silence, mut recovered) = (Duration::ZERO, Duration::ZERO);
    fleet.run(WRITERS, || {
        for _ in 0..3 {
            fleet.first_since(Instant::now(), slow.address());
            let stopped = stop_with_the_head(&slow, one.database());
            fleet.first_since(Instant::now(), one.address());
            silence = silence.max(fleet.longest_silence(stopped, one.address()));
            slow.running().signal(Signal::CONT);
            recovered = recovered.max(fleet.first_since(Instant::now(), slow.address()));
        }
    });
    println!(
        "stopped 3 times with the head; the other node was silent for {silence:?} at most, the stopped one answered {recovered:?} \
         after it went on; {} orders answered, {} put off; 0 lost, 0 twice",
        fleet.granted(),
        fleet.unavailable.load(Ordering::SeqCst),
    );
    assert!(silence <= SILENCE_MAX, "{silence:?}");
    assert!(recovered <= SILENCE_MAX, "{recovered:?}");
    assert_eq!(fleet.broken.load(Ordering::SeqCst), 0, "clients of the stopped node were answered by it");
    fleet.judge(&one);
}

/// L-02: both nodes are stopped and started one after the other, again and again. Whoever asks the other node where one
/// refuses it meets no failure.
#[test]
fn nodes_are_started_again_one_by_one_and_no_request_fails() {
    let (mut one, mut other, world) = two();
    let fleet = Fleet::new(&world, &[&one, &other]);
    let mut longest = Duration::ZERO;
    fleet.run(WRITERS, || {
        for _ in 0..ROLLS {
            for (number, node) in [&mut one, &mut other].into_iter().enumerate() {
                fleet.wait_for(ANSWERS);
                let (code, took) = node.stop();
                assert_eq!(code, Some(0));
                longest = longest.max(took);
                node.serve(&[]);
                fleet.moved(number, node.address());
            }
        }
        fleet.wait_for(ANSWERS);
    });
    println!(
        "{} restarts, stopped within {longest:?}; {} orders answered, {} sent again to the other node; 0 failed",
        2 * ROLLS,
        fleet.granted(),
        fleet.broken.load(Ordering::SeqCst),
    );
    assert_eq!(fleet.unavailable.load(Ordering::SeqCst), 0, "requests that were put off");
    fleet.judge(&one);
}
