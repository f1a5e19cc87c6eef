//! The server lives and will not: it fails a statement, is too slow, has no room, or ends the connection, within a batch or in
//! the very commit.

use crate::ground::{OPERATOR, SLACK, Scene, block_on, everything, short};
use crate::log::Log;
use orderpark_store::{CommitError, Limits};
use std::time::{Duration, Instant};

/// What the server does to a batch.
struct Mood {
    name: &'static str,
    /// Said in a trigger on the journal.
    does: &'static str,
    /// At the commit itself; else while the batch is written.
    at_commit: bool,
}

const ENDS: &str = "perform pg_terminate_backend(pg_backend_pid());";
const FAILS: &str = "raise exception 'no room' using errcode = '53100';";

const MOODS: [Mood; 5] = [
    Mood { name: "has no room", does: FAILS, at_commit: false },
    Mood { name: "fails the commit", does: FAILS, at_commit: true },
    Mood { name: "is too slow", does: "perform pg_sleep(60);", at_commit: false },
    Mood { name: "ends the connection", does: ENDS, at_commit: false },
    Mood { name: "ends the connection in the commit", does: ENDS, at_commit: true },
];

impl Mood {
    /// For so many batches; what counts them is not rolled back with them.
    fn begins(&self, scene: &Scene, batches: u32) {
        let when = if self.at_commit { "deferrable initially deferred" } else { "not deferrable" };
        scene.home.execute(&format!(
            "create sequence moods; create function mood() returns trigger language plpgsql as $$ begin \
             if nextval('moods') <= {batches} then {} end if; return null; end $$; \
             create constraint trigger mood after insert on journal {when} for each row execute function mood()",
            self.does
        ));
    }

    fn ends(scene: &Scene) {
        scene.home.execute("drop function mood cascade; drop sequence moods");
    }
}

/// As long as it lasts, whoever commits is told that nothing was done, and nothing is; reads go on.
#[test]
fn what_the_server_does_not_do_is_told_and_done_when_it_will() {
    let (scene, log) = (Scene::with(short()), Log::default());
    log.wish(&scene.store, scene.shop);
    for mood in MOODS {
        mood.begins(&scene, u32::MAX / 2);
        let (keys, began) = (log.new_keys(3), Instant::now());
        let answers = scene.batch(Log::intents(&keys, scene.shop), || {});
        let took = began.elapsed();
        println!("where it {}, a batch was answered after {took:?}", mood.name);
        assert!(
            answers.iter().all(|answer| matches!(answer, Err(CommitError::Unavailable(_)))),
            "{}: {answers:?}",
            mood.name
        );
        assert!(took < short().statement_max + SLACK, "{}: {took:?}", mood.name);
        assert!(block_on(scene.store.get_user(&everything(), OPERATOR)).unwrap().is_some());
        Mood::ends(&scene);
        let answers = scene.at_once(Log::intents(&keys, scene.shop));
        assert!(
            answers.iter().all(|answer| answer.as_ref().is_ok_and(|it| !it.replayed)),
            "{}: {answers:?}",
            mood.name
        );
        assert_eq!(log.read(&keys, answers), []);
    }
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}

/// A connection that the server ends once is nobody's error: the batch, of which nothing was done, is decided again.
#[test]
fn a_connection_that_the_server_ends_once_is_nobodys_error() {
    let (scene, log) = (Scene::with(short()), Log::default());
    for mood in MOODS.iter().filter(|mood| mood.does == ENDS) {
        mood.begins(&scene, 1);
        let (keys, mut before) = (log.new_keys(3), 0);
        let began = Instant::now();
        let answers = scene.batch(Log::intents(&keys, scene.shop), || before = scene.gate.draws() - 1);
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert_eq!(log.read(&keys, answers), [], "{}", mood.name);
        assert_eq!(scene.gate.draws() - before, 2 * keys.len(), "{}", mood.name);
        Mood::ends(&scene);
    }
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}

/// The commit takes longer than an answer is waited for. The node turns away from the connection, on which the commit is still
/// under way, and waits for its end on another one.
#[test]
fn a_commit_that_takes_longer_than_its_answer_may_is_done_once() {
    let limits = Limits {
        statement_max: Duration::from_millis(500),
        lock_max: Duration::from_millis(400),
        resolve_max: Duration::from_secs(10),
        ..short()
    };
    let (scene, log) = (Scene::with(limits), Log::default());
    log.wish(&scene.store, scene.shop);
    Mood { name: "takes its time", does: "perform pg_sleep(3);", at_commit: true }.begins(&scene, 1);
    let (keys, mut before) = (log.new_keys(3), 0);
    let began = Instant::now();
    let answers = scene.batch(Log::intents(&keys, scene.shop), || before = scene.gate.draws() - 1);
    assert!(began.elapsed() > Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(log.read(&keys, answers), []);
    assert_eq!(scene.gate.draws() - before, keys.len());
    Mood::ends(&scene);
    log.judge(&scene.home.url(), &scene.store, scene.shop);
}
