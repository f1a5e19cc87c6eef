//! Lanes, the cursor, and what is written.

use super::*;
use crate::delivery::line::{RETRIES_MAX, TAKEN_MAX, UNSETTLED_MAX};
use orderpark_store::deliveries::RetryState;

#[test]
fn of_a_lane_only_one_is_under_way_and_other_lanes_go_on() {
    let mut line = line(ENDPOINT);
    take(&mut line, &[(1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "c")]);
    assert_eq!(sent(&mut line, START), [1, 3, 5]);
    finish(&mut line, 3, DELIVERED, START);
    assert_eq!(sent(&mut line, START), [4]);
    assert_eq!(settle(&mut line), None, "the first one is not done, so there is nothing to write");
    finish(&mut line, 1, DELIVERED, START);
    assert_eq!(settle(&mut line), Some((place(1), Vec::new())));
    assert_eq!(sent(&mut line, START), [2]);
    for seq in [2, 4, 5] {
        finish(&mut line, seq, DELIVERED, START);
    }
    assert_eq!(settle(&mut line), Some((EventPlace::after(5), Vec::new())));
    assert!(line.is_idle());
}

#[test]
fn what_fails_holds_back_its_lane_and_nothing_else() {
    let mut line = line(ENDPOINT);
    take(&mut line, &[(1, "a"), (2, "a"), (3, "b")]);
    assert_eq!(sent(&mut line, START), [1, 3]);
    finish(&mut line, 1, FAILED, START);
    finish(&mut line, 3, DELIVERED, START);
    take(&mut line, &[(4, "a"), (5, "b")]);
    assert_eq!(sent(&mut line, START), [5]);
    finish(&mut line, 5, DELIVERED, START);
    let (cursor, retries) = settle(&mut line).expect("something");
    assert_eq!(cursor, EventPlace::after(5));
    let states: Vec<_> = retries.iter().map(|retry| (retry.place.seq, retry.attempts, retry.state)).collect();
    let due = START.plus_seconds(4);
    assert_eq!(states, [(1, 1, RetryState::Due(due)), (2, 0, RetryState::Held), (4, 0, RetryState::Held)]);

    assert_eq!(line.wake_at(START), Some(due));
    assert_eq!(sent(&mut line, due), [1]);
    finish(&mut line, 1, DELIVERED, due);
    assert_eq!(sent(&mut line, due), [2]);
    finish(&mut line, 2, DELIVERED, due);
    assert_eq!(sent(&mut line, due), [4]);
    let draft = line.settlement().expect("something");
    assert_eq!(draft.done, [place(1), place(2)]);
    line.settled(true);
    finish(&mut line, 4, DELIVERED, due);
    assert_eq!(line.settlement().expect("something").done, [place(4)]);
}

#[test]
fn what_is_exhausted_lets_the_next_one_go() {
    let mut line = Line::new(ENDPOINT, EventPlace::after(9), None);
    let held = Retry { place: place(2), lane: "a".into(), attempts: 0, state: RetryState::Held };
    let last = Retry { place: place(1), lane: "a".into(), attempts: 9, state: RetryState::Due(START) };
    line.load_retries(vec![last, held], true, START);
    assert_eq!(next(&mut line, START).number, 10);
    finish(&mut line, 1, FAILED, START);
    assert_eq!(next(&mut line, START), Sending { place: place(2), number: 1, source: Source::Retry });
    let (_, retries) = settle(&mut line).expect("something");
    assert!(matches!(retries[..], [Retry { state: RetryState::Exhausted(START), attempts: 10, .. }]), "{retries:?}");
}

#[test]
fn the_first_of_a_lane_is_never_held_whatever_the_ledger_says() {
    let mut line = Line::new(ENDPOINT, EventPlace::after(9), None);
    let held = |seq| Retry { place: place(seq), lane: "a".into(), attempts: 0, state: RetryState::Held };
    line.load_retries(vec![held(3), held(4)], true, START);
    assert_eq!(sent(&mut line, START), [3]);
}

#[test]
fn what_could_not_be_written_is_written_again_with_what_came_since() {
    let mut line = line(ENDPOINT);
    take(&mut line, &[(1, "a"), (2, "b")]);
    assert_eq!(sent(&mut line, START), [1, 2]);
    finish(&mut line, 1, FAILED, START);
    let first = line.settlement().expect("something");
    assert!(line.settlement().is_none(), "one at a time");
    assert_eq!(sent(&mut line, START.plus_seconds(6)), [1]);
    finish(&mut line, 1, DELIVERED, START.plus_seconds(6));
    finish(&mut line, 2, DELIVERED, START.plus_seconds(6));
    line.settled(false);
    let second = line.settlement().expect("something");
    assert_eq!((first.cursor, first.retries.len(), first.done.len()), (place(1), 1, 0));
    assert_eq!((second.cursor, second.retries.len(), second.done), (EventPlace::after(2), 0, vec![place(1)]));
    line.settled(true);
    assert!(line.is_idle());
}

