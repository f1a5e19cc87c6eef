//! Which texts are times, and which stored instants lie before them.

use super::*;
use proptest::prelude::*;

fn micros(text: &str) -> Option<i64> {
    parse(text).map(|instant| instant.0)
}

#[test]
fn what_rfc_3339_allows_is_a_time() {
    let second = micros("2026-11-23T10:00:00Z").expect("a time");
    for same in [
        "2026-11-23t10:00:00z",
        "2026-11-23 10:00:00.000Z",
        "2026-11-23T12:30:00+02:30",
        "2026-11-23T10:00:00-00:00",
        "2026-11-22T23:00:00.0-11:00",
        "2026-11-23T09:59:60Z",
        "2026-11-23T09:59:60.9Z",
    ] {
        assert_eq!(micros(same), Some(second), "{same}");
    }
    assert!(parse("2028-02-29T00:00:00Z").is_some());
    for wrong in [
        "",
        "2026-11-23",
        "2026-11-23T10:00Z",
        "2026-11-23T10:00:00",
        "2026-11-23T10:00:00 02:00",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00+2:00",
        "2026-11-23T10:00:00+24:00",
        "2026-11-23T24:00:00Z",
        "2026-11-23T10:60:00Z",
        "2026-11-23T10:00:61Z",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "26-11-23T10:00:00Z",
        "+2026-11-23T10:00:00Z",
        "2026-11-23T10:00:00Zé",
        "2026-11-2éT10:00:00Z",
        "2026-11-23T10:00:00Z[UTC]",
    ] {
        assert_eq!(micros(wrong), None, "{wrong}");
    }
}

#[test]
fn the_far_ends_are_the_last_that_can_be_shown() {
    let end = Some(Timestamp::MAX.as_microsecond());
    for far in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:60-23:59"] {
        assert_eq!(micros(far), end, "{far}");
    }
    assert!(micros("0000-01-01T00:00:00+23:59").is_some_and(|start| start < 0));
}

proptest! {
    /// The reference counts nanoseconds: a stored instant is before a time, or not, as both numbers
    /// say.
    #[test]
    fn finer_times_stand_between_stored_ones(nanos in 0_i64..4_000_000_000_000_000_000, near in -2_i64..3) {
        let text = Timestamp::from_nanosecond(i128::from(nanos)).expect("before 2100").to_string();
        let stored = nanos / 1000 + near;
        let read = micros(&text).expect("jiff writes RFC 3339");
        prop_assert_eq!(stored < read, stored * 1000 < nanos, "{} and {}", stored, text);
    }
}
