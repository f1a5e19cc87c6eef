//! F-02: the network swallows everything and says nothing.

use crate::ground::{ANSWER_MAX, OPERATOR, SLACK, Scene, block_on, everything, short, timed, wait_until};
use crate::log::Log;
use futures_util::future::join_all;
use orderpark_domain::party::{DeleteParty, PARTS_AT_ONCE};
use orderpark_domain::{Command, Intent, OrderState, PartyKind, PartyRef, Scope};
use orderpark_store::{CommitError, OrderFilter, ReadError, Slice};
use std::time::{Duration, Instant};

/// A batch is under way, and the node has the head.
#[test]
fn a_black_hole_in_the_middle_of_a_batch_holds_nobody_up_for_long() {
    let (scene, log) = (Scene::with(short()), Log::default());
    log.wish(&scene.store, scene.shop);
    let keys = log.new_keys(5);
    let mut began = Instant::now();
    let answers = std::thread::scope(|scope| {
        let mut beside = None;
        let answers = scene.batch(Log::intents(&keys, scene.shop), || {
            scene.proxy.black_hole(true);
            began = Instant::now();
            let (scene, log) = (&scene, &log);
            beside = Some(scope.spawn(move || {
                log.wish(&scene.beside, scene.shop);
                began.elapsed()
            }));
        });
        let took = began.elapsed();
        println!("the batch was answered after {took:?}");
        assert!(took < ANSWER_MAX + short().resolve_max + short().connect_max + SLACK, "{took:?}");
        let beside = beside.unwrap().join().unwrap();
        println!("the other node was held up for {beside:?}");
        assert!(beside < Duration::from_secs(2) + SLACK, "{beside:?}");
        answers
    });
    assert!(answers.iter().all(|answer| matches!(answer, Err(CommitError::OutcomeUnknown(_)))), "{answers:?}");
    wait_until("the node says that it takes no writes", SLACK, || !scene.store.takes_writes());
    reads_are_refused(&scene, 2);
    let (refused, took) = (scene.at_once(Log::intents(&keys, scene.shop)), began.elapsed());
    assert!(refused.iter().all(|answer| matches!(answer, Err(CommitError::Unavailable(_)))), "{refused:?}, {took:?}");

    scene.proxy.black_hole(false);
    let began = Instant::now();
    assert_eq!(log.read(&keys, scene.at_once(Log::intents(&keys, scene.shop))), []);
    println!("after the black hole, the next commit took {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    wait_until("the node takes writes", Duration::from_secs(2), || scene.store.takes_writes());
    reads_are_answered(&scene);
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}

/// Many who wait are told together that nobody can be reached, also those that ask about the whole
/// database.
#[test]
fn whoever_waits_while_nobody_can_be_reached_is_told_so_at_once() {
    let scene = Scene::with(short());
    let (scope, absent) = (Scope::system("a test"), PartyRef(4_000_000));
    let asking = || {
        Intent::system(
            Command::DeleteParty(DeleteParty {
                party: absent,
                kind: PartyKind::Vendor,
                force: false,
                parts_max: PARTS_AT_ONCE,
            }),
            "a test",
        )
    };
    assert!(block_on(scene.store.get_party(&scope, PartyKind::Vendor, absent)).unwrap().is_none());
    scene.proxy.black_hole(true);
    let began = Instant::now();
    let answers = scene.at_once((0..40).map(|_| asking()).collect());
    let took = began.elapsed();
    assert!(answers.iter().all(|answer| matches!(answer, Err(CommitError::Unavailable(_)))), "{answers:?}");
    assert!(took < ANSWER_MAX + 3 * short().connect_max + SLACK, "{took:?}");
    scene.proxy.black_hole(false);
    let refused = scene.at_once(vec![asking()]);
    assert!(matches!(refused[..], [Err(CommitError::Refused(_))]), "{refused:?}");
}

/// Nothing is under way: the connections rest, and nobody has told them that they lead nowhere any more.
#[test]
fn a_pool_whose_connections_died_while_they_rested_recovers() {
    let (scene, log) = (Scene::with(short()), Log::default());
    log.wish(&scene.store, scene.shop);
    // Many at once, so that there are many connections.
    let scope = everything();
    let many = (0..32).map(|_| scene.store.get_user(&scope, OPERATOR));
    assert!(block_on(join_all(many)).iter().all(Result::is_ok));
    scene.proxy.black_hole(true);
    // The first find out for all, whether they were given a connection that was used just now or one that has rested.
    reads_are_refused(&scene, 3);
    let key = log.new_keys(1);
    let began = Instant::now();
    let refused = scene.at_once(Log::intents(&key, scene.shop));
    let took = began.elapsed();
    assert!(matches!(refused[..], [Err(CommitError::Unavailable(_))]), "{refused:?}");
    assert!(took < ANSWER_MAX + short().connect_max + SLACK, "{took:?}");
    scene.proxy.black_hole(false);
    reads_are_answered(&scene);
    assert_eq!(log.read(&key, scene.at_once(Log::intents(&key, scene.shop))), []);
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}

/// In the black hole: each read ends in its time, only the first of a pool takes as long as an answer may, and no write is done.
fn reads_are_refused(scene: &Scene, rounds: usize) {
    let all = OrderFilter { states: OrderState::ALL.to_vec(), ..OrderFilter::default() };
    for round in 0..rounds {
        let (got, took) = timed(scene.store.get_user(&everything(), OPERATOR));
        let (page, page_took) = timed(scene.store.page_orders(&everything(), &all, Slice::first(10)));
        println!("reads in the black hole, round {round}: refused after {took:?} and {page_took:?}");
        assert!(matches!(got, Err(ReadError::Unavailable(_))), "{got:?}");
        assert!(matches!(page, Err(ReadError::Unavailable(_))), "{page:?}");
        let max = if round == 0 { ANSWER_MAX } else { short().connect_max + short().pool_wait_max };
        assert!(took < max + SLACK && page_took < max + SLACK, "{took:?}, {page_took:?}");
    }
}

fn reads_are_answered(scene: &Scene) {
    let all = OrderFilter { states: OrderState::ALL.to_vec(), ..OrderFilter::default() };
    let (got, took) = timed(scene.store.get_user(&everything(), OPERATOR));
    assert!(got.unwrap().is_some());
    let (page, page_took) = timed(scene.store.page_orders(&everything(), &all, Slice::first(10)));
    assert!(!page.unwrap().is_empty());
    println!("reads after it took {took:?} and {page_took:?}");
    assert!(took < SLACK && page_took < SLACK, "{took:?}, {page_took:?}");
}
