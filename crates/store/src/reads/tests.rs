//! What is asked of the database, and how it finds it: by a key or an index, never by walking a table that grows.
//!
//! Every read is asked with every shape of scope; statements and plans are snapshots, so that no change of either goes
//! unseen. What is asked often is also said in words.

mod postgres;

use super::{
    EndpointFilter, OfferFilter, OrderFilter, PartyFilter, ProductFilter, Slice, StrategyFilter, SubscriptionFilter,
    UserFilter,
};
use crate::deliveries::{AttemptFilter, Target};
use crate::load::lookups;
use crate::query::{Dialect, Query, heard};
use crate::sqlite::open_reader;
use crate::{Database, FeedPosition, Options, ReadError, Store};
use orderpark_domain::world::Fact;
use orderpark_domain::{
    Action, Caller, EndpointRef, Grant, Instant, Need, OfferRef, OrderRef, OrderState, PartyKind, PartyRef,
    ProductKind, ProductRef, Scope, SecretHash, StrategyRef, SubscriptionState, User, UserRef,
};
use rusqlite::{Connection, params_from_iter};
use std::collections::BTreeSet;
use tokio::runtime::{Builder, Runtime};

const OPERATOR: &[(PartyKind, u64)] = &[(PartyKind::Operator, 1)];
const SUPPLIER: &[(PartyKind, u64)] = &[(PartyKind::Supplier, 2)];
const VENDOR: &[(PartyKind, u64)] = &[(PartyKind::Vendor, 3)];
const SUBSCRIBER: &[(PartyKind, u64)] = &[(PartyKind::Subscriber, 4)];
const SEVERAL: &[(PartyKind, u64)] = &[(PartyKind::Vendor, 3), (PartyKind::Vendor, 5), (PartyKind::Subscriber, 6)];

