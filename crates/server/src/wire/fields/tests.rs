//! How attributes are taken, and how what is wrong is told.

use super::super::{json, text};
use super::*;

fn object(text: &str) -> Json {
    json::parse(text.as_bytes()).expect("JSON")
}

fn told(result: Result<(), Problem>) -> (Option<Reason>, String) {
    match result {
        Ok(()) => (None, String::new()),
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
