//! When what failed is tried again: at once, then after 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, each give or take a
//! fifth. Ten attempts in a little more than three days; after the last one it is exhausted.

use orderpark_domain::Instant;

/// The pauses before the second attempt, the third, and so on, in seconds.
pub(super) const STEPS_S: [i64; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];
/// How long a target may ask us to pause, in seconds.
pub const PAUSE_MAX_S: u64 = 24 * 3600;
/// How long an endpoint may do nothing but fail, in seconds.
pub const GIVE_UP_AFTER_S: i64 = 5 * 24 * 3600;

const MICROS: i64 = 1_000_000;

/// The pause after attempt `number`, from 1; none: it was the last one.
pub(super) fn next_s(number: u32, endures: bool) -> Option<i64> {
    let step = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let last = STEPS_S.len() - 1;
    if endures { STEPS_S.get(step.min(last)).copied() } else { STEPS_S.get(step).copied() }
}

/// So many seconds later, give or take a fifth.
pub(super) fn jittered(now: Instant, delay_s: i64, chance: u64) -> Instant {
    let delay = delay_s * MICROS;
    let span = u64::try_from(delay / 5 * 2).unwrap_or(0);
    let drawn = i64::try_from(chance % (span + 1)).unwrap_or(0);
    Instant(now.0.saturating_add(delay - delay / 5 + drawn))
}
