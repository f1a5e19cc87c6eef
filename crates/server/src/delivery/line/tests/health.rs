//! Windows, probes, pauses, and giving up.

use super::*;
use crate::delivery::line::GIVE_UP_AFTER_S;

/// A line that has only failed: three events, each in a lane of its own.
fn failing() -> Line {
    let mut line = line(ENDPOINT);
    take(&mut line, &[(1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5"), (6, "6")]);
    assert_eq!(sent(&mut line, START), [1, 2, 3, 4]);
    for seq in 1..=4 {
        assert!(!line.is_failing() || seq == 4);
        // As late as the jitter allows: 6 s.
        line.finish(place(seq), FAILED, None, START, 2_000_000);
    }
    assert!(line.is_failing());
    line
}

#[test]
fn the_window_grows_with_quick_successes_and_halves_with_failures_and_slow_ones() {
    let mut line = line(ENDPOINT);
    let mut seen = vec![line.window()];
    let slow = Outcome::Delivered { took_us: 1_000_000 };
    let quick = Outcome::Delivered { took_us: 999_999 };
    for (seq, outcome) in (1..).zip([[quick; 14].as_slice(), &[slow, slow, FAILED, FAILED, DELIVERED]].concat()) {
        take(&mut line, &[(seq, &format!("{seq}"))]);
        let sending = next(&mut line, START);
        line.finish(sending.place, outcome, None, START, 0);
        seen.push(line.window());
    }
    assert_eq!(seen, [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 8, 4, 2, 1, 2]);
}

#[test]
fn who_only_fails_is_probed_with_one_new_event_at_growing_intervals() {
    let mut line = failing();
    assert_eq!(line.window(), 1);
    let (mut now, mut pauses, mut at, mut seq) = (START, Vec::new(), START, 5);
    while pauses.len() < 9 {
        now = now.plus_seconds(1);
        if let Some(sending) = line.next(now) {
            if sending.source == Source::News {
                pauses.push((now.0 - at.0) / 1_000_000);
                at = now;
                seq += 1;
                take(&mut line, &[(seq + 1, &format!("{}", seq + 1))]);
            }
            assert!(line.next(now).is_none(), "one at a time");
            line.finish(sending.place, FAILED, None, now, 0);
            settle(&mut line);
        }
    }
    assert_eq!(pauses, [5, 5, 10, 20, 40, 80, 160, 300, 300]);
}

#[test]
fn a_probe_that_succeeds_opens_the_line_again() {
    let mut line = failing();
    let now = START.plus_seconds(5);
    assert_eq!(sent(&mut line, now), [5]);
    finish(&mut line, 5, DELIVERED, now);
    assert!(!line.is_failing());
    assert_eq!(sent(&mut line, now), [6]);
    assert_eq!(sent(&mut line, now.plus_seconds(1)), [1]);
}

#[test]
fn who_was_failing_elsewhere_is_probed_at_once_and_one_at_a_time() {
    let mut line = Line::new(ENDPOINT, EventPlace::BEGINNING, Some(START));
    line.load_retries(Vec::new(), true, START);
    take(&mut line, &[(1, "a"), (2, "b")]);
    assert_eq!(sent(&mut line, START), [1]);
}

#[test]
fn retry_after_pauses_the_whole_target_for_a_day_at_most() {
    for (asked, paused) in [(60, 60), (86_400, 86_400), (1_000_000, 86_400)] {
        let mut line = line(ENDPOINT);
        take(&mut line, &[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]);
        assert_eq!(sent(&mut line, START), [1, 2, 3, 4]);
        finish(&mut line, 1, Outcome::Failed { pause_s: Some(asked), is_gone: false }, START);
        finish(&mut line, 2, DELIVERED, START);
        let until = START.plus_seconds(paused);
        assert!(sent(&mut line, Instant(until.0 - 1)).is_empty(), "not even after a success");
        assert_eq!(line.wake_at(START), Some(until));
        assert!(!sent(&mut line, until).is_empty());
    }
}

#[test]
fn a_target_that_is_gone_is_given_up_but_never_a_supplier() {
    let gone = Outcome::Failed { pause_s: None, is_gone: true };
    for (rules, given_up) in [(ENDPOINT, Some(GivenUp::Gone)), (SUPPLIER, None)] {
        let mut line = line(rules);
        take(&mut line, &[(1, "a"), (2, "b")]);
        let sending = next(&mut line, START);
        assert_eq!(line.finish(sending.place, gone, None, START, 0), given_up);
        assert_eq!(line.next(START).is_some(), given_up.is_none());
        let draft = line.settlement().expect("something to write");
        assert_eq!(draft.retries.len(), 1, "it is not lost: the target may be enabled again");
        assert_eq!(draft.failing_since.is_none(), given_up.is_some());
    }
}

#[test]
fn after_five_days_of_only_failures_an_endpoint_is_given_up() {
    for (rules, given_up) in [(ENDPOINT, Some(GivenUp::Failing)), (SUPPLIER, None)] {
        let mut line = line(rules);
        let fail = |line: &mut Line, seq: u64, now, outcome| {
            take(line, &[(seq, &format!("{seq}"))]);
            let sending = std::iter::from_fn(|| line.next(now)).find(|sending| sending.place == place(seq));
            assert!(sending.is_some());
            finish(line, seq, outcome, now)
        };
        let end = START.plus_seconds(GIVE_UP_AFTER_S);
        assert_eq!(fail(&mut line, 1, START, FAILED), None);
        assert_eq!(fail(&mut line, 2, START, DELIVERED), None);
        assert_eq!(fail(&mut line, 3, START.plus_seconds(1), FAILED), None);
        let mut other = Line::new(rules, EventPlace::after(3), Some(START.plus_seconds(1)));
        other.load_retries(Vec::new(), true, end);
        assert_eq!(fail(&mut other, 4, end, FAILED), None);
        let mut other = Line::new(rules, EventPlace::after(3), Some(START.plus_seconds(1)));
        other.load_retries(Vec::new(), true, end);
        assert_eq!(fail(&mut other, 4, end.plus_seconds(1), FAILED), given_up);
    }
}
