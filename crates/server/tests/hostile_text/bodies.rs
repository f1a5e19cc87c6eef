//! Bodies that are no decent JSON, or not the JSON that a body has to be.

/// Bodies that no operation takes, and the reason that each is told.
pub fn bodies() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let name = |inner: &[u8]| [br#"{"name":""#, inner, br#""}"#].concat();
    let value = |inner: &str| format!(r#"{{"name":{inner}}}"#).into_bytes();
    let nested =
        |open: &str, close: &str, depth: usize| value(&format!("{}{}", open.repeat(depth), close.repeat(depth)));
    let keys = |count: usize| {
        let keys: Vec<String> = (0..count).map(|n| format!("\"k{n}\":1")).collect();
        format!("{{{}}}", keys.join(",")).into_bytes()
    };
    let mut bodies = vec![
        ("nothing", Vec::new(), "malformed_json"),
        ("a space", b" ".to_vec(), "malformed_json"),
        ("a byte order mark", [&b"\xEF\xBB\xBF"[..], b"{}"].concat(), "malformed_json"),
        ("UTF-16", b"\xFF\xFE{\0}\0".to_vec(), "malformed_json"),
        ("an array", b"[]".to_vec(), "invalid_body"),
        ("a string", b"\"x\"".to_vec(), "invalid_body"),
        ("null", b"null".to_vec(), "invalid_body"),
        ("a number", b"1".to_vec(), "invalid_body"),
        ("two values", b"{}{}".to_vec(), "malformed_json"),
        ("a comma at the end", b"{\"name\":\"a\",}".to_vec(), "malformed_json"),
        ("a comment", b"{/**/}".to_vec(), "malformed_json"),
        ("single quotes", b"{'name':'a'}".to_vec(), "malformed_json"),
        ("a name without quotes", b"{name:\"a\"}".to_vec(), "malformed_json"),
        ("cut off", b"{\"name\":\"a".to_vec(), "malformed_json"),
        ("a zero byte after it", b"{}\0".to_vec(), "malformed_json"),
        ("a raw zero byte", name(b"a\0b"), "malformed_json"),
        ("a raw control character", name(b"a\x01b"), "malformed_json"),
        ("a raw line feed", name(b"a\nb"), "malformed_json"),
        ("an overlong slash", name(b"\xC0\xAF"), "malformed_json"),
        ("an overlong zero", name(b"\xC0\x80"), "malformed_json"),
        ("a surrogate in UTF-8", name(b"\xED\xA0\x80"), "malformed_json"),
        ("beyond Unicode", name(b"\xF4\x90\x80\x80"), "malformed_json"),
        ("a lone continuation", name(b"\x80"), "malformed_json"),
        ("a cut sequence", name(b"\xE2\x82"), "malformed_json"),
        ("Latin-1", name(b"caf\xE9"), "malformed_json"),
        ("an escaped zero", name(br"a\u0000b"), "invalid_body"),
        ("a lone high surrogate", name(br"\uD800"), "malformed_json"),
        ("a lone low surrogate", name(br"\uDC00"), "malformed_json"),
        ("surrogates the wrong way round", name(br"\uDC00\uD800"), "malformed_json"),
        ("a high surrogate and a letter", name(br"\uD800a"), "malformed_json"),
        ("an unknown escape", name(br"\x41"), "malformed_json"),
        ("a short escape", name(br"\u41"), "malformed_json"),
        ("1e400", value("1e400"), "invalid_body"),
        ("-1e400", value("-1e400"), "invalid_body"),
        ("2^64", value("18446744073709551616"), "invalid_body"),
        ("-2^63-1", value("-9223372036854775809"), "invalid_body"),
        ("1e19", value("1e19"), "invalid_body"),
        ("a number of a thousand digits", value(&"9".repeat(1000)), "invalid_body"),
        ("NaN", value("NaN"), "malformed_json"),
        ("Infinity", value("Infinity"), "malformed_json"),
        ("a plus", value("+1"), "malformed_json"),
        ("a leading zero", value("01"), "malformed_json"),
        ("hexadecimal", value("0x1"), "malformed_json"),
        ("a bare point", value("1."), "malformed_json"),
        ("the same name twice", br#"{"name":"a","name":"b"}"#.to_vec(), "duplicate_key"),
        ("the same name escaped", br#"{"name":"a","n\u0061me":"b"}"#.to_vec(), "duplicate_key"),
        ("an unknown name twice", br#"{"x":1,"x":1}"#.to_vec(), "duplicate_key"),
        ("the same name twice below", br#"{"settings":{"a":1,"\u0061":2}}"#.to_vec(), "duplicate_key"),
        ("the same name twice in an array", br#"{"items":[{"a":1,"a":1}]}"#.to_vec(), "duplicate_key"),
        ("a zero in a name", br#"{"na\u0000me":1}"#.to_vec(), "invalid_body"),
        ("arrays 10,000 deep", nested("[", "]", 10_000), "invalid_body"),
        ("arrays 10,000 deep, never closed", nested("[", "", 10_000), "invalid_body"),
        ("objects 10,000 deep", nested("{\"a\":", "}", 10_000), "invalid_body"),
        ("33 deep", nested("[", "]", 32), "invalid_body"),
        ("1,001 elements", value(&format!("[{}1]", "1,".repeat(1000))), "invalid_body"),
        ("1,001 names", keys(1001), "invalid_body"),
        ("20,000 names", keys(20_000), "invalid_body"),
    ];
    bodies.push(("too many bytes", vec![b' '; 256 * 1024 + 1], "body_too_large"));
    bodies
}
