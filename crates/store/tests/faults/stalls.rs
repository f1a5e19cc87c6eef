//! A node that holds the head of the journal and stands still.

use crate::ground::{SLACK, Scene};
use crate::log::Log;
use orderpark_store::Limits;
use std::time::{Duration, Instant};

/// How long a node that stands still may hold up the others.
const HELD_UP_MAX: Duration = Duration::from_secs(2);

/// The server takes the head away from it; its batch, which did nothing, is decided again when it wakes up.
#[test]
fn a_node_that_stands_still_with_the_head_loses_it_and_its_batch_is_done_once() {
    let (scene, log) = (Scene::with(Limits::default()), Log::default());
    let keys = log.new_keys(5);
    let mut before = 0;
    let answers = scene.batch(Log::intents(&keys, scene.shop), || {
        let began = Instant::now();
        before = scene.gate.draws() - 1;
        log.wish(&scene.beside, scene.shop);
        let took = began.elapsed();
        println!("the other node was held up for {took:?}");
        assert!(took < HELD_UP_MAX + SLACK, "{took:?}");
    });
    assert_eq!(log.read(&keys, answers), []);
    assert_eq!(scene.gate.draws() - before, 2 * keys.len());
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}

/// The client of the stalled node gives up and sends its key to the one that goes on: when the first one wakes up, it finds
/// the order that the other has made.
#[test]
fn a_key_that_moves_on_while_its_node_stands_still_is_one_order() {
    let (scene, log) = (Scene::with(Limits::default()), Log::default());
    let keys = log.new_keys(5);
    let answers = scene.batch(Log::intents(&keys, scene.shop), || {
        for key in &keys {
            let moved = scene.beside.commit_blocking(Log::intent(*key, scene.shop)).unwrap();
            assert!(!moved.replayed);
            log.write_down(*key, &moved);
        }
    });
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|it| it.replayed)), "{answers:?}");
    assert_eq!(log.read(&keys, answers), []);
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}
