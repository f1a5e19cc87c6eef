//! who may do what, as a table that a person can read, and that is carried out cell by cell.
//!
//! Every operation of [`operations`] has a row. A column is a caller: the operator; the supplier,
//! the vendor and the subscriber whose objects are asked for; nobody; a stranger, who holds a scope
//! of each kind, all of other parties; and a user of the vendor with the role `MEMBER`. A cell is
//! the status that the caller is answered. Domain.md, "Resources" and "Orders", says the same in
//! prose.

mod dry_runs;
#[path = "../harness/mod.rs"]
mod harness;
mod parameters;

use axum::body::Body;
use dry_runs::*;
use harness::{Answer, Caller, Engine, Journal, Shop, World, text};
use http::Method;
use orderpark_server::Settings;
use orderpark_server::router::operations;
use parameters::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const COLUMNS: [&str; 7] = ["operator", "supplier", "vendor", "subscriber", "nobody", "stranger", "member"];

type Row = (&'static str, &'static str, [u16; 7]);

#[rustfmt::skip]
const MATRIX: &[Row] = &[
    //                                        oper  supp  vend  subs  nobo  stra  memb
    ("GET",    "/suppliers",                  [200,  200,  403,  403,  401,  200,  403]),
    ("POST",   "/suppliers",                  [201,  403,  403,  403,  401,  403,  403]),
    ("GET",    "/suppliers/{ref}",            [200,  200,  403,  403,  401,  404,  403]),
    ("PUT",    "/suppliers/{ref}",            [200,  403,  403,  403,  401,  403,  403]),
    ("DELETE", "/suppliers/{ref}",            [200,  403,  403,  403,  401,  403,  403]),
    ("GET",    "/vendors",                    [200,  403,  200,  403,  401,  200,  200]),
    ("POST",   "/vendors",                    [201,  403,  403,  403,  401,  403,  403]),
    ("GET",    "/vendors/{ref}",              [200,  403,  200,  403,  401,  404,  200]),
    ("PUT",    "/vendors/{ref}",              [200,  403,  403,  403,  401,  403,  403]),
    ("DELETE", "/vendors/{ref}",              [200,  403,  403,  403,  401,  403,  403]),
    ("GET",    "/subscribers",                [200,  403,  200,  200,  401,  200,  200]),
    ("POST",   "/subscribers",                [201,  403,  201,  403,  401,  400,  403]),
    ("GET",    "/subscribers/{ref}",          [200,  403,  200,  200,  401,  404,  200]),
    ("PUT",    "/subscribers/{ref}",          [200,  403,  200,  403,  401,  404,  403]),
    ("DELETE", "/subscribers/{ref}",          [200,  403,  200,  403,  401,  404,  403]),
    ("GET",    "/users",                      [200,  200,  200,  200,  401,  200,  200]),
    ("POST",   "/users",                      [201,  201,  201,  201,  401,  403,  403]),
    ("GET",    "/users/{ref}",                [200,  200,  200,  200,  401,  404,  404]),
    ("PUT",    "/users/{ref}",                [200,  200,  200,  200,  401,  404,  403]),
    ("DELETE", "/users/{ref}",                [200,  200,  200,  200,  401,  404,  403]),
    ("POST",   "/users/{ref}/contain",        [200,  200,  200,  200,  401,  404,  404]),
    ("GET",    "/applications",               [200,  200,  200,  200,  401,  200,  200]),
    ("POST",   "/applications",               [201,  201,  403,  403,  401,  400,  403]),
    // Vendors bundle the products of every supplier, so a stranger who is one sees them.
    ("GET",    "/applications/{ref}",         [200,  200,  200,  200,  401,  200,  200]),
    ("PUT",    "/applications/{ref}",         [200,  200,  403,  403,  401,  404,  403]),
    ("DELETE", "/applications/{ref}",         [200,  200,  403,  403,  401,  404,  403]),
    ("GET",    "/applications/{ref}/attempts", [200, 200, 403, 403, 401, 404, 403]),
    ("GET",    "/connectivityPlans",          [200,  200,  200,  200,  401,  200,  200]),
    ("POST",   "/connectivityPlans",          [201,  201,  403,  403,  401,  400,  403]),
    ("GET",    "/connectivityPlans/{ref}",    [200,  200,  200,  200,  401,  200,  200]),
    ("PUT",    "/connectivityPlans/{ref}",    [200,  200,  403,  403,  401,  404,  403]),
    ("DELETE", "/connectivityPlans/{ref}",    [200,  200,  403,  403,  401,  404,  403]),
    ("GET",    "/connectivityPlans/{ref}/attempts", [200, 200, 403, 403, 401, 404, 403]),
    ("GET",    "/offers",                     [200,  403,  200,  200,  401,  200,  200]),
    ("POST",   "/offers",                     [201,  403,  201,  403,  401,  400,  403]),
    ("GET",    "/offers/{ref}",               [200,  403,  200,  200,  401,  404,  200]),
    ("PUT",    "/offers/{ref}",               [200,  403,  200,  403,  401,  404,  403]),
    ("DELETE", "/offers/{ref}",               [200,  403,  200,  403,  401,  404,  403]),
    ("GET",    "/processingStrategies",       [200,  200,  200,  200,  401,  200,  200]),
    ("POST",   "/processingStrategies",       [201,  403,  201,  403,  401,  400,  403]),
    ("GET",    "/processingStrategies/{ref}", [200,  404,  200,  200,  401,  404,  200]),
    ("PUT",    "/processingStrategies/{ref}", [200,  403,  200,  403,  401,  404,  403]),
    ("DELETE", "/processingStrategies/{ref}", [200,  403,  200,  403,  401,  404,  403]),
    ("GET",    "/orders",                     [200,  403,  200,  200,  401,  200,  200]),
    ("POST",   "/orders",                     [201,  403,  201,  201,  401,  400,  201]),
    ("GET",    "/orders/{ref}",               [200,  403,  200,  200,  401,  404,  200]),
    ("DELETE", "/orders/{ref}",               [200,  403,  200,  200,  401,  404,  200]),
    ("GET",    "/subscriptions",              [200,  200,  200,  200,  401,  200,  200]),
    ("GET",    "/subscriptions/{ref}",        [200,  200,  200,  200,  401,  404,  200]),
    ("PUT",    "/subscriptions/{ref}",        [200,  403,  200,  403,  401,  404,  403]),
    // A vendor sees those of its subscribers too; only the operator sets them.
    ("GET",    "/quotas",                     [200,  200,  200,  200,  401,  200,  200]),
    ("GET",    "/quotas/{ref}",               [200,  200,  200,  200,  401,  404,  200]),
    ("PUT",    "/quotas/{ref}",               [200,  403,  403,  403,  401,  403,  403]),
    ("GET",    "/events",                     [200,  200,  200,  200,  401,  200,  200]),
    ("GET",    "/events/stream",              [200,  200,  200,  200,  401,  200,  200]),
    // Each party has its own, and sees nobody else's: a vendor none of its subscribers'.
    ("GET",    "/webhookEndpoints",           [200,  200,  200,  200,  401,  200,  200]),
    ("POST",   "/webhookEndpoints",           [201,  201,  201,  201,  401,  400,  403]),
    ("GET",    "/webhookEndpoints/{ref}",     [200,  200,  200,  200,  401,  404,  200]),
    ("PUT",    "/webhookEndpoints/{ref}",     [200,  200,  200,  200,  401,  404,  403]),
    ("DELETE", "/webhookEndpoints/{ref}",     [200,  200,  200,  200,  401,  404,  403]),
    ("POST",   "/webhookEndpoints/{ref}/rotateSecret", [200, 200, 200, 200, 401, 404, 403]),
    ("POST",   "/webhookEndpoints/{ref}/test",         [200, 200, 200, 200, 401, 404, 403]),
    ("POST",   "/webhookEndpoints/{ref}/replay",       [200, 200, 200, 200, 401, 404, 403]),
    ("GET",    "/webhookEndpoints/{ref}/attempts",     [200, 200, 200, 200, 401, 404, 200]),
];

