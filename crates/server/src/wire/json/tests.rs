//! What the strict reader takes and refuses.

use super::*;

fn reason(text: &[u8]) -> Option<Reason> {
    parse(text).err().map(|problem| problem.reason())
}

#[test]
fn takes_what_json_is() {
    let value = parse(br#" {"a": [1, -2, 1.5, "x\u00e9\ud83d\ude00", true, null], "b": {}} "#).expect("JSON");
    let expected = [
        Json::Unsigned(1),
        Json::Negative(-2),
        Json::Fraction(1.5),
        Json::Text("x\u{e9}\u{1F600}".to_owned()),
        Json::Bool(true),
        Json::Null,
    ];
    assert_eq!(value.get("a"), Some(&Json::Array(expected.into())));
    assert_eq!(value.get("b"), Some(&Json::Object(Vec::new())));
    assert_eq!(value.get("c"), None);
}

#[test]
fn refuses_what_programs_would_read_differently() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    let long = |length: usize| format!("[{}]", vec!["0"; length].join(",")).into_bytes();
    let cases: [(&[u8], Option<Reason>); 22] = [
        (b"", Some(Reason::MalformedJson)),
        (b"{", Some(Reason::MalformedJson)),
        (b"{} {}", Some(Reason::MalformedJson)),
        (b"{}x", Some(Reason::MalformedJson)),
        (b"\xEF\xBB\xBF{}", Some(Reason::MalformedJson)),
        (b"{\"a\":\"\xC0\xAF\"}", Some(Reason::MalformedJson)),
        (b"{\"a\":\"\xED\xA0\x80\"}", Some(Reason::MalformedJson)),
        (br#"{"a":"\ud800"}"#, Some(Reason::MalformedJson)),
        (br#"{"a":"\udc00x"}"#, Some(Reason::MalformedJson)),
        (b"{\"a\":\"\x01\"}", Some(Reason::MalformedJson)),
        (br#"{"a":"\u0000"}"#, Some(Reason::InvalidBody)),
        (br#"{"\u0000":1}"#, Some(Reason::InvalidBody)),
        (br#"{"a":1,"a":2}"#, Some(Reason::DuplicateKey)),
        (br#"{"a":1,"\u0061":2}"#, Some(Reason::DuplicateKey)),
        (br#"[{"x":[{"b":1,"b":1}]}]"#, Some(Reason::DuplicateKey)),
        (b"1e400", Some(Reason::InvalidBody)),
        (b"1e300", Some(Reason::InvalidBody)),
        (b"18446744073709551616", Some(Reason::InvalidBody)),
        (b"18446744073709551615", None),
        (b"01", Some(Reason::MalformedJson)),
        (b"NaN", Some(Reason::MalformedJson)),
        (b"'a'", Some(Reason::MalformedJson)),
    ];
    for (text, expected) in cases {
        assert_eq!(reason(text), expected, "{}", String::from_utf8_lossy(text));
    }
    assert_eq!(reason(&nested(DEPTH_MAX)), None);
    assert_eq!(reason(&nested(DEPTH_MAX + 1)), Some(Reason::InvalidBody));
    assert_eq!(reason(&nested(10_000)), Some(Reason::InvalidBody));
    assert_eq!(reason(&long(LENGTH_MAX)), None);
    assert_eq!(reason(&long(LENGTH_MAX + 1)), Some(Reason::InvalidBody));
}

#[test]
fn names_are_told_apart_however_many_there_are() {
    let attributes = |count: usize, last: &str| {
        let names = (0..count).map(|n| format!("\"a{n}\":{n}")).collect::<Vec<_>>().join(",");
        format!("{{{names},\"{last}\":0}}").into_bytes()
    };
    for count in [1, COMPARED_MAX - 1, COMPARED_MAX, COMPARED_MAX + 1, LENGTH_MAX - 1] {
        assert_eq!(reason(&attributes(count, "b")), None, "{count}");
        for twice in [0, count / 2, count - 1] {
            assert_eq!(
                reason(&attributes(count, &format!("a{twice}"))),
                Some(Reason::DuplicateKey),
                "{count}, a{twice}"
            );
        }
    }
}

#[test]
fn objects_say_the_same_in_any_order() {
    let json = |text: &str| parse(text.as_bytes()).expect("JSON");
    for (one, other, same) in [
        (r#"{"a":1,"b":{"c":2,"d":[3]}}"#, r#"{"b":{"d":[3],"c":2},"a":1}"#, true),
        (r#"{"a":1,"b":2}"#, r#"{"a":1,"c":2}"#, false),
        (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, false),
        (r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#, false),
    ] {
        assert_eq!(json(one).says_the_same(&json(other)), same, "{one} {other}");
    }
}

#[test]
fn a_message_says_what_is_wrong_with_a_body() {
    let message = |text: &str| parse_object(text.as_bytes()).expect_err(text).message().to_owned();
    let cases = [
        (" ", "the body is empty; this operation takes a JSON object"),
        ("[]", "the body is an empty array, but must be one JSON object"),
        ("{\n\"a\": 1e309}", "the body is refused: a number is out of range (line 2, column 10); send a smaller one"),
        ("{\"a\": 1,}", "the body is not JSON: trailing comma at line 1 column 9"),
        ("offerId=x", "the body is not JSON: expected value at line 1 column 1"),
        ("{\"a\": ", "the body is not JSON: EOF while parsing a value at line 1 column 6"),
    ];
    for (text, expected) in cases {
        assert_eq!(message(text), expected);
    }
}

#[test]
fn one_value_has_one_canonical_spelling() {
    let canonical = |text: &[u8]| {
        let mut spelling = Vec::new();
        parse(text).expect("JSON").write_canonical(&mut spelling);
        spelling
    };
    assert_eq!(canonical(br#"{"b":[1,{}],"a":"\u0041"}"#), canonical(b"{ \"a\" : \"A\",\n\"b\":[ 1 , { } ] }"));
    for (one, other) in [("{\"a\":1}", "{\"a\":\"1\"}"), ("[[],[]]", "[[[]]]"), ("{\"a\":null}", "{}")] {
        assert_ne!(canonical(one.as_bytes()), canonical(other.as_bytes()));
    }
}
