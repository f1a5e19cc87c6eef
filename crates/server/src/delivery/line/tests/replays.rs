//! Sending again what was sent before.

use super::*;
use orderpark_store::deliveries::{Replay, RetryState};

fn asked(id: u64, after: u64, until: u64) -> Replay {
    Replay { id, after: EventPlace::after(after), until: EventPlace::after(until) }
}

/// A line that has delivered the events 1 to 9, and is asked for some of them.
fn replaying(replay: Replay) -> Line {
    let mut line = Line::new(ENDPOINT, EventPlace::after(9), None);
    line.load_retries(Vec::new(), true, START);
    line.load_replay(Some(replay));
    line
}

fn take_replay(line: &mut Line, events: &[(u64, &str)]) {
    let wish = line.wish(FAR).expect("a wish");
    assert_eq!(wish.source, Source::Replay);
    let until = wish.until.expect("an end");
    line.take(Source::Replay, events.iter().map(|(seq, lane)| met(*seq, lane, 1)).collect(), until, START);
}

#[test]
fn a_replay_sends_its_stretch_once_more_and_then_says_so() {
    let mut line = replaying(asked(1, 3, 5));
    assert_eq!(line.wish(FAR).map(|wish| wish.after), Some(EventPlace::after(3)));
    take_replay(&mut line, &[(4, "a"), (5, "a")]);
    assert_eq!(sent(&mut line, START), [4]);
    finish(&mut line, 4, DELIVERED, START);
    let draft = line.settlement().expect("something to write");
    assert_eq!((draft.cursor, draft.replayed, draft.replay_done), (EventPlace::after(9), Some((1, place(4))), false));
    assert!(!line.settled(true));
    assert_eq!(sent(&mut line, START), [5]);
    finish(&mut line, 5, DELIVERED, START);
    let draft = line.settlement().expect("something to write");
    assert_eq!((draft.replayed, draft.replay_done), (Some((1, EventPlace::after(5))), true));
    assert!(!line.is_idle());
    assert!(line.settled(true), "there may be another one");
    assert!(line.is_idle());
}

#[test]
fn what_fails_in_a_replay_becomes_a_retry_and_holds_back_its_lane() {
    let mut line = replaying(asked(1, 0, 9));
    take_replay(&mut line, &[(1, "a"), (2, "a"), (3, "b")]);
    assert_eq!(sent(&mut line, START), [1, 3]);
    finish(&mut line, 1, FAILED, START);
    finish(&mut line, 3, DELIVERED, START);
    let draft = line.settlement().expect("something to write");
    let states: Vec<_> = draft.retries.iter().map(|retry| (retry.place.seq, retry.state)).collect();
    assert_eq!(states, [(1, RetryState::Due(START.plus_seconds(4))), (2, RetryState::Held)]);
    assert!(draft.replay_done);
}

#[test]
fn what_lies_beyond_the_cursor_is_sent_anyway() {
    let line = replaying(asked(1, 8, 1000));
    assert_eq!(line.wish(FAR).and_then(|wish| wish.until), Some(EventPlace::after(9)));
    let mut line = replaying(asked(1, 500, 1000));
    assert_eq!(line.wish(FAR).map(|wish| wish.source), Some(Source::News));
    assert!(line.settlement().expect("the end").replay_done);
}

#[test]
fn a_replay_of_nothing_is_done_at_once() {
    let mut line = replaying(asked(1, 5, 5));
    assert!(line.settlement().expect("the end").replay_done);
    assert!(line.settled(true));
}

#[test]
fn what_was_asked_for_behind_our_back_is_taken_in() {
    let mut line = Line::new(ENDPOINT, EventPlace::after(9), None);
    let due =
        |seq: u64, at| Retry { place: place(seq), lane: format!("{seq}"), attempts: 3, state: RetryState::Due(at) };
    let later = START.plus_seconds(3600);
    line.load_retries(vec![due(1, later), due(2, later)], true, START);
    assert!(sent(&mut line, START).is_empty());
    line.load_retries(vec![due(1, START), due(2, later), due(7, START)], true, START);
    let now = sent(&mut line, START);
    assert_eq!(now, [1, 7]);
    line.load_retries(vec![due(1, START), due(2, later), due(7, START)], true, START);
    finish(&mut line, 1, DELIVERED, START);
    finish(&mut line, 7, DELIVERED, START);
    line.load_retries(vec![due(1, START), due(2, later), due(7, START)], true, START);
    assert!(sent(&mut line, START).is_empty(), "what is done and not written yet is not taken in again");
}

#[test]
fn an_exhausted_one_that_is_asked_for_is_tried_again() {
    let mut line = Line::new(ENDPOINT, EventPlace::after(9), None);
    let exhausted = Retry { place: place(4), lane: "a".into(), attempts: 10, state: RetryState::Exhausted(START) };
    line.load_retries(vec![exhausted.clone()], true, START);
    assert!(line.next(START).is_none());
    line.load_retries(vec![Retry { attempts: 0, state: RetryState::Due(START), ..exhausted }], true, START);
    assert_eq!(next(&mut line, START).number, 1);
}

#[test]
fn one_event_is_never_under_way_twice_whoever_asks_for_it() {
    let mut line = replaying(asked(1, 3, 5));
    let alone =
        |seq| Retry { place: place(seq), lane: format!("replay:{seq}"), attempts: 0, state: RetryState::Due(START) };
    take_replay(&mut line, &[(4, "a"), (5, "a")]);
    assert_eq!(sent(&mut line, START), [4]);
    line.load_retries(vec![alone(4), alone(5)], true, START);
    assert_eq!(sent(&mut line, START), [5], "it waits no more in its lane, and is sent on its own account");
    finish(&mut line, 4, FAILED, START);
    finish(&mut line, 5, DELIVERED, START);
    let draft = line.settlement().expect("something to write");
    assert_eq!((draft.done, draft.retries.len(), draft.replay_done), (vec![place(5)], 1, true));
    assert_eq!(draft.retries[0].lane, "a");
    line.settled(true);
    let due = START.plus_seconds(5);
    assert_eq!(sent(&mut line, due), [4]);
    finish(&mut line, 4, DELIVERED, due);
    settle(&mut line);
    assert!(line.is_idle());
}

#[test]
fn who_asks_for_what_is_going_to_be_sent_anyway_gets_it_once() {
    let mut line = line(ENDPOINT);
    take(&mut line, &[(1, "a")]);
    assert_eq!(sent(&mut line, START), [1]);
    let row = Retry { place: place(1), lane: "replay:1".into(), attempts: 0, state: RetryState::Due(START) };
    line.load_retries(vec![row], true, START);
    assert!(sent(&mut line, START).is_empty());
    finish(&mut line, 1, DELIVERED, START);
    assert_eq!(line.settlement().expect("something to write").done, [place(1)]);
}
