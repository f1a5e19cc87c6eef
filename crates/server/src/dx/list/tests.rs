//! How much of a list is read at once, and by how many.

use super::*;

fn part(rows: u32, bytes: usize) -> Part<u32> {
    Part { text: vec![b' '; bytes], rows, last: None }
}

#[test]
fn a_slice_is_bounded_in_bytes() {
    for (rows, bytes, next) in [
        (100, 60_000, 500),
        (100, 1024 * 1024, 100),
        (100, 20 * 1024 * 1024, 5),
        (5, 100 * 1024 * 1024, 1),
        (5, 1024, 500),
        (0, 0, 1),
    ] {
        assert_eq!(rows_like(&part(rows, bytes)), next, "{rows} rows of {bytes} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_for_a_turn_is_told_to_come_again() {
    let turns = Turns::new();
    let mut taken = Vec::new();
    for _ in 0..READING_MAX {
        taken.push(turns.soon().await.expect("a turn"));
    }
    let began = tokio::time::Instant::now();
    let problem = turns.soon().await.expect_err("no turn");
    assert_eq!((problem.reason(), began.elapsed()), (Reason::Overloaded, TURN_WAIT_MAX));
    taken.pop();
    let _turn = turns.soon().await.expect("a turn");
}
