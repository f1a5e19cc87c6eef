//! What each kind of attribute takes, at its boundaries.

use super::*;

fn of(text: &str) -> Json {
    Json::Text(text.to_owned())
}

#[test]
fn names_are_trimmed_bounded_and_without_hidden_characters() {
    assert_eq!(name(&of("  Ünïcode 名前  ")).as_deref(), Ok("Ünïcode 名前"));
    assert!(name(&of(&"é".repeat(NAME_MAX))).is_ok());
    for wrong in [of(""), of("   "), of(&"é".repeat(NAME_MAX + 1)), Json::Unsigned(1), Json::Null] {
        assert!(name(&wrong).is_err(), "{wrong:?}");
    }
    let hidden = "\u{1}\u{1b}\u{7f}\u{85}\u{9f}\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}";
    for character in hidden.chars() {
        assert!(name(&of(&format!("a{character}b"))).is_err(), "{character:?}");
    }
    assert!(external_id(&of(&"x".repeat(EXTERNAL_ID_MAX))).is_ok());
    assert!(external_id(&of(&"x".repeat(EXTERNAL_ID_MAX + 1))).is_err());
}

#[test]
fn emails_are_logins() {
    for right in ["a@b", "first.last+tag@example.com", "x_y%z@sub.example.org"] {
        assert_eq!(email(&of(right)).as_deref(), Ok(right));
    }
    let long = format!("{}@example.com", "a".repeat(250));
    for wrong in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a/b@c", "a@b/c", "\"a\"@b", "a@é", long.as_str()] {
        assert!(email(&of(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn addresses_are_of_the_web() {
    for right in ["http://a", "https://a.example/x?y=1", "https://[::1]:8443/", "http://user:word@host/"] {
        assert!(url(&of(right)).is_ok(), "{right}");
    }
    let long = format!("https://a/{}", "x".repeat(URL_MAX));
    for wrong in ["", "a", "/x", "ftp://a", "javascript:alert(1)", "http://", "http://a b", long.as_str()] {
        assert!(url(&of(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn ids_are_segments() {
    assert!(id(&of(&"a".repeat(128))).is_ok());
    for wrong in ["", "a/b", ".a", "-a", "a b", "é", "a\0", &"a".repeat(129)] {
        assert!(id(&of(wrong)).is_err(), "{wrong}");
    }
    for right in ["acme/sensor-100", "a@b.example/x~y", "1/2"] {
        assert!(owned_id(&of(right)).is_ok(), "{right}");
    }
    for wrong in ["acme", "acme/", "/x", "a/b/c", "a//b", "a/ b"] {
        assert!(owned_id(&of(wrong)).is_err(), "{wrong}");
    }
    assert!(strategy_id(&of("ROUTE")).is_ok() && strategy_id(&of("acme/r")).is_ok() && strategy_id(&of("a/")).is_err());
}

#[test]
fn numbers_have_their_bounds() {
    for (number, right) in [(0, false), (1, true), (1_000_000, true), (1_000_001, false), (u64::MAX, false)] {
        assert_eq!(quantity(&Json::Unsigned(number)).is_ok(), right, "{number}");
    }
    for wrong in [Json::Negative(-1), Json::Fraction(1.0), of("1"), Json::Bool(true)] {
        assert!(quantity(&wrong).is_err(), "{wrong:?}");
    }
    for (text, right) in [("1", true), ("1000000000", true), ("1000000001", false), ("0", false), ("-1", false)] {
        assert_eq!(granted(&of(text)).is_ok(), right, "{text}");
    }
    for wrong in ["", "1.0", " 1", "+1", "1e3", "9223372036854775808"] {
        assert!(granted(&of(wrong)).is_err() && used(&of(wrong)).is_err(), "{wrong}");
    }
    assert_eq!(used(&of("0")), Ok(0));
}

#[test]
fn lists_hold_each_once() {
    let array = |texts: &[&str]| Json::Array(texts.iter().map(|text| of(text)).collect());
    assert_eq!(grants(&array(&["VENDOR:12", "SUBSCRIBER:13"])).map(|grants| grants.len()), Ok(2));
    for wrong in [&["VENDOR:12", "VENDOR:12"][..], &["vendor:12"], &["VENDOR:012"], &["VENDOR"], &[]] {
        assert!(grants(&array(wrong)).is_err(), "{wrong:?}");
    }
    assert!(strategy_ids(&array(&["ROUTE", "acme/x"])).is_ok());
    assert!(strategy_ids(&array(&["ROUTE", "ROUTE"])).is_err());
}

#[test]
fn what_nobody_can_see_is_refused_with_its_place() {
    let hidden = [
        '\u{ad}',
        '\u{34f}',
        '\u{115f}',
        '\u{180e}',
        '\u{200b}',
        '\u{2028}',
        '\u{2029}',
        '\u{2060}',
        '\u{2064}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff9}',
        '\u{ffff}',
        '\u{e0061}',
        '\u{e0100}',
        '\u{200d}',
        '\u{200c}',
    ];
    for character in hidden {
        let code = format!("U+{:04X} (character 3)", u32::from(character));
        // What separates lines is trimmed at the end.
        let last = if character.is_whitespace() { "c" } else { "" };
        for text in [format!("ab{character}{last}"), format!("ab{character}cd"), format!("PO{character}1")] {
            let refused = name(&of(&text)).expect_err(&text);
            assert!(refused.rule().contains(&code), "{refused:?}");
            assert!(external_id(&of(&text)).is_err() && description(&of(&text)).is_err(), "{text:?}");
            for read in [id, owned_id, email, url, reference] {
                assert!(read(&of(&text)).is_err_and(|wrong| wrong.rule().contains("U+")), "{text:?}");
            }
        }
        assert!(name(&of(&character.to_string())).is_err(), "{character:?} alone");
    }
    for blank in ["\u{2800}", "\u{a0}\u{2800}\u{3000}"] {
        assert!(name(&of(blank)).is_err(), "{blank:?}");
    }
}

#[test]
fn what_a_script_or_an_emoji_needs_is_taken() {
    for right in [
        "می‌خواهم",
        "کتاب‌ها",
        "क्‍ष",
        "र‍्य",
        "രാജന്‍",
        "ශ්‍රී ලංකා",
        "👩‍🌾 Farm",
        "👩🏽‍🚒",
        "🏳️‍🌈",
        "❤️",
        "1️⃣ first",
        "葛\u{e0100}城",
        "שלום\u{200f}!",
        "C++\u{200e} שלום",
        "مزرعة",
        "Straße №5 – “x”",
        "ตลาด",
    ] {
        assert_eq!(name(&of(right)).as_deref(), Ok(right.trim()), "{right:?}");
    }
    for wrong in
        ["a\u{200c}b", "می\u{200c}\u{200c}خ", "👩\u{200d}", "\u{200d}👩", "1\u{fe0f}", "שלום\u{200f}", "abc\u{200e}d"]
    {
        assert!(name(&of(wrong)).is_err(), "{wrong:?}");
    }
}

#[test]
fn texts_are_composed() {
    assert_eq!(external_id(&of("cafe\u{301}-1")).as_deref(), Ok("caf\u{e9}-1"));
    assert_eq!(name(&of("\u{1112}\u{1161}\u{11ab}")).as_deref(), Ok("\u{d55c}"));
    assert_eq!(name(&of(&"e\u{301}".repeat(NAME_MAX))).map(|name| name.chars().count()), Ok(NAME_MAX));
    assert_eq!(external_ids_in_query("cafe\u{301}"), Ok(("caf\u{e9}".into(), Some("cafe\u{301}".into()))));
    assert_eq!(external_ids_in_query("PO-1"), Ok(("PO-1".into(), None)));
}
