//! How attributes are taken, and how what is wrong is told.

use super::super::parameters::{Counts, Parameter};
use super::super::{json, text};
use super::*;

fn object(text: &str) -> Json {
    json::parse(text.as_bytes()).expect("JSON")
}

fn told<T>(result: Result<T, Problem>) -> (Option<Reason>, String) {
    match result {
        Ok(_) => (None, String::new()),
        Err(problem) => (Some(problem.reason()), problem.paths().collect::<Vec<_>>().join(" ")),
    }
}

#[test]
fn all_errors_are_told_at_once_with_their_paths() {
    let body = object(r#"{"name": 1, "items": [{"productId": "a/b"}, {"productId": null, "x": 1}, 3], "y": 2}"#);
    let mut fields = Fields::new(&body, false);
    let name = fields.required("name", text::name);
    let items = fields.objects("items", |item| item.required("productId", text::owned_id));
    assert_eq!((name.as_str(), items.len()), ("", 2));
    let paths = "name items[1].productId items[2] items[1].x y";
    assert_eq!(told(fields.finish()), (Some(Reason::InvalidAttribute), paths.to_owned()));
}

#[test]
fn leftovers_are_refused_by_name_or_ignored() {
    let body = object(r#"{"a": "x", "b": {"c": 1}, "evil\u202ename": 1}"#);
    let read = |ignore| {
        let mut fields = Fields::new(&body, ignore);
        assert_eq!(fields.optional("a", text::name).as_deref(), Some("x"));
        assert_eq!(fields.object("b", |inner| inner.optional("d", text::name)), Some(None));
        told(fields.finish())
    };
    assert_eq!(read(false), (Some(Reason::UnknownAttribute), "b.c evilname".to_owned()));
    assert_eq!(read(true), (None, String::new()));
}

#[test]
fn an_echo_is_taken_and_a_change_of_what_the_server_owns_is_not() {
    let current = object(r#"{"ref": "1", "name": "old", "items": [{"a": 1, "b": 2}]}"#);
    let change = |body: &str| {
        let body = object(body);
        let mut fields = Fields::new(&body, false);
        let _ = fields.changed("name", text::name);
        told(fields.finish_against(&current))
    };
    assert_eq!(change(r#"{"ref": "1", "name": "new", "items": [{"b": 2, "a": 1}]}"#), (None, String::new()));
    assert_eq!(change(r#"{"ref": "2"}"#), (Some(Reason::InvalidAttribute), "ref".to_owned()));
    assert_eq!(change(r#"{"items": []}"#), (Some(Reason::InvalidAttribute), "items".to_owned()));
    assert_eq!(change(r#"{"name": null}"#), (Some(Reason::InvalidAttribute), "name".to_owned()));
    assert_eq!(change(r#"{"other": 1}"#), (Some(Reason::UnknownAttribute), "other".to_owned()));
}

#[test]
fn null_is_absent_or_takes_away() {
    let body = object(r#"{"a": null, "b": null, "c": null}"#);
    let mut fields = Fields::new(&body, false);
    assert_eq!(fields.optional("a", text::name), None);
    assert_eq!(fields.removable("b", text::name), Some(None));
    assert_eq!(fields.removable("absent", text::name), None);
    assert_eq!(fields.removable_object("c", |_| ()), Some(None));
    assert_eq!(told(fields.finish()), (None, String::new()));
}

static OWN: [Parameter; 1] = [Parameter { name: "withProcessingStrategyId", counts: Counts::Value }];

#[test]
fn a_message_says_what_was_sent_what_it_must_be_and_which_name_is_meant() {
    let sent = |body: &str| {
        let body = object(body);
        let mut fields = Fields::new(&body, false).beside(Parameters::new("POST", "/orders", &OWN));
        fields.required("offerId", text::reference);
        fields.or("quantity", 1, text::quantity);
        fields.optional("scopes", text::grants);
        fields.optional("url", text::url);
        fields.optional("clientSecret", text::id);
        let problem = fields.finish().err().expect("a problem");
        problem.message().replace("offerId is missing; ", "")
    };
    let long = "x".repeat(70);
    let cases = [
        ("{}", "offerId is missing".to_owned()),
        (r#"{"quantity": 0}"#, "quantity is 0, but must be an integer from 1 to 1000000".to_owned()),
        (r#"{"quantity": [1]}"#, "quantity is an array, but must be an integer from 1 to 1000000".to_owned()),
        (
            r#"{"scopes": ["VENDOR:1", "VENDR:\u202e2"]}"#,
            r"scopes[1] is 'VENDR:\u202e2', but must be a scope such as VENDOR:12".to_owned(),
        ),
        (
            r#"{"scopes": ["VENDOR:1", "VENDOR:1"]}"#,
            "scopes[1] is 'VENDOR:1', but must not be repeated in the list".to_owned(),
        ),
        (
            r#"{"scopes": []}"#,
            "scopes is an empty array, but must be an array of at least one scope such as VENDOR:12".to_owned(),
        ),
        (
            &format!(r#"{{"scopes": ["{long}"]}}"#),
            format!("scopes[0] is '{}…', but must be a scope such as VENDOR:12", "x".repeat(64)),
        ),
        (r#"{"clientSecret": "my secret"}"#, format!("clientSecret {}", text::ID_RULE)),
        (
            r#"{"offerId": "a/b", "quantitty": 1}"#,
            "unknown attribute 'quantitty' (did you mean 'quantity'?)".to_owned(),
        ),
        (
            r#"{"offerId": "a/b", "processingStrategyId": "x"}"#,
            "unknown attribute 'processingStrategyId'; withProcessingStrategyId belongs in the query: \
          POST /orders?withProcessingStrategyId=…"
                .to_owned(),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(sent(body), expected, "{body}");
    }
    let url = sent(r#"{"url": "ftp://user:hidden@host.example/hidden?hidden"}"#);
    assert!(url.starts_with("url has the host 'host.example', but must be") && !url.contains("hidden"), "{url}");
}

#[test]
fn a_meaning_is_what_was_read_without_nulls_and_defaults() {
    let meant = |body: &str| {
        let body = object(body);
        let mut fields = Fields::new(&body, true);
        fields.optional("name", text::name);
        fields.or("quantity", 1, text::quantity);
        fields.optional("settings", text::settings);
        fields.objects("items", |item| item.optional("grantedConnections", text::granted));
        serde_json::to_string(&fields.finish().expect("right").meant).expect("JSON")
    };
    let plain = r#"{"name":"x","settings":{"a":null},"items":[{"grantedConnections":5},{}]}"#;
    assert_eq!(meant(plain), plain);
    let wordy = r#"{"items": [{"grantedConnections": "5"}, {"grantedConnections": null}], "name": " x ", "quantity": 1,
                    "settings": {"a": null}, "unknown": 1}"#;
    assert!(object(&meant(wordy)).says_the_same(&object(plain)), "{}", meant(wordy));
}
