use super::*;
use http::HeaderValue;

/// 2026-11-23T10:00:00Z.
const NOW: Instant = Instant(1_795_428_000_000_000);

fn wait(value: &str) -> Option<u64> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_str(value).expect("a value"));
    retry_after(&headers, NOW)
}

#[test]
fn retry_after_is_seconds_or_a_date_and_at_most_a_day() {
    let cases = [
        ("0", Some(0)),
        ("120", Some(120)),
        (" 7 ", Some(7)),
        ("86400", Some(86_400)),
        ("86401", Some(86_400)),
        ("99999999999999999999999", Some(86_400)),
        ("Mon, 23 Nov 2026 10:00:30 GMT", Some(30)),
        ("Mon, 23 Nov 2026 09:00:00 GMT", Some(0)),
        ("Thu, 26 Nov 2026 10:00:00 GMT", Some(86_400)),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("Tue, 23 Nov 2026 10:00:30 GMT", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
    ];
    for (value, expected) in cases {
        assert_eq!(wait(value), expected, "{value:?}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), NOW), None);
}

#[test]
fn an_excerpt_has_at_most_1_kib_and_no_hidden_characters() {
    assert_eq!(excerpt(b""), None);
    assert_eq!(excerpt(b" \r\n\t\0 "), None);
    assert_eq!(excerpt(b"ok").as_deref(), Some("ok"));
    assert_eq!(excerpt(b"a\0b\x1b[31mc\r\nd\x7f").as_deref(), Some("a b [31mc  d"));
    assert_eq!(excerpt("a\u{202e}b\u{200f}c\u{85}d".as_bytes()).as_deref(), Some("a b c d"));
    assert_eq!(excerpt(&[b'x'; READ_MAX]).expect("text").len(), EXCERPT_MAX);
    for length in EXCERPT_MAX - 4..EXCERPT_MAX + 4 {
        let text = format!("{}\u{1f600}\u{e4}", "x".repeat(length));
        let excerpt = excerpt(text.as_bytes()).expect("text");
        assert!(excerpt.len() <= EXCERPT_MAX && text.starts_with(&excerpt), "{length}");
    }
    assert_eq!(excerpt(&[b'o', b'k', 0xff, 0xfe]).as_deref(), Some("ok\u{fffd}\u{fffd}"));
    assert!(excerpt(&[0xff; READ_MAX]).expect("text").len() <= EXCERPT_MAX);
}

#[test]
fn only_200_to_299_is_a_success() {
    for status in 100..=999 {
        let found = failure(StatusCode::from_u16(status).expect("a status"));
        let expected = match status {
            200..=299 => None,
            300..=399 => Some(Failure::Redirect(status)),
            _ => Some(Failure::Status(status)),
        };
        assert_eq!(found, expected);
    }
}
