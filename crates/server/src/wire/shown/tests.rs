//! Which names are near, and what is quoted.

use super::*;

#[test]
fn the_nearest_name_is_the_same_but_for_case_or_a_typing_error_away() {
    let known = ["id", "ref", "offerId", "offerRef", "externalId", "withProcessingStrategyId"];
    let near = |sent: &str| nearest(sent, known.into_iter());
    for (sent, meant) in [
        ("offerID", "offerId"),
        ("offer_ref", "offerRef"),
        ("oferId", "offerId"),
        ("extrenalId", "externalId"),
        ("processingStrategyId", "withProcessingStrategyId"),
        ("Id", "id"),
    ] {
        assert_eq!(near(sent), Some(meant), "{sent}");
    }
    for sent in ["", "q", "name", "quantity", &"offerId".repeat(100)] {
        assert_eq!(near(sent), None, "{sent}");
    }
}

#[test]
fn no_value_that_may_hold_a_secret_is_quoted() {
    let text = |text: &str| Json::Text(text.to_owned());
    for name in ["clientSecret", "accessToken", "Password"] {
        assert_eq!(but(name, &text("hidden"), "must be"), "must be");
    }
    assert_eq!(but("portalUrl", &text("no address, hidden"), "must be"), "must be");
    assert_eq!(but("name", &text("a\"\u{202e}\\"), "must be"), r#"is 'a"\u202e\\', but must be"#);
    assert_eq!(but("a", &Json::Object(vec![("secret".into(), text("hidden"))]), "x"), "is an object, but x");
}

#[test]
fn what_looks_like_a_secret_is_not_shown_wherever_it_was_sent() {
    let basic = "b3BzQG9wZXJhdG9yLmV4YW1wbGU6b25seS1mb3I=";
    for secret in ["ops_abc", "x?eyJhbGciOi", "Bearer opt_1", "whsec_AAAA", basic] {
        assert!(!quoted(secret).contains(secret) && !path(secret).contains(secret), "{secret}");
    }
    for plain in ["acme/Sensors-2026-for-Northern-Fields", "019aafd9-d100-7000-8000-00000000ac00", "PO-2026-17"] {
        assert_eq!(name(plain), plain);
    }
}

#[test]
fn what_is_shown_back_is_short_and_visible() {
    assert_eq!(quoted("a\u{200b}b\n"), "'a\\u200bb\\u000a'");
    assert_eq!(quoted(&"é".repeat(65)), format!("'{}…'", "é".repeat(64)));
    assert_eq!(quoted(&"é".repeat(64)), format!("'{}'", "é".repeat(64)));
}
