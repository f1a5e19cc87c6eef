//! Which query parameters each operation takes: those on its line in the table of routes, and no
//! other.

use super::dry_runs::Tried;
use super::harness::Engine;
use super::{COLUMNS, Row, Scene};
use http::Method;
use orderpark_server::router::{Operation, operations};
use std::collections::BTreeSet;

/// A value that a parameter can have.
fn value(name: &str) -> &'static str {
    match name {
        "createdFrom" | "createdTo" => "2026-11-23T10:00:00Z",
        "state" => "ALL",
        "after" | "orderRef" => "019AB6C5-1234-7000-8000-123456789400",
        "scope" => "VENDOR:12",
        "limit" | "pageIndex" => "1",
        "force" | "orderable" | "failed" | "resetPassword" | "keepPrevious" | "keepprevious" | "rotateSecret"
        | "dryRun" => "False",
        _ => "x",
    }
}

/// The answer with one parameter: to the operator, and as a dry run where something would change.
async fn asked(tried: &Tried, name: &str) -> (u16, String) {
    let is_read = tried.method == Method::GET || name == "dryRun";
    let answer = tried.send(&format!("{}{name}={}", if is_read { "?" } else { "?dryRun=true&" }, value(name))).await;
    let reason = if answer.status < 400 { String::new() } else { answer.reason() };
    if reason == "unknown_parameter" {
        let problem = answer.json();
        assert_eq!(problem["fields"][0]["path"], name);
        assert!(answer.text().contains(&format!("unknown parameter '{name}'")), "{}", answer.text());
    }
    (answer.status, reason)
}

/// Every operation but the stream, which does not end, with something to ask it about.
async fn all(scene: &mut Scene) -> Vec<(Tried, &'static Operation)> {
    let mut all = Vec::new();
    for operation in operations().iter().filter(|operation| !operation.path.ends_with("/stream")) {
        let row: Row = (operation.method.as_str(), operation.path, [0; COLUMNS.len()]);
        all.push((Tried::of(scene, &row, 0).await, operation));
    }
    all
}

pub(super) async fn an_operation_takes_the_parameters_of_its_line_and_no_other(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut names: BTreeSet<&str> = operations().iter().flat_map(|operation| operation.parameters().names()).collect();
    assert!(names.len() > 20, "{names:?}");
    names.extend(["dryrun", "dry_run", "page", "q"]);
    for (tried, operation) in all(&mut scene).await {
        for name in &names {
            let (status, reason) = asked(&tried, name).await;
            let known = operation.parameters().names().any(|known| known == *name);
            let what = format!("{} {} with {name}: {status} {reason}", operation.method, operation.path);
            assert_eq!(reason != "unknown_parameter", known, "{what}");
            // A handler that reads what its line does not name panics, in tests.
            assert!(status < 500 && (known || status == 400), "{what}");
        }
    }
    scene.journal.verify();
}

pub(super) async fn the_setting_lets_unknown_parameters_pass_on_get_alone(engine: Engine) {
    let mut scene = Scene::lenient(engine).await;
    for (tried, operation) in all(&mut scene).await {
        let (status, reason) = asked(&tried, "dryrun").await;
        let expected = if operation.method == Method::GET { (200, "") } else { (400, "unknown_parameter") };
        assert_eq!((status, reason.as_str()), expected, "{} {}", operation.method, operation.path);
    }
    let next = scene.world.operator.get("/orders?limit=1&utm=x&state=ALL").await;
    assert!(!next.header("link").contains("utm"), "a link holds what the operation knows");
}

pub(super) async fn a_dry_run_is_never_ignored_where_it_is_asked_for_in_the_wrong_place(engine: Engine) {
    let mut scene = Scene::lenient(engine).await;
    let mut writes = all(&mut scene).await;
    writes.retain(|(tried, _)| tried.method != Method::GET);
    let before = scene.journal.length();
    for (tried, _) in &mut writes {
        let caller = tried.caller.clone();
        tried.caller = caller.with("Dry-Run", "true");
        tried.send("").await.refused(400, "unknown_parameter");
        (tried.caller, tried.body) = (caller, r#"{"dryRun":true}"#.to_owned());
        let in_body = tried.send("").await;
        assert!(in_body.status == 400 && in_body.text().contains("dryRun belongs in the query"), "{}", in_body.text());
    }
    assert_eq!((scene.journal.length(), writes.len() > 20), (before, true));
}

pub(super) async fn what_stands_beside_the_table_takes_no_parameters_either(engine: Engine) {
    let scene = Scene::on(engine).await;
    let href = scene.order["subscriptions"][0]["href"].as_str().expect("an href").to_owned();
    let operator = scene.world.operator.at("");
    for path in [href.as_str(), "/admin/latest/api/profiles", "/admin/latest/api/profiles/default"] {
        operator.get(path).await.expect(200);
        operator.get(&format!("{path}?x=1")).await.refused(400, "unknown_parameter");
    }
    // RFC 6749, 3.2: token endpoints ignore what they do not know; and a load balancer adds what it
    // likes.
    operator.post_raw("/admin/latest/api/oauth/revoke_token?access_token=none&x=1", "").await.expect(200);
    operator.get("/health/live?x=1").await.expect(200);
}