#[test]
fn what_was_not_sent_waits_again() {
    let mut line = line(ENDPOINT);
    take(&mut line, &[(1, "a"), (2, "a")]);
    assert_eq!(sent(&mut line, START), [1]);
    finish(&mut line, 1, Outcome::NotSent, START);
    assert_eq!(sent(&mut line, START), [1]);
    finish(&mut line, 1, FAILED, START);
    let due = START.plus_seconds(6);
    assert_eq!(next(&mut line, due).number, 2);
    finish(&mut line, 1, Outcome::NotSent, due);
    assert_eq!(next(&mut line, due).number, 2, "nobody saw it, so it does not count");
}

#[test]
fn what_is_not_wanted_is_passed_over() {
    let mut line = line(ENDPOINT);
    take(&mut line, &[(1, "a"), (2, "a")]);
    assert_eq!(sent(&mut line, START), [1]);
    finish(&mut line, 1, Outcome::Skipped, START);
    assert_eq!(sent(&mut line, START), [2]);
    assert_eq!(settle(&mut line), Some((place(1), Vec::new())));
}

#[test]
fn a_line_takes_no_more_than_it_may() {
    let mut line = line(ENDPOINT);
    assert_eq!(line.wish(FAR).expect("a wish").limit, TAKEN_MAX);
    let lanes: Vec<(u64, String)> = (1..=TAKEN_MAX as u64).map(|seq| (seq, format!("{seq}"))).collect();
    let lanes: Vec<(u64, &str)> = lanes.iter().map(|(seq, lane)| (*seq, lane.as_str())).collect();
    take(&mut line, &lanes);
    assert_eq!(line.wish(FAR), None);
    let sent = sent(&mut line, START);
    assert_eq!(sent, [1, 2, 3, 4]);
    finish(&mut line, 2, DELIVERED, START);
    assert_eq!(line.wish(FAR), None, "the cursor has not moved");
    finish(&mut line, 1, DELIVERED, START);
    let wish = line.wish(FAR).expect("a wish");
    assert_eq!((wish.limit, wish.after), (2, EventPlace::after(64)));
}

#[test]
fn nothing_is_sent_while_too_much_is_not_written() {
    let mut line = line(ENDPOINT);
    for seq in 1..=UNSETTLED_MAX as u64 {
        take(&mut line, &[(seq, &format!("{}", seq / 2))]);
        finish(&mut line, seq, DELIVERED, START);
    }
    let retries = (1..=300).map(|seq| Retry {
        place: place(seq),
        lane: "a".into(),
        attempts: 0,
        state: if seq == 1 { RetryState::Due(START) } else { RetryState::Held },
    });
    let mut line = Line::new(ENDPOINT, EventPlace::after(300), None);
    line.load_retries(retries.collect(), true, START);
    let mut all = 0;
    while let Some(sending) = line.next(START) {
        line.finish(sending.place, DELIVERED, None, START, 0);
        all += 1;
    }
    assert_eq!((all, line.wish(FAR)), (UNSETTLED_MAX, None));
    settle(&mut line).expect("something to write");
    assert!(line.next(START).is_some() && line.wish(FAR).is_some());
}

#[test]
fn no_more_retries_than_fit_and_the_rest_is_read_when_there_is_room() {
    let rows = |from: u64, to: u64| -> Vec<Retry> {
        (from..=to)
            .map(|seq| Retry { place: place(seq), lane: format!("{seq}"), attempts: 1, state: RetryState::Due(START) })
            .collect()
    };
    let end = 3 * RETRIES_MAX as u64;
    let mut line = Line::new(ENDPOINT, EventPlace::after(end), None);
    line.load_retries(rows(1, RETRIES_MAX as u64), false, START);
    assert!(line.wish(FAR).is_none() && !line.wants_retries(), "older ones come first");
    while !line.wants_retries() {
        let sending = next(&mut line, START);
        line.finish(sending.place, DELIVERED, None, START, 0);
        if line.unsettled() > 100 {
            settle(&mut line);
        }
    }
    let half = RETRIES_MAX as u64 / 2;
    line.load_retries(rows(half + 1, 3 * half), true, START);
    assert!(!line.wants_retries());
    assert!(line.wish(FAR).is_none(), "it is full");
}