/// The operations of the contract; its `{orderRef}` is our `{ref}`.
const CONTRACT: [(&str, &str); 4] =
    [("GET", "/orders"), ("POST", "/orders"), ("GET", "/orders/{ref}"), ("DELETE", "/orders/{ref}")];

/// What stands beside the table of routes: the Admin API, for the same callers.
#[rustfmt::skip]
const ADMIN: &[Row] = &[
    ("GET",    "/profiles",                             [200, 200, 200, 200, 401, 200, 200]),
    ("GET",    "/profiles/default",                     [200, 200, 200, 200, 401, 200, 200]),
    ("GET",    "/profiles/none",                        [404, 404, 404, 404, 401, 404, 404]),
    ("GET",    "/oauth/tokeninfo?access_token=none",    [400, 400, 400, 400, 400, 400, 400]),
    ("POST",   "/oauth/revoke_token?access_token=none", [200, 200, 200, 200, 200, 200, 200]),
    ("POST",   "/oauth/token",                          [400, 400, 400, 400, 400, 400, 400]),
];

#[test]
fn every_operation_has_one_row_and_every_row_an_operation() {
    let routed: BTreeSet<_> =
        operations().iter().map(|operation| (operation.method.as_str(), operation.path)).collect();
    let rows: BTreeSet<_> = MATRIX.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(rows.len(), MATRIX.len(), "a row stands twice in MATRIX");
    let missing: Vec<_> = routed.difference(&rows).collect();
    assert!(
        missing.is_empty(),
        "no row in MATRIX for {missing:?}. Decide who is answered how, from domain.md and not from what the program does; \
         add the row; teach Scene::target and Scene::body what the operation asks for"
    );
    let left: Vec<_> = rows.difference(&routed).collect();
    assert!(
        left.is_empty(),
        "rows in MATRIX for what is no operation any more: {left:?}. Remove them if that is meant"
    );
    for (method, path) in CONTRACT {
        assert!(rows.contains(&(method, path)), "{method} {path} is in the contract and has no row");
    }
}

