//! Every read on PostgreSQL, in tables that hold enough rows for the planner to have a choice.

use super::{KNOWN, OPERATOR, SEVERAL, SUBSCRIBER, SUPPLIER, VENDOR, bounded_lists, by_foreign_names, every_read};
use crate::load::lookups;
use crate::query::{Dialect, Query, Value, heard};
use crate::row::{Row, string};
use crate::{Database, Options, ReadError, Store};
use orderpark_domain::PartyKind;
use orderpark_testbed::{Engine, TestDatabase};
use tokio::runtime::{Builder, Runtime};

/// Tables that grow with the business: nobody ever reads one of them from its first row to its last.
const GROWING: [&str; 8] = [
    "orders",
    "subscriptions",
    "journal",
    "request_keys",
    "balances",
    "webhook_endpoints",
    "delivery_retries",
    "delivery_attempts",
];

const ROLES: [(&str, &[(PartyKind, u64)]); 5] = [
    ("operator", OPERATOR),
    ("supplier", SUPPLIER),
    ("vendor", VENDOR),
    ("subscriber", SUBSCRIBER),
    ("several", SEVERAL),
];

/// A business with 30 vendors, 3 000 parties and 20 000 orders.
const BUSINESS: &str = "
    insert into parties (ref, kind, id, name, vendor_ref, contact_email, revision)
        select i, case when i = 1 then 'OPERATOR' when i = 2 or i between 11 and 30 then 'SUPPLIER'
            when i in (3, 5) or i between 31 and 60 then 'VENDOR' else 'SUBSCRIBER' end, 'p' || i, 'Party',
            case when i = 4 then 3 when i = 6 then 5 when i > 60 or i between 7 and 10 then 31 + i % 30 end,
            'p' || i || '@example.com', 1 from generate_series(1, 3000) i where i not in (2, 3, 4);
    insert into products (ref, kind, supplier_ref, id, name, revision)
        select 3100 + i, 'APPLICATION', case when i % 10 = 0 then 2 else 11 + i % 20 end, 'n' || i, 'Product', 1
        from generate_series(0, 199) i;
    insert into offers (ref, vendor_ref, id, name, state, open_orders, revision)
        select 4000 + v.ref * 10 + j, v.ref, 'o' || v.ref || '/' || j, 'Offer', 'ACTIVE', 0, 1
        from parties v, generate_series(0, 9) j where v.kind = 'VENDOR';
    insert into offer_items (offer_ref, position, product_ref, granted)
        select f.ref, p, 3100 + (f.ref + p) % 200, 5 from offers f, generate_series(1, 2) p;
    insert into users (ref, party_ref, login, secrets, revision)
        select 5000 + i, i, 'u' || i, sha256(i::text::bytea), 1 from generate_series(1, 1000) i;
    insert into user_scopes (user_ref, position, kind, party_ref)
        select 5000 + p.ref, 1, p.kind, p.ref from parties p where p.ref <= 1000;
    insert into tokens (user_ref, hash, jti, client_id, scopes, issued_at)
        select u.ref, sha256(u.login::bytea), 'j', 'c', '[]', 1 from users u;
    insert into request_keys (client_ref, key, fingerprint, seq)
        select 5001 + i % 1000, decode(md5(i::text), 'hex'), decode(md5(i::text), 'hex'), i
        from generate_series(1, 5000) i;
    insert into journal (seq, at, entry, hash)
        select i, i, repeat('{\"event\":{}}', 20), sha256(i::text::bytea) from generate_series(1, 20000) i;
    insert into orders (ref, offer_ref, vendor_ref, subscriber_ref, quantity, external_id, state, created_at, revision)
        select decode(lpad(to_hex((1795428000 + i) * 1000::bigint), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'), 'hex'),
            4000 + s.vendor_ref * 10 + i % 10, s.vendor_ref, s.ref, 1, case when i % 10 = 3 then 'PO-' || i end,
            case when i % 50 = 7 then 'PENDING' when i % 50 = 8 then 'REJECTED' when i % 50 = 9 then 'CANCELLED'
                else 'ACTIVE' end, (1795428000 + i) * 1000000::bigint, 1
        from generate_series(1, 20000) i join parties s
            on s.ref = case i % 10 when 0 then 4 when 1 then 6 else 61 + i % 2900 end;
    insert into subscriptions (order_ref, position, number, product_ref, supplier_ref, state, granted, since)
        select o.ref, p, row_number() over (order by o.ref, p), n.ref, n.supplier_ref, case o.state when 'PENDING' then 'PENDING' else 'ACTIVE' end, 5, 1
        from orders o, generate_series(1, 2) p, products n where n.ref = 3100 + (o.subscriber_ref * 2 + p) % 200;
    insert into balances (subscriber_ref, product_ref, granted, used, subscriptions)
        select distinct o.subscriber_ref, s.product_ref, 5, 1, 1 from orders o join subscriptions s on s.order_ref = o.ref;
    insert into webhook_endpoints (ref, owner_kind, owner_ref, url, secrets, state, created_at, revision)
        select 10000 + i, p.kind, p.ref, 'https://h.test', '[]', 'ENABLED', 1, 1
        from generate_series(1, 3000) i join parties p on p.ref = i;
    insert into delivery_targets (kind, ref, active, cursor_seq, cursor_number, leased_until, epoch, asked)
        select 'ENDPOINT', w.ref, 1, 1, 0, 0, 0, 0 from webhook_endpoints w;
    insert into delivery_retries (kind, ref, seq, number, lane, attempts, state, at)
        select 'ENDPOINT', w.ref, n, 0, 'l', 1, case n % 3 when 0 then 'HELD' when 1 then 'DUE' else 'EXHAUSTED' end,
            case n % 3 when 0 then null else 1 end from webhook_endpoints w, generate_series(1, 6) n;
    insert into delivery_attempts (kind, ref, id, seq, number, webhook_id, event, attempt, at, took_us, url, failure)
        select 'ENDPOINT', 10000 + i % 300, decode(md5(i::text), 'hex'), i, 0, 'e', 'k', 1, i, 1, 'u',
            case when i % 20 = 0 then 'refused' end from generate_series(1, 20000) i;
    analyze;
";

/// The settings of a session that looks for rows by their keys.
const BY_KEY: &str = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;";

struct Business {
    store: Store,
    runtime: Runtime,
    home: TestDatabase,
}

impl Business {
    fn new() -> Business {
        let home = Engine::Postgres.fresh();
        home.execute(&format!("{KNOWN}; {BUSINESS}"));
        let database: Database = home.url().parse().expect("a database");
        let store = Store::open(&database, Options::default()).expect("a database that can be opened");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Business { store, runtime, home }
    }

    /// What was asked of the database while everything was read.
    fn hear(&self, grants: &[(PartyKind, u64)]) -> Vec<Query> {
        heard::take();
        self.runtime.block_on(Box::pin(every_read(&self.store, grants))).expect("every read");
        heard::take()
    }

    /// The plan of a query on a connection of the kind that carries it out, with its settings.
    fn explain(&self, query: &Query) -> String {
        let explained = explained(query);
        let lines = self.runtime.block_on(async {
            let step = |lines: &mut Vec<String>, row: &dyn Row| {
                lines.push(string(row, 0)?);
                Ok(())
            };
            let lines = Vec::new();
            if is_list(query) {
                self.store.read_many(explained, lines, step).await
            } else {
                self.store.read(explained, lines, step).await
            }
        });
        lines.unwrap_or_else(|error: ReadError| panic!("{error}: {}", query.sql())).join("\n")
    }

    /// The plan of a statement that a session has carried out so often that PostgreSQL may plan it without its values.
    fn explain_worn(&self, query: &Query) -> String {
        self.explain_under(if is_list(query) { "" } else { BY_KEY }, query)
    }

    /// The plan of a statement of the one connection that writes.
    fn explain_as_writer(&self, query: &Query) -> String {
        let settings = "set enable_bitmapscan = off; set enable_sort = off; set plan_cache_mode = force_generic_plan;";
        self.explain_under(&format!("{BY_KEY} {settings}"), query)
    }

    fn explain_under(&self, settings: &str, query: &Query) -> String {
        let values: Vec<String> = query.values().iter().map(literal).collect();
        let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
        let execute = format!("explain (costs off) execute worn {values};");
        let (sql, often) = (query.sql(), execute.repeat(8));
        let lines = self.home.texts(&format!("{settings} prepare worn as {sql}; {often} select 'at last'; {execute}"));
        let last = lines.iter().position(|line| line == "at last").expect("the mark before the last plan");
        lines[last + 1..].join("\n")
    }
}

/// Lists say how many rows they want and how many they pass over; nothing else does.
fn is_list(query: &Query) -> bool {
    query.sql().contains(" offset ")
}

/// The same query with a word before it; its places and values are bound anew.
fn explained(query: &Query) -> Query {
    let mut explained = Query::new(Dialect::Postgres, "explain (costs off) ");
    let mut rest = query.sql();
    for (place, value) in (1..).zip(query.values()) {
        let (before, after) = rest.split_once(&format!("${place}")).expect("a place for each value");
        explained.bind(&format!("{before}?"), value.clone());
        rest = after;
    }
    explained.text(rest);
    explained
}

fn literal(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => format!("'{text}'"),
        Value::Blob(bytes) => {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("'\\x{}'", hex.concat())
        }
        Value::Integers(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!("'{{{}}}'", numbers.join(","))
        }
        other => panic!("no read has such a value: {other:?}"),
    }
}

type Explain = fn(&Business, &Query) -> String;

#[test]
fn every_read_is_found_by_an_index_at_once_and_after_many_times() {
    let business = Business::new();
    let (mut walks, mut plans) = (Vec::new(), 0);
    for (role, grants) in ROLES {
        let heard = business.hear(grants);
        assert!(heard.len() > 10, "{role} asked {} times", heard.len());
        for query in heard {
            for (when, explain) in [("at once", Business::explain as Explain), ("worn", Business::explain_worn)] {
                let plan = explain(&business, &query);
                assert!(plan.contains("Scan") || plan.contains("Result"), "no plan: {plan}");
                plans += 1;
                let walk = |table: &str| plan.lines().any(|line| line.contains(&format!("Seq Scan on {table}")));
                if let Some(table) = GROWING.iter().find(|table| walk(table)) {
                    walks.push(format!("{role}, {when}, walks over {table}: {}\n{plan}", query.sql()));
                }
            }
        }
    }
    assert!(plans > 200, "{plans} plans were looked at");
    assert!(walks.is_empty(), "{} of {plans}:\n\n{}", walks.len(), walks.join("\n\n"));
}

#[test]
fn a_name_of_others_asks_what_a_name_of_nobody_asks_on_postgres() {
    let business = Business::new();
    for grants in [SUPPLIER, VENDOR, SUBSCRIBER] {
        let [theirs, nobodys] = business.runtime.block_on(by_foreign_names(&business.store, grants));
        assert_eq!(theirs, nobodys, "{grants:?}");
    }
}

#[test]
fn bounded_lists_are_read_no_further_than_their_bound() {
    let business = Business::new();
    for (need, index) in bounded_lists() {
        let [lookup] = &lookups(Dialect::Postgres, [need].into())[..] else { panic!("one lookup") };
        let plan = business.explain_as_writer(&lookup.query);
        assert!(plan.contains(index) && !plan.contains("Sort") && !plan.contains("Seq Scan"), "{index}:\n{plan}");
    }
}

#[test]
fn statements_are_as_they_were_on_postgres() {
    let home = Engine::Postgres.fresh();
    home.execute(KNOWN);
    let database: Database = home.url().parse().expect("a database");
    let store = Store::open(&database, Options::default()).expect("a new database");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (name, grants) in ROLES {
        heard::take();
        runtime.block_on(Box::pin(every_read(&store, grants))).expect("every read");
        let statements: Vec<String> = heard::take().iter().map(|query| query.sql().to_owned()).collect();
        insta::with_settings!({
            prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../snapshots"
        }, {
            insta::assert_snapshot!(format!("postgres_statements_of_{name}"), statements.join("\n\n"));
        });
    }
}
