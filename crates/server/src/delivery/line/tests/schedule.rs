//! W-04: 80 hours of schedule on simulated time.

use super::*;
use crate::delivery::line::schedule::{STEPS_S, jittered, next_s};
use orderpark_store::deliveries::RetryState;
use orderpark_testbed::Chance;

const HOUR_S: i64 = 3600;
const DOCUMENTED_S: [i64; 9] =
    [5, 300, 1800, 2 * HOUR_S, 5 * HOUR_S, 10 * HOUR_S, 14 * HOUR_S, 20 * HOUR_S, 24 * HOUR_S];

/// The attempts at one event of a target that never takes it: pauses between them in microseconds, and the end.
fn attempts(line: &mut Line, chance: &Chance, attempts_max: usize) -> (Vec<i64>, Instant) {
    take(line, &[(1, "a")]);
    let (mut now, mut pauses) = (START, Vec::new());
    for number in 1.. {
        let sending = next(line, now);
        assert_eq!((sending.place, sending.number), (place(1), number));
        line.finish(place(1), FAILED, None, now, chance.number());
        let Some(next) = line.retry_at() else { break };
        assert!(line.next(Instant(next.0 - 1)).is_none(), "nothing is sent early");
        pauses.push(next.0 - now.0);
        now = next;
        if pauses.len() >= attempts_max {
            break;
        }
    }
    (pauses, now)
}

#[test]
fn ten_attempts_as_documented_give_or_take_a_fifth_and_then_exhausted() {
    assert_eq!(STEPS_S, DOCUMENTED_S);
    let chance = Chance::seeded(4);
    for _ in 0..1000 {
        let mut line = line(ENDPOINT);
        let (pauses, end) = attempts(&mut line, &chance, 100);
        assert_eq!(pauses.len(), 9);
        for (pause, step) in pauses.iter().zip(DOCUMENTED_S) {
            let fifth = step * 1_000_000 / 5;
            assert!((step * 1_000_000 - pause).abs() <= fifth, "{pause} is not {step} s give or take a fifth");
        }
        let (cursor, retries) = settle(&mut line).expect("something to write");
        assert_eq!(cursor, EventPlace::after(1));
        let [only] = &retries[..] else { panic!("{retries:?}") };
        assert_eq!((only.attempts, only.state), (10, RetryState::Exhausted(end)));
        assert!(line.next(end.plus_seconds(100 * HOUR_S)).is_none(), "exhausted is exhausted");
    }
}

#[test]
fn a_supplier_is_told_for_ever_once_a_day() {
    let (pauses, _) = attempts(&mut line(SUPPLIER), &Chance::new(1), 40);
    assert_eq!(pauses.len(), 40);
    let day = 24 * HOUR_S * 1_000_000;
    assert!(pauses[8..].iter().all(|pause| (pause - day).abs() <= day / 5));
    assert_eq!(next_s(u32::MAX, true), Some(24 * HOUR_S));
}

#[test]
fn the_jitter_reaches_both_ends_and_never_beyond() {
    let span = |chance| jittered(Instant(0), 5, chance).0;
    assert_eq!((span(0), span(2_000_000), span(2_000_001)), (4_000_000, 6_000_000, 4_000_000));
    let draws: Vec<i64> = (0..1000).map(|draw| jittered(Instant(0), 300, Chance::new(draw).number()).0).collect();
    assert!(draws.iter().all(|at| (240_000_000..=360_000_000).contains(at)));
    let mean = draws.iter().sum::<i64>() / 1000;
    assert!((mean - 300_000_000).abs() < 5_000_000, "{mean}");
}