/// A shop with an order, a stranger, and who else asks.
struct Scene {
    world: World,
    shop: Shop,
    journal: Journal,
    callers: [Caller; 7],
    strategy: String,
    order: Value,
    /// Numbers for names that nobody has yet.
    next: u32,
}

impl Scene {
    async fn on(engine: Engine) -> Scene {
        Scene::of(World::on(engine).await).await
    }

    /// Where `api.ignore_unknown_fields` is on.
    async fn lenient(engine: Engine) -> Scene {
        let settings = Settings { ignore_unknown_fields: true, ..Settings::default() };
        Scene::of(World::with(engine, settings).await).await
    }

    async fn of(world: World) -> Scene {
        let shop = world.shop("net", "acme").await;
        let other = world.shop("far", "else").await;
        let scopes = [
            format!("SUPPLIER:{}", other.supplier.party),
            format!("VENDOR:{}", other.vendor.party),
            format!("SUBSCRIBER:{}", other.subscriber.party),
        ];
        let stranger = world.user("stranger@else.example", &scopes.each_ref().map(String::as_str)).await;
        let strategy = shop.vendor.post("/processingStrategies", json!({"id": "acme/own"})).await.expect(201);
        let order = shop.subscriber.post("/orders", json!({"offerId": shop.offer_id})).await.expect(201);
        let callers = [
            world.operator.clone(),
            shop.supplier.caller.clone(),
            shop.vendor.caller.clone(),
            shop.subscriber.caller.clone(),
            world.nobody(),
            stranger,
            world.member_of(&shop.vendor, "VENDOR").await,
        ];
        let journal = world.journal();
        Scene { world, shop, journal, callers, strategy: text(&strategy, "ref"), order, next: 0 }
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// The scope of the party whose objects a column is asked about.
    fn own_scope(&self, column: usize) -> String {
        match column {
            1 => format!("SUPPLIER:{}", self.shop.supplier.party),
            3 => format!("SUBSCRIBER:{}", self.shop.subscriber.party),
            _ => format!("VENDOR:{}", self.shop.vendor.party),
        }
    }

    /// Makes something that can be deleted, and answers its ref.
    async fn made(&mut self, collection: &str, column: usize) -> String {
        let body = self.body("POST", collection, column);
        text(&self.world.operator.post(collection, body).await.expect(201), "ref")
    }

    /// The ref that stands in the path.
    async fn target(&mut self, method: &str, path: &str, column: usize) -> String {
        let collection = path.split_once("/{ref}").map_or(path, |(collection, _)| collection);
        if method == "DELETE" || ["/users", "/webhookEndpoints"].contains(&collection) {
            return self.made(collection, column).await;
        }
        match collection {
            "/suppliers" => self.shop.supplier.party.clone(),
            "/vendors" => self.shop.vendor.party.clone(),
            "/subscribers" => self.shop.subscriber.party.clone(),
            "/applications" => self.shop.application_ref.clone(),
            "/connectivityPlans" => self.shop.plan_ref.clone(),
            "/offers" => self.shop.offer_ref.clone(),
            "/processingStrategies" => self.strategy.clone(),
            "/quotas" => self.own_scope(column).split_once(':').expect("a scope").1.to_owned(),
            "/orders" => text(&self.order, "ref"),
            "/subscriptions" => text(&self.order["subscriptions"][0], "ref"),
            other => panic!("teach Scene::target what {other} asks for"),
        }
    }

    fn body(&mut self, method: &str, path: &str, column: usize) -> Value {
        let n = self.number();
        match (method, path) {
            ("POST", "/suppliers" | "/vendors") => json!({"id": format!("p{n}"), "name": "New"}),
            ("POST", "/subscribers") => json!({"name": "New", "vendorId": "acme"}),
            ("POST", "/users") => json!({"email": format!("u{n}@new.example"), "scopes": [self.own_scope(column)]}),
            ("POST", "/applications" | "/connectivityPlans") => json!({"id": format!("net/p{n}"), "name": "New"}),
            ("POST", "/offers") => {
                json!({"id": format!("acme/o{n}"), "name": "New", "items": [{"productId": self.shop.application_id}]})
            }
            ("POST", "/processingStrategies") => json!({"id": format!("acme/s{n}")}),
            ("POST", "/orders") => json!({"offerId": self.shop.offer_id, "subscriberId": self.shop.subscriber.id}),
            ("POST", "/webhookEndpoints") => {
                json!({"url": format!("https://hooks.example/{n}"), "scope": self.own_scope(column)})
            }
            (
                "POST",
                "/webhookEndpoints/{ref}/rotateSecret" | "/webhookEndpoints/{ref}/test" | "/users/{ref}/contain",
            ) => json!({}),
            ("POST", "/webhookEndpoints/{ref}/replay") => json!({"exhausted": true}),
            ("PUT", "/webhookEndpoints/{ref}") => json!({"description": format!("For {n}")}),
            ("PUT", "/quotas/{ref}") => json!({"openOrders": 1000 + n}),
            ("PUT", "/users/{ref}") => json!({"firstName": format!("Name {n}")}),
            ("PUT", "/subscriptions/{ref}") => {
                json!({"state": if n.is_multiple_of(2) { "ACTIVE" } else { "SUSPENDED" }})
            }
            ("PUT", _) => json!({"name": format!("Name {n}")}),
            (_, other) => panic!("teach Scene::body what {other} asks for"),
        }
    }

    async fn ask(&mut self, base: &str, (method, path, _): &Row, column: usize) -> Answer {
        let target = if path.contains("{ref}") { self.target(method, path, column).await } else { String::new() };
        let body = match *method {
            "POST" | "PUT" => Body::from(self.body(method, path, column).to_string()),
            _ => Body::empty(),
        };
        let before = self.journal.length();
        let caller = self.callers[column].at(base);
        // A stream has no end that could be waited for; its head says the same.
        let method = if path.ends_with("/stream") { "HEAD" } else { *method };
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let answer = caller.send(method, &path.replace("{ref}", &target), body).await;
        if answer.status >= 300 {
            assert_eq!(
                self.journal.length(),
                before,
                "{} as {} was refused and written",
                answer.asked,
                COLUMNS[column]
            );
        }
        answer
    }
}

async fn each_cell_is_answered_as_it_says(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut wrong = Vec::new();
    for row in MATRIX {
        for (column, expected) in row.2.iter().enumerate() {
            let answer = scene.ask("/core/latest/api", row, column).await;
            if answer.status != *expected {
                wrong.push(format!("{} as {}: {}, not {expected}", answer.asked, COLUMNS[column], answer.status));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    scene.journal.verify();
}

async fn the_contract_is_answered_the_same_with_its_one_status_of_success(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for (method, path) in CONTRACT {
        let row = MATRIX.iter().find(|row| (row.0, row.1) == (method, path)).expect("a row of the contract");
        for (column, expected) in row.2.iter().enumerate() {
            let answer = scene.ask("/core/v141/api", row, column).await;
            let expected = if *expected == 201 { 200 } else { *expected };
            assert_eq!(answer.status, expected, "{} as {}: {}", answer.asked, COLUMNS[column], answer.text());
        }
    }
}

async fn the_admin_api_is_answered_as_its_rows_say(engine: Engine) {
    let scene = Scene::on(engine).await;
    for (method, path, expected) in ADMIN {
        for (column, expected) in expected.iter().enumerate() {
            let form = scene.callers[column].with("content-type", "application/x-www-form-urlencoded");
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let answer = form.at("/admin/latest/api").send(method, path, Body::empty()).await;
            assert_eq!(answer.status, *expected, "{} as {}: {}", answer.asked, COLUMNS[column], answer.text());
        }
    }
}

harness::on_each_engine! {
    an_operation_takes_the_parameters_of_its_line_and_no_other;
    the_setting_lets_unknown_parameters_pass_on_get_alone;
    a_dry_run_is_never_ignored_where_it_is_asked_for_in_the_wrong_place;
    what_stands_beside_the_table_takes_no_parameters_either;
    a_dry_run_is_answered_alike_and_changes_nothing;
    a_dry_run_makes_no_secret_valid;
    a_dry_run_under_a_used_key_is_its_first_answer;
    no_supplier_is_asked_by_a_dry_run;
    each_cell_is_answered_as_it_says;
    the_contract_is_answered_the_same_with_its_one_status_of_success;
    the_admin_api_is_answered_as_its_rows_say;
}
