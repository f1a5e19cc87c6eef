use super::*;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The way of an answer.
const AT_ONCE: Duration = Duration::ZERO;

/// A clock that stands where it is put.
struct Still(AtomicI64);

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::Relaxed))
    }
}

/// A node's own clock at noon, and what is made of it.
fn at_noon(follows: bool) -> (Arc<Still>, SharedClock) {
    let own = Arc::new(Still(AtomicI64::new(DAY / 2)));
    let shared = SharedClock::new(Arc::clone(&own) as Arc<dyn Clock>, follows);
    (own, shared)
}

#[test]
fn it_begins_with_the_nodes_own_time_and_runs_with_it() {
    let (own, shared) = at_noon(true);
    assert_eq!(shared.now(), own.now());
    own.0.fetch_add(SECOND, Ordering::Relaxed);
    assert_eq!(shared.now(), own.now());
}

#[test]
fn it_is_set_right_by_the_databases() {
    for wrong in [DAY, -DAY, 300 * SECOND, -300 * SECOND, TOLERATED + 1, -TOLERATED - 1] {
        let (own, shared) = at_noon(true);
        let database = Instant(own.now().0 + wrong);
        shared.hear(database, AT_ONCE);
        assert_eq!(shared.now(), database);
        own.0.fetch_add(SECOND, Ordering::Relaxed);
        assert_eq!(shared.now(), Instant(database.0 + SECOND), "it runs on between two answers");
    }
}

#[test]
fn the_way_of_a_message_does_not_move_it() {
    let (own, shared) = at_noon(true);
    for late in [TOLERATED, -TOLERATED, TOLERATED / 2, 1] {
        shared.hear(Instant(own.now().0 + late), AT_ONCE);
        assert_eq!(shared.now(), own.now());
    }
}

#[test]
fn it_is_set_right_again_after_a_jump_and_after_a_drift() {
    let (own, shared) = at_noon(true);
    let mut database = own.now().0 + DAY;
    shared.hear(Instant(database), AT_ONCE);
    own.0.fetch_add(DAY, Ordering::Relaxed);
    assert_eq!(shared.now().0, database + DAY, "nobody has told it yet");
    shared.hear(Instant(database), AT_ONCE);
    assert_eq!(shared.now().0, database);
    for _ in 0..100 {
        // A hundredth of a second in each second.
        own.0.fetch_add(SECOND + SECOND / 100, Ordering::Relaxed);
        database += SECOND;
        shared.hear(Instant(database), AT_ONCE);
        let off = shared.now().0 - database;
        assert!(off.abs() <= TOLERATED, "off by {off}");
    }
}

#[test]
fn one_that_does_not_follow_hears_nothing() {
    let (own, shared) = at_noon(false);
    shared.hear(Instant(own.now().0 + DAY), AT_ONCE);
    assert_eq!(shared.now(), own.now());
}

/// An answer that was long under way, because this process stood still, tells of a time that is past.
#[test]
fn an_answer_that_comes_late_sets_no_clock() {
    let (own, shared) = at_noon(true);
    shared.hear(Instant(own.now().0 - 5 * SECOND), Duration::from_secs(5));
    assert_eq!(shared.now(), own.now());
}
