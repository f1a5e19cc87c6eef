//! What paths lead to, on a table of every shape.

use super::{Found, Operation, find_in};
use crate::Problem;
use crate::wire::parameters::{Counts, Parameter};
use http::Method;
use orderpark_domain::Action;
use std::future::ready;

const fn at(method: Method, path: &'static str) -> Operation {
    let action = Action::ReadOrders;
    Operation { method, path, action, handler: |_| Box::pin(ready(Err(Problem::not_found()))), parameters: &[] }
}

static TABLE: [Operation; 7] = [
    at(Method::GET, "/things"),
    at(Method::POST, "/things"),
    at(Method::GET, "/things/{ref}"),
    at(Method::DELETE, "/things/{ref}"),
    at(Method::POST, "/things/{ref}/turn"),
    at(Method::GET, "/things/{ref}/turns"),
    at(Method::GET, "/news/stream"),
];

/// `path ref` of an operation, the methods of another, or nothing.
fn found(method: &str, path: &str) -> String {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    match find_in(&TABLE, &method, path) {
        Found::Operation(operation, path_ref) => format!("{} {path_ref}", operation.path),
        Found::OtherMethods(methods) => format!("{methods:?}"),
        Found::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn a_path_leads_to_one_operation_or_to_none() {
    let cases = [
        ("GET", "/things", "/things "),
        ("HEAD", "/things", "/things "),
        ("GET", "/things/", "/things "),
        ("GET", "/things/12", "/things/{ref} 12"),
        ("DELETE", "/things/12/", "/things/{ref} 12"),
        ("POST", "/things/12/turn", "/things/{ref}/turn 12"),
        ("POST", "/things/12/turn/", "/things/{ref}/turn 12"),
        ("HEAD", "/things/12/turns", "/things/{ref}/turns 12"),
        // A ref may look like an action, and an action is none without a ref before it.
        ("GET", "/things/turn", "/things/{ref} turn"),
        ("POST", "/things/turn/turn", "/things/{ref}/turn turn"),
        ("GET", "/news/stream", "/news/stream "),
        ("PUT", "/things", "[GET, POST]"),
        ("POST", "/things/12", "[GET, DELETE]"),
        ("POST", "/things/turn", "[GET, DELETE]"),
        ("GET", "/things/12/turn", "[POST]"),
        ("POST", "/news/stream", "[GET]"),
    ];
    for (method, path, expected) in cases {
        assert_eq!(found(method, path), expected, "{method} {path}");
    }
}

#[test]
fn what_is_not_in_the_table_does_not_exist() {
    let paths = [
        "",
        "/",
        "things",
        "//things",
        "/things//",
        "/things//turn",
        "/things/12//turn",
        "/things/12/13",
        "/things/12/turn/13",
        "/things/12/turned",
        "/things/12/13/turn",
        "/things/12/",
        "/thing",
        "/thingss",
        "/things12",
        "/THINGS",
        "/news",
        "/news/12",
        "/news/stream/12",
        "/{ref}",
    ];
    for path in paths {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let found = found(method, path);
            let exists = path == "/things/12/";
            assert_eq!(found == "nothing", !exists, "{method} {path} leads to {found}");
        }
    }
}

#[test]
fn an_operation_knows_its_collection() {
    let of_one: Vec<_> = TABLE.iter().filter(|operation| operation.is_of_one()).map(Operation::collection).collect();
    assert_eq!(of_one, ["/things"; 4]);
    assert_eq!((TABLE[0].collection(), TABLE[6].collection()), ("/things", "/news/stream"));
}

#[test]
fn the_manual_lists_the_parameters_of_every_operation() {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/api.md"));
    let (_, section) = page.split_once("### Parameters\n").expect("a section");
    let (table, _) = section.split_once("\n### ").expect("its end");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let listed: Vec<String> = rows
        .map(|row| {
            row.replace(" (with `resetPassword=true`; also `keepprevious`)", ", `keepprevious`")
                .replace(" (not both)", "")
        })
        .collect();
    let in_table = super::operations().iter().filter(|operation| !operation.parameters.is_empty()).map(|operation| {
        let shown = |parameter: &Parameter| {
            format!("`{}`{}", parameter.name, ["", "*"][usize::from(parameter.counts != Counts::No)])
        };
        let mut names: Vec<String> = operation.parameters.iter().map(shown).collect();
        names.extend(operation.parameters().is_write().then(|| "`dryRun`".to_owned()));
        format!("| `{} {}` | {} |", operation.method, operation.path, names.join(", "))
    });
    assert_eq!(listed, in_table.collect::<Vec<_>>());
}