fn scope(grants: &[(PartyKind, u64)], action: Action) -> Option<Scope> {
    let user = User {
        user: UserRef(2),
        party: PartyRef(1),
        login: "test".into(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: grants.iter().map(|(kind, party)| Grant { kind: *kind, party: PartyRef(*party) }).collect(),
        secrets: vec![SecretHash([0; 32])],
        role: None,
        created_by: None,
        created_at: None,
        revision: 1,
        deleted_at: None,
    };
    Caller::of(&user).may(action).ok()
}

/// What every database here holds: the names that are asked for, because a list that is filtered by
/// an unknown name is not looked for; and `theirs`, which is of others.
const KNOWN: &str = "insert into parties (ref, kind, id, name, vendor_ref, revision) values (2, 'SUPPLIER', 's', 'S', null, 1), \
    (3, 'VENDOR', 'v', 'V', null, 1), (4, 'SUBSCRIBER', 'b', 'B', 3, 1), (9001, 'VENDOR', 'theirs', 'V', null, 1), \
    (9002, 'SUPPLIER', 'theirs', 'S', null, 1), (9003, 'SUBSCRIBER', 'theirs', 'B', 9001, 1); \
    insert into offers (ref, vendor_ref, id, name, state, open_orders, revision) values \
    (9004, 3, 'x', 'X', 'ACTIVE', 0, 1), (9005, 9001, 'theirs', 'X', 'ACTIVE', 0, 1); \
    insert into products (ref, kind, supplier_ref, id, name, revision) values \
    (9006, 'APPLICATION', 2, 'x', 'X', 1), (9007, 'APPLICATION', 9002, 'theirs', 'X', 1); \
    insert into balances (subscriber_ref, product_ref, granted, used, subscriptions) values (4, 9006, 0, 0, 0), \
    (9003, 9007, 1, 0, 1)";

struct Asked {
    store: Store,
    runtime: Runtime,
    /// Explains plans.
    connection: Connection,
    _folder: tempfile::TempDir,
}

impl Asked {
    fn new() -> Asked {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::Sqlite(folder.path().join("plan.db"));
        let store = Store::open(&database, Options::default()).expect("a new database");
        let beside = Connection::open(folder.path().join("plan.db")).expect("a connection that writes");
        beside.execute_batch(KNOWN).expect("known names");
        let connection = open_reader(&folder.path().join("plan.db")).expect("a connection");
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        Asked { store, runtime, connection, _folder: folder }
    }

    /// What was asked of the database while `read` ran.
    fn hear(&self, read: impl AsyncFnOnce(&Store) -> Result<(), ReadError>) -> Vec<Query> {
        heard::take();
        self.runtime.block_on(read(&self.store)).expect("a read");
        heard::take()
    }

    /// How the database finds the rows of a query, a line a step.
    fn explain(&self, query: &Query) -> String {
        let mut statement =
            self.connection.prepare(&format!("explain query plan {}", query.sql())).expect("a statement");
        let steps =
            statement.query_map(params_from_iter(query.values()), |row| row.get::<_, String>(3)).expect("a plan");
        steps.collect::<Result<Vec<_>, _>>().expect("steps").join("\n")
    }

    /// The one plan of a read as such a caller.
    fn plan(
        &self,
        grants: &[(PartyKind, u64)],
        action: Action,
        read: impl AsyncFnOnce(&Store, &Scope) -> Result<(), ReadError>,
    ) -> String {
        let scope = scope(grants, action).expect("this kind may");
        let heard = self.hear(async |store| read(store, &scope).await);
        assert_eq!(heard.len(), 1, "one read is one statement, which is one snapshot");
        self.explain(&heard[0])
    }
}

/// A time within what tests fill the tables with: 2026-11-23T10:00:00Z and so many thousand seconds.
fn at(thousands: i64) -> Instant {
    Instant((1_795_428_000 + thousands * 1_000) * 1_000_000)
}

fn order(number: i64) -> OrderRef {
    OrderRef::mint(at(number), 0)
}

#[test]
fn an_order_is_found_by_its_key() {
    let asked = Asked::new();
    for grants in [OPERATOR, VENDOR, SUBSCRIBER, SEVERAL] {
        let plan = asked
            .plan(grants, Action::ReadOrders, async |store, scope| store.get_order(scope, order(5)).await.map(drop));
        assert!(plan.contains("SEARCH o USING PRIMARY KEY (ref=?)"), "{plan}");
        assert!(!plan.contains("SCAN o") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn a_page_of_orders_is_found_by_the_index_of_its_party() {
    let asked = Asked::new();
    let cases = [
        (VENDOR, "INDEX orders_of_vendor (vendor_ref=? AND ref<?)"),
        (SUBSCRIBER, "INDEX orders_open_of_subscriber (subscriber_ref=? AND ref<?)"),
        (OPERATOR, "PRIMARY KEY (ref<?)"),
    ];
    for (grants, expected) in cases {
        let plan = asked.plan(grants, Action::ReadOrders, async |store, scope| {
            store.page_orders(scope, &OrderFilter::default(), Slice::after(order(5), 100)).await.map(drop)
        });
        assert!(plan.contains(expected), "expected {expected}:\n{plan}");
    }
}

/// What a decision asks of lists, by the index that leads to what is left of them alone.
fn bounded_lists() -> [(Need, &'static str); 7] {
    let party = PartyRef(61);
    [
        (Need::OpenOrdersOf(party, 100), "orders_open_of_subscriber"),
        (Need::UsersOf(party, 100), "users_living_of_party"),
        (Need::EndpointsOf(party, 100), "webhook_endpoints_living_of_owner"),
        (Need::Fact(Fact::OpenOrdersOf(party)), "orders_open_of_subscriber"),
        (Need::Fact(Fact::UsedBy(party)), "balances_used"),
        (Need::Fact(Fact::OpenSubscriptionsTo(ProductRef(3100))), "orders_pending"),
        (Need::Fact(Fact::OpenSubscriptionsTo(ProductRef(3100))), "balances_of_product"),
    ]
}

#[test]
fn bounded_lists_are_read_no_further_than_their_bound() {
    let asked = Asked::new();
    for (need, index) in bounded_lists() {
        let [lookup] = &lookups(Dialect::Sqlite, [need].into())[..] else { panic!("one lookup") };
        let plan = asked.explain(&lookup.query);
        // Orders that are pending are few.
        let walks = plan.replace("SCAN o USING COVERING INDEX orders_pending", "").contains("SCAN");
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE") && !walks, "{index}:\n{plan}");
    }
}

#[test]
fn an_external_id_is_found_by_its_index() {
    let asked = Asked::new();
    let filter = OrderFilter { external_id: Some("PO-1".into()), ..OrderFilter::default() };
    let plan = asked.plan(VENDOR, Action::ReadOrders, async |store, scope| {
        store.page_orders(scope, &filter, Slice::first(100)).await.map(drop)
    });
    assert!(plan.contains("INDEX orders_external (external_id=?"), "{plan}");
}

#[test]
fn a_page_of_subscriptions_is_found_by_the_index_of_its_party() {
    let asked = Asked::new();
    let cases = [
        (SUPPLIER, "subscriptions_to_supplier"),
        (VENDOR, "orders_of_vendor"),
        (SUBSCRIBER, "orders_open_of_subscriber"),
    ];
    for (grants, expected) in cases {
        for slice in [Slice::first(100), Slice::after(order(5).subscription(1), 100)] {
            let plan = asked.plan(grants, Action::ReadSubscriptions, async |store, scope| {
                store.page_subscriptions(scope, &SubscriptionFilter::default(), slice).await.map(drop)
            });
            assert!(plan.contains(expected), "expected {expected}:\n{plan}");
            assert!(!plan.contains("SCAN s") && !plan.contains("SCAN o"), "{plan}");
            assert!(!plan.contains("USE TEMP B-TREE FOR ORDER BY"), "nothing sorts all that is left:\n{plan}");
        }
    }
}

/// Every read, with every filter at once and with none.
async fn every_read(store: &Store, grants: &[(PartyKind, u64)]) -> Result<(), ReadError> {
    let text = || Some("x".to_owned());
    for (kind, action) in [
        (PartyKind::Supplier, Action::ReadSuppliers),
        (PartyKind::Vendor, Action::ReadVendors),
        (PartyKind::Subscriber, Action::ReadSubscribers),
    ] {
        let Some(scope) = scope(grants, action) else { continue };
        store.get_party(&scope, kind, PartyRef(9)).await?;
        store.page_parties(&scope, kind, &PartyFilter::default(), Slice::first(1)).await?;
        let filter = PartyFilter { id: text(), contact_email: text(), product_id: text() };
        store.page_parties(&scope, kind, &filter, Slice::after(PartyRef(9), 1)).await?;
    }
    if let Some(scope) = scope(grants, Action::ReadUsers) {
        store.get_user(&scope, UserRef(9)).await?;
        store.get_user_by_login(&scope, "x").await?;
        store.get_token(&scope, &[0; 32]).await?;
        store.get_creators(&scope, BTreeSet::from([UserRef(8), UserRef(9)])).await?;
        store.page_users(&scope, &UserFilter { login: text() }, Slice::after(UserRef(9), 1)).await?;
    }
    if let Some(scope) = scope(grants, Action::ReadProducts) {
        store.get_product(&scope, ProductKind::Application, ProductRef(9)).await?;
        store.get_balances(&scope, &[ProductRef(9)]).await?;
        store.get_products(&scope, &[ProductRef(9)]).await?;
        store.get_products(&scope, &[ProductRef(8), ProductRef(9)]).await?;
        store.get_balances(&scope, &[ProductRef(8), ProductRef(9)]).await?;
        let filter = ProductFilter { id: text() };
        store.page_products(&scope, ProductKind::Application, &filter, Slice::after(ProductRef(9), 1)).await?;
    }
    if let Some(scope) = scope(grants, Action::ReadOffers) {
        store.get_offer(&scope, OfferRef(9)).await?;
        for orderable in [false, true] {
            store.page_offers(&scope, &OfferFilter { id: text(), orderable }, Slice::after(OfferRef(9), 1)).await?;
        }
    }
    if let Some(scope) = scope(grants, Action::ReadStrategies) {
        store.get_strategy(&scope, StrategyRef(9)).await?;
        store.page_strategies(&scope, &StrategyFilter { id: text() }, Slice::after(StrategyRef(9), 1)).await?;
    }
    Box::pin(every_read_of_orders(store, grants)).await?;
    Box::pin(every_read_of_deliveries(store, grants)).await?;
    if let Some(scope) = scope(grants, Action::ReadEvents) {
        // Behind the end: what is in the journal of these tests is no journal.
        store.follow_events(&scope, FeedPosition::parse("1000000").expect("a position"), 1).await?;
        store.events_end().await?;
    }
    Ok(())
}

async fn every_read_of_deliveries(store: &Store, grants: &[(PartyKind, u64)]) -> Result<(), ReadError> {
    if let Some(scope) = scope(grants, Action::ReadEndpoints) {
        store.get_endpoint(&scope, EndpointRef(9)).await?;
        let filter = EndpointFilter { owner: Some(PartyRef(4)) };
        store.page_endpoints(&scope, &filter, Slice::after(EndpointRef(9), 1)).await?;
        store.page_endpoints(&scope, &EndpointFilter::default(), Slice::first(1)).await?;
    }
    if let Some(scope) = scope(grants, Action::ReadSupplierAttempts) {
        let supplier = Target::Supplier(ProductRef(9));
        store.page_attempts(&scope, supplier, &AttemptFilter::default(), Slice::first(1)).await?;
    }
    if grants != OPERATOR {
        return Ok(());
    }
    if let Some(scope) = scope(grants, Action::ReadSubscribers) {
        store.page_closing(&scope, Slice::after(PartyRef(9), 1)).await?;
        store.count_open_orders(&scope, PartyRef(9), 1000).await?;
    }
    let target = Target::Endpoint(EndpointRef(9));
    let everywhere = AttemptFilter::default();
    store.page_attempts_at(target, &everywhere, Slice::first(1)).await?;
    store.page_attempts_at(target, &everywhere, Slice::after(uuid::Uuid::nil(), 1)).await?;
    let failed = AttemptFilter { failed: true, ..everywhere };
    store.page_attempts_at(target, &failed, Slice::first(1)).await?;
    let of_event = AttemptFilter { event: FeedPosition::parse("9.0"), ..everywhere };
    store.page_attempts_at(target, &of_event, Slice::first(1)).await?;
    // There are not that many, so only that is read.
    store.keep_newest_attempts(target, 1_000_000, 1).await?;
    store.get_delivery_status(target).await?;
    store.next_replay(target).await?;
    store.page_retries(target, 1).await?;
    store.get_supplier_target(ProductRef(9)).await?;
    Ok(())
}

async fn every_read_of_orders(store: &Store, grants: &[(PartyKind, u64)]) -> Result<(), ReadError> {
    if let Some(scope) = scope(grants, Action::ReadOrders) {
        store.get_order(&scope, order(9)).await?;
        store.page_pending(&scope, None, 1).await?;
        store.page_pending(&scope, Some(order(9)), 1).await?;
        store.get_subscriber_name(&scope, PartyRef(9)).await?;
        store.page_orders(&scope, &OrderFilter::default(), Slice::after(order(9), 1)).await?;
        store.page_orders(&scope, &OrderFilter::default(), Slice::first(1)).await?;
        let closed = OrderFilter { states: vec![OrderState::Rejected], ..OrderFilter::default() };
        store.page_orders(&scope, &closed, Slice::first(1)).await?;
        let filter = OrderFilter {
            offer_id: Some("x".into()),
            subscriber: Some(PartyRef(4)),
            created_from: Some(at(1)),
            created_to: Some(at(2)),
            ..OrderFilter::default()
        };
        store.page_orders(&scope, &filter, Slice::first(1)).await?;
        let filter = OrderFilter { external_id: Some("x".into()), ..OrderFilter::default() };
        store.page_orders(&scope, &filter, Slice::first(1)).await?;
    }
    if let Some(scope) = scope(grants, Action::ReadSubscriptions) {
        store.get_subscription(&scope, order(9).subscription(1)).await?;
        store.get_subscription_numbered(&scope, ProductRef(9), 9).await?;
        let after = Slice::after(order(9).subscription(1), 1);
        store.page_subscriptions(&scope, &SubscriptionFilter::default(), after).await?;
        store.page_subscriptions(&scope, &SubscriptionFilter::default(), Slice::first(1)).await?;
        let filter = SubscriptionFilter {
            states: vec![SubscriptionState::Active],
            subscriber: Some(PartyRef(4)),
            product_id: Some("x".into()),
            order: Some(order(9)),
        };
        store.page_subscriptions(&scope, &filter, Slice::first(1)).await?;
    }
    Ok(())
}

/// Every list with each filter that names something: a row a filter.
async fn every_filter(
    store: &Store,
    grants: &[(PartyKind, u64)],
    name: &str,
    subscriber: u64,
) -> Result<(), ReadError> {
    let (id, subscriber) = (|| Some(name.to_owned()), Some(PartyRef(subscriber)));
    if let Some(scope) = scope(grants, Action::ReadOrders) {
        for filter in [
            OrderFilter { offer_id: id(), ..OrderFilter::default() },
            OrderFilter { subscriber, ..OrderFilter::default() },
            OrderFilter { external_id: id(), ..OrderFilter::default() },
        ] {
            assert!(store.page_orders(&scope, &filter, Slice::first(1)).await?.is_empty());
        }
    }
    if let Some(scope) = scope(grants, Action::ReadSubscriptions) {
        let of_subscriber = SubscriptionFilter { subscriber, ..SubscriptionFilter::default() };
        store.page_subscriptions(&scope, &of_subscriber, Slice::first(1)).await?;
        // Vendors may read every product.
        if scope.vendors().is_empty() {
            let of_product = SubscriptionFilter { product_id: id(), ..SubscriptionFilter::default() };
            store.page_subscriptions(&scope, &of_product, Slice::first(1)).await?;
        }
    }
    if let Some(scope) = scope(grants, Action::ReadSubscribers) {
        for filter in [
            PartyFilter { id: id(), ..PartyFilter::default() },
            PartyFilter { contact_email: id(), ..PartyFilter::default() },
            PartyFilter { product_id: id(), ..PartyFilter::default() },
        ] {
            store.page_parties(&scope, PartyKind::Subscriber, &filter, Slice::first(1)).await?;
        }
    }
    if let Some(scope) = scope(grants, Action::ReadUsers) {
        store.page_users(&scope, &UserFilter { login: id() }, Slice::first(1)).await?;
    }
    if let Some(scope) = scope(grants, Action::ReadProducts) {
        store.page_products(&scope, ProductKind::Application, &ProductFilter { id: id() }, Slice::first(1)).await?;
    }
    if let Some(scope) = scope(grants, Action::ReadStrategies) {
        store.page_strategies(&scope, &StrategyFilter { id: id() }, Slice::first(1)).await?;
    }
    if let Some(scope) = scope(grants, Action::ReadOffers) {
        for orderable in [false, true] {
            store.page_offers(&scope, &OfferFilter { id: id(), orderable }, Slice::first(1)).await?;
        }
    }
    Ok(())
}

/// The statements of every filter by a name of others, and by a name of nobody.
async fn by_foreign_names(store: &Store, grants: &[(PartyKind, u64)]) -> [Vec<String>; 2] {
    let mut asked = [("theirs", 9003), ("nobody's", 9999)].map(|named| (named, Vec::new()));
    for ((name, subscriber), statements) in &mut asked {
        heard::take();
        Box::pin(every_filter(store, grants, name, *subscriber)).await.expect("every filter");
        statements.extend(heard::take().iter().map(|query| query.sql().to_owned()));
    }
    asked.map(|(_, statements)| statements)
}

/// Else the time of an answer would tell whether somebody else has something of this name.
#[test]
fn a_name_of_others_asks_what_a_name_of_nobody_asks() {
    let asked = Asked::new();
    for grants in [SUPPLIER, VENDOR, SUBSCRIBER] {
        let [theirs, nobodys] = asked.runtime.block_on(by_foreign_names(&asked.store, grants));
        assert!(theirs.len() >= 4, "{grants:?}: {theirs:?}");
        assert_eq!(theirs, nobodys, "{grants:?}");
        let walks = |sql: &&String| sql.contains("from orders o where") || sql.contains("from subscriptions s");
        let walked: Vec<_> = theirs.iter().filter(walks).filter(|sql| !sql.contains("external_id in ")).collect();
        assert!(walked.is_empty(), "{grants:?} looks for what it cannot have: {walked:?}");
    }
}

#[test]
fn statements_and_plans_are_as_they_were() {
    let asked = Asked::new();
    for (name, grants) in [
        ("operator", OPERATOR),
        ("supplier", SUPPLIER),
        ("vendor", VENDOR),
        ("subscriber", SUBSCRIBER),
        ("several", SEVERAL),
    ] {
        let heard = asked.hear(async |store| Box::pin(every_read(store, grants)).await);
        assert!(heard.len() > 10, "{name} asked {} times", heard.len());
        let text: Vec<String> = heard
            .iter()
            .map(|query| format!("{}\n-- {}", query.sql(), asked.explain(query).replace('\n', "\n-- ")))
            .collect();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("statements_of_{name}"), text.join("\n\n"));
        });
    }
}

#[test]
fn the_schema_is_as_it_was() {
    let asked = Asked::new();
    let sql =
        "select sql from sqlite_schema where sql is not null and name not like 'refinery%' order by type desc, name";
    let mut statement = asked.connection.prepare(sql).expect("a statement");
    let schema = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows").collect::<Result<Vec<_>, _>>();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("schema", schema.expect("a schema").join(";\n\n"));
    });
}
