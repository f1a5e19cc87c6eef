use super::*;

const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
const NOON: i64 = 20_000 * DAY + DAY / 2;

/// A machine at noon, started a day ago.
fn at_noon() -> (Steady, impl Fn(&Steady, i64, i64) -> i64) {
    let steady = Steady::new("a clock");
    assert_eq!(steady.judge_at(Instant(NOON), DAY), Instant(NOON), "the first reading is all that there is");
    // The time after so many seconds by the steady clock, where the wall clock is ahead of it.
    (steady, |steady: &Steady, seconds: i64, ahead: i64| {
        let after = seconds * SECOND;
        steady.judge_at(Instant(NOON + after + ahead), DAY + after).0 - NOON - after
    })
}

#[test]
fn a_clock_that_is_set_by_an_hour_is_followed() {
    let (steady, ahead_at) = at_noon();
    for (second, ahead) in [(1, HOUR), (2, 0), (3, -HOUR - 9 * SECOND), (4, -HOUR / 2), (5, HOUR / 2), (6, 1)] {
        assert_eq!(ahead_at(&steady, second, ahead), ahead);
    }
}

#[test]
fn a_larger_jump_is_not_believed_and_is_forgotten_when_it_is_over() {
    for wild in [JUMP_MAX + 2 * SECOND, 3650 * DAY, -DAY, -3650 * DAY] {
        let (steady, ahead_at) = at_noon();
        assert_eq!(ahead_at(&steady, 1, wild), 0, "{wild}");
        assert_eq!(ahead_at(&steady, 200, wild), 0, "{wild}");
        assert_eq!(ahead_at(&steady, 201, 5), 5, "it is right again");
        assert_eq!(ahead_at(&steady, 400, wild), 0, "{wild}: a second jump has held for no time");
        assert_eq!(ahead_at(&steady, 699, wild), 0, "{wild}");
    }
}

#[test]
fn a_jump_of_a_day_that_holds_is_believed_and_a_larger_one_never() {
    let (steady, ahead_at) = at_noon();
    for (second, ahead) in [(1, 0), (300, 0), (301, DAY), (302, DAY)] {
        assert_eq!(ahead_at(&steady, second, DAY), ahead, "second {second}");
    }
    let (steady, ahead_at) = at_noon();
    for second in [1, 301, 100_000] {
        assert_eq!(ahead_at(&steady, second, DAY + SECOND), 0);
    }
}

#[test]
fn a_clock_that_was_never_set_is_believed_once_it_is() {
    let steady = Steady::new("a clock");
    assert_eq!(steady.judge_at(Instant(7 * SECOND), 0), Instant(7 * SECOND), "a machine without a battery");
    assert_eq!(steady.judge_at(Instant(NOON), SECOND), Instant(NOON), "and the network has told it");
    assert_eq!(steady.judge_at(Instant(NOON + 3650 * DAY), 2 * SECOND), Instant(NOON + SECOND));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "what is compared with")]
fn the_machines_clock_is_the_wall_clock() {
    let (clock, since) = (SystemClock::default(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
    let off = clock.now().0 - i64::try_from(since.as_micros()).unwrap();
    assert!((0..60 * SECOND).contains(&off), "{off}");
}
