use super::super::connect::Role;
use super::super::migrate::migrate;
use super::super::scratch::Scratch;
use super::*;
use crate::journal::{self, Hash, Line};
use orderpark_domain::feed::Kind;
use orderpark_domain::{
    Disabled, DisabledWhy, Endpoint, EndpointRef, EndpointState, Entry, Event, Grant, Head, Instant, Notification,
    Offer, OfferItem, OfferRef, OfferState, Order, OrderRef, OrderState, Party, PartyKind, PartyRef, Product,
    ProductKind, ProductRef, Quotas, RequestKey, SealedSecret, SecretHash, Strategy, StrategyRef, StrategyState,
    Subscription, SubscriptionState, Token, User, UserRef, World,
};
use tokio_postgres::Client;

const OPERATOR: PartyRef = PartyRef(1);
const VENDOR: PartyRef = PartyRef(3);
const SUBSCRIBER: PartyRef = PartyRef(4);
const ROOT: UserRef = UserRef(5);
const ROBOT: UserRef = UserRef(6);
const PLAN: ProductRef = ProductRef(7);
const APPLICATION: ProductRef = ProductRef(8);
const OFFER: OfferRef = OfferRef(10);
const SPARE: OfferRef = OfferRef(11);
const HOOK: EndpointRef = EndpointRef(12);
const SPARE_HOOK: EndpointRef = EndpointRef(13);

const TABLES: [(&str, &str); 15] = [
    ("parties", "ref"),
    ("users", "ref"),
    ("user_scopes", "user_ref, position"),
    ("products", "ref"),
    ("strategies", "ref"),
    ("offers", "ref"),
    ("offer_items", "offer_ref, position"),
    ("orders", "ref"),
    ("subscriptions", "order_ref, position"),
    ("balances", "subscriber_ref, product_ref"),
    ("request_keys", "client_ref, key"),
    ("tokens", "user_ref"),
    ("webhook_endpoints", "ref"),
    ("delivery_targets", "kind, ref"),
    ("head", "id"),
];

/// A journal that is written batch by batch.
struct Written {
    _scratch: Scratch,
    client: Client,
    world: World,
    hash: Hash,
}

impl Written {
    async fn nothing() -> Written {
        let scratch = Scratch::new().await;
        let mut client = scratch.session(Role::Migrator).await;
        migrate(&mut client).await.unwrap();
        let mut world = World::working_set(Head::EMPTY);
        load(&mut world, &[]);
        Written { client, world, hash: [0; 32], _scratch: scratch }
    }

    /// Applies events and writes what they changed; answers which statements that took.
    async fn batch(&mut self, events: Vec<Event>) -> Vec<&'static str> {
        let (mut entries, mut lines): (Vec<Entry>, Vec<Line>) = (Vec::new(), Vec::new());
        for event in events {
            let seq = self.world.head.seq + 1;
            let at = Instant(1_700_000_000_000_000 + i64::try_from(seq).unwrap());
            let request = matches!(event, Event::OrderPlaced(_)).then(|| RequestKey {
                client: ROBOT,
                key: [u8::try_from(seq).unwrap(); 16],
                fingerprint: [0xF0; 16],
            });
            let entry = Entry { seq, at, by: Some(ROOT), request, event };
            let line = journal::write(&entry, &self.hash);
            self.hash = line.hash;
            self.world.apply(&entry);
            lines.push(line);
            entries.push(entry);
        }
        let (world, hash) = (&self.world, &self.hash);
        let batch = crate::committer::Written { world, entries: &entries, lines: &lines, hash, tells: true };
        let writes = statements(&batch);
        self.client.batch_execute("begin").await.unwrap();
        for write in &writes {
            let values: Vec<&(dyn ToSql + Sync)> = write.values.iter().map(|value| &**value as _).collect();
            let written = self.client.execute(write.sql, &values).await;
            written.unwrap_or_else(|error| panic!("{}: {error:?}", write.sql));
        }
        self.client.batch_execute("commit").await.unwrap();
        let sent = writes.into_iter().map(|write| write.sql).collect();
        self.world.settle(1000);
        sent
    }

    /// Every row of every table, and the journal by its lengths.
    async fn tables(&self) -> String {
        let mut told = String::new();
        for (table, order) in TABLES {
            let rows =
                self.client.query(&format!("select t::text from {table} t order by {order}"), &[]).await.unwrap();
            let rows = rows.iter().map(|row| format!("  {}\n", row.get::<_, String>(0)));
            told.extend([table, "\n"].map(str::to_owned).into_iter().chain(rows));
        }
        let sql = "select seq, at, entry, hash from journal order by seq";
        let mut before = [0; 32];
        for row in self.client.query(sql, &[]).await.unwrap() {
            let (seq, at, text): (i64, i64, String) = (row.get(0), row.get(1), row.get(2));
            before = journal::chain(&before, u64::try_from(seq).unwrap(), Instant(at), &text);
            assert_eq!(row.get::<_, Vec<u8>>(3), before, "entry {seq}");
        }
        assert_eq!(before, self.hash);
        told
    }
}

fn party(party: PartyRef, kind: PartyKind, id: &str) -> Event {
    let vendor = (kind == PartyKind::Subscriber).then_some(VENDOR);
    Event::PartyCreated(Party {
        party,
        kind,
        id: id.into(),
        name: format!("The {id}, \"a\\b\", {{}}, NULL"),
        vendor,
        vendor_id: vendor.map(|_| "vendor".into()),
        contact_email: (kind == PartyKind::Subscriber).then(|| "jane@example.com".into()),
        organization: None,
        quotas: Quotas::default(),
        revision: 1,
        closing_at: None,
        deleted_at: None,
    })
}

fn user(user: UserRef, party: PartyRef, grants: &[(PartyKind, PartyRef)], revision: u32) -> User {
    User {
        user,
        party,
        login: format!("login{}", user.0),
        first_name: Some("Zoë".into()),
        last_name: None,
        organization: Some(String::new()),
        grants: grants.iter().map(|(kind, party)| Grant { kind: *kind, party: *party }).collect(),
        secrets: vec![SecretHash([1; 32]); revision as usize],
        role: None,
        created_by: None,
        created_at: None,
        revision,
        deleted_at: None,
    }
}

fn product(product: ProductRef, kind: ProductKind) -> Product {
    let notification = Notification { subscribed_url: Some("https://example.com/s".into()), ..Notification::default() };
    Product {
        product,
        kind,
        supplier: PartyRef(2),
        id: format!("supplier/p{}", product.0),
        name: "A product".into(),
        portal_url: None,
        notification: (kind == ProductKind::ConnectivityPlan).then_some(notification),
        revision: 1,
        deleted_at: None,
    }
}

fn offer(offer: OfferRef) -> Offer {
    let item =
        |product: ProductRef, granted| OfferItem { product, product_id: format!("supplier/p{}", product.0), granted };
    Offer {
        offer,
        vendor: VENDOR,
        id: format!("vendor/o{}", offer.0),
        name: "An offer".into(),
        state: OfferState::Active,
        items: vec![item(PLAN, Some(5)), item(APPLICATION, None)],
        strategies: (offer == OFFER).then(|| vec!["vendor/s".into()]),
        revision: 1,
        deleted_at: None,
        open_orders: 0,
    }
}

fn endpoint(endpoint: EndpointRef) -> Endpoint {
    Endpoint {
        endpoint,
        owner: Grant { kind: PartyKind::Vendor, party: VENDOR },
        url: "https://example.com/hook".into(),
        description: (endpoint == HOOK).then(|| "A hook".into()),
        kinds: (endpoint == HOOK).then(|| vec![Kind::OrderActivated]),
        created_by: None,
        secrets: vec![SealedSecret { sealed: "key.sealed".into(), made_at: Instant(7) }],
        state: EndpointState::Enabled,
        disabled: None,
        created_at: Instant(7),
        revision: 1,
        deleted_at: None,
    }
}

fn order(number: u64, state: OrderState) -> Order {
    let subscription_state =
        if state == OrderState::Pending { SubscriptionState::Pending } else { SubscriptionState::Active };
    let subscription = |at: u64, product: ProductRef, granted| Subscription {
        number: number * 2 + at,
        product,
        product_id: format!("supplier/p{}", product.0),
        supplier: PartyRef(2),
        state: subscription_state,
        granted,
        since: Instant(7),
        until: None,
        reason: None,
    };
    Order {
        order: order_ref(number),
        offer: OFFER,
        offer_id: "vendor/o10".into(),
        vendor: VENDOR,
        subscriber: SUBSCRIBER,
        quantity: 2,
        external_id: (number == 1).then(|| "e-1".into()),
        strategy: None,
        state,
        created_at: Instant(7),
        closed_at: None,
        revision: 1,
        subscriptions: vec![subscription(0, PLAN, Some(10)), subscription(1, APPLICATION, None)],
    }
}

fn order_ref(number: u64) -> OrderRef {
    OrderRef::mint(Instant(1_700_000_000_000_000), number)
}

fn token(user: UserRef, mark: u8) -> Token {
    Token {
        user,
        hash: [mark; 32],
        jti: format!("jti{mark}"),
        client_id: "vendor/robot".into(),
        grants: vec![Grant { kind: PartyKind::Vendor, party: VENDOR }],
        issued_at: Instant(8),
        expires_at: (mark == 1).then_some(Instant(9)),
    }
}

fn everything() -> Vec<Event> {
    let strategy = Strategy {
        strategy: StrategyRef(9),
        vendor: Some(VENDOR),
        id: "vendor/s".into(),
        name: "A strategy".into(),
        description: None,
        state: StrategyState::Active,
        settings: "{}".into(),
        revision: 1,
        deleted_at: None,
    };
    vec![
        party(OPERATOR, PartyKind::Operator, "operator"),
        party(PartyRef(2), PartyKind::Supplier, "supplier"),
        party(VENDOR, PartyKind::Vendor, "vendor"),
        party(SUBSCRIBER, PartyKind::Subscriber, "subscriber"),
        Event::UserCreated(user(ROOT, OPERATOR, &[(PartyKind::Operator, OPERATOR)], 1)),
        Event::UserCreated(user(ROBOT, VENDOR, &[(PartyKind::Vendor, VENDOR), (PartyKind::Subscriber, SUBSCRIBER)], 1)),
        Event::ProductCreated(product(PLAN, ProductKind::ConnectivityPlan)),
        Event::ProductCreated(product(APPLICATION, ProductKind::Application)),
        Event::StrategyCreated(strategy),
        Event::OfferCreated(offer(OFFER)),
        Event::OfferCreated(offer(SPARE)),
        Event::EndpointCreated(endpoint(HOOK)),
        Event::EndpointCreated(endpoint(SPARE_HOOK)),
        Event::OrderPlaced(order(1, OrderState::Active)),
        Event::OrderPlaced(order(2, OrderState::Pending)),
        Event::OrderPlaced(order(3, OrderState::Pending)),
        Event::TokenIssued(token(ROOT, 1)),
        Event::TokenIssued(token(ROBOT, 2)),
    ]
}

/// As the committer does before it decides.
fn load(world: &mut World, orders: &[u64]) {
    for product in [PLAN, APPLICATION] {
        if world.balances.get_known(&(SUBSCRIBER, product)).is_none() {
            world.balances.load((SUBSCRIBER, product), None);
        }
    }
    for number in orders {
        let state = if *number == 1 { OrderState::Active } else { OrderState::Pending };
        world.orders.load(order_ref(*number), Some(order(*number, state)));
    }
}

#[tokio::test]
async fn every_kind_of_row_is_written_as_it_is() {
    let mut written = Written::nothing().await;
    load(&mut written.world, &[]);
    written.batch(everything()).await;
    assert_tables("created", &written.tables().await);
    load(&mut written.world, &[1, 2, 3]);
    for hook in [HOOK, SPARE_HOOK] {
        written.world.endpoints.load(hook, Some(endpoint(hook)));
    }
    let changes = vec![
        Event::PartyUpdated(Party {
            name: "Renamed".into(),
            revision: 2,
            ..written.world.parties.get(&VENDOR).unwrap().clone()
        }),
        Event::PartyClosing(Party {
            closing_at: Some(Instant(12)),
            revision: 2,
            ..written.world.parties.get(&SUBSCRIBER).unwrap().clone()
        }),
        Event::UserUpdated(user(ROBOT, VENDOR, &[(PartyKind::Vendor, VENDOR)], 2)),
        Event::ProductUpdated(Product {
            portal_url: Some("https://example.com".into()),
            ..product(APPLICATION, ProductKind::Application)
        }),
        Event::OfferDeleted(SPARE),
        Event::OrderCancelled(order_ref(1)),
        Event::OrderSettled { order: order_ref(2), refused: None, unreachable: false, declined: Vec::new() },
        Event::OrderSettled { order: order_ref(3), refused: Some(PLAN), unreachable: true, declined: vec![PLAN] },
        Event::EndpointUpdated(Endpoint {
            state: EndpointState::Disabled,
            disabled: Some(Disabled { why: DisabledWhy::Gone, at: Instant(12) }),
            revision: 2,
            ..endpoint(HOOK)
        }),
        Event::EndpointDeleted(SPARE_HOOK),
        Event::SubscriptionSuspended { subscription: order_ref(2).subscription(2), reason: Some("unpaid".into()) },
        Event::UsageReported { subscriber: SUBSCRIBER, product: PLAN, used: 3 },
        Event::TokenRevoked(ROOT),
        Event::TokenIssued(token(ROBOT, 3)),
    ];
    written.batch(changes).await;
    assert_tables("changed", &written.tables().await);
}

fn assert_tables(name: &str, tables: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, tables);
    });
}

/// What most batches are: orders, and nothing about an offer but its count.
#[tokio::test]
async fn a_batch_of_orders_is_one_statement_a_table() {
    let mut written = Written::nothing().await;
    written.batch(everything()).await;
    let placed: Vec<Event> = (10..20).map(|number| Event::OrderPlaced(order(number, OrderState::Active))).collect();
    load(&mut written.world, &[]);
    let sent = written.batch(placed).await;
    let begins = sent.iter().map(|sql| sql.strip_prefix("with done as (").unwrap_or(sql));
    let begins: Vec<String> = begins.map(|sql| sql.split(' ').take(3).collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "update offers set",
        "insert into orders",
        "insert into subscriptions",
        "insert into balances",
        "insert into request_keys",
        "insert into journal",
        "update head set",
    ];
    assert_eq!(begins, expected);
    let row = written.client.query_one("select open_orders, name from offers where ref = 10", &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (13, "An offer"));
}

/// The `externalId` of an order that is rejected may be taken in the same batch.
#[tokio::test]
async fn an_external_id_may_change_hands_in_one_batch() {
    let mut written = Written::nothing().await;
    let named = |number, state| Order { external_id: Some("PO-9".into()), ..order(number, state) };
    let mut events = everything();
    events.push(Event::OrderPlaced(named(8, OrderState::Pending)));
    written.batch(events).await;
    load(&mut written.world, &[]);
    written.world.orders.load(order_ref(8), Some(named(8, OrderState::Pending)));
    let refused =
        Event::OrderSettled { order: order_ref(8), refused: Some(PLAN), unreachable: false, declined: vec![] };
    written.batch(vec![refused, Event::OrderPlaced(named(9, OrderState::Active))]).await;
    let sql = "select string_agg(state, ' ' order by ref) from orders where external_id = 'PO-9'";
    let row = written.client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "REJECTED ACTIVE");
}

/// A row that somebody took away makes the batch fail, instead of being missing from the tables and there in the journal.
#[tokio::test]
async fn an_update_that_misses_its_row_fails() {
    let mut written = Written::nothing().await;
    written.batch(everything()).await;
    written.client.batch_execute("delete from subscriptions; delete from orders").await.unwrap();
    let sql = every!("update orders set revision = 2 from unnest($1::bytea[]) as n (ref) where orders.ref = n.ref");
    let refs = vec![order_ref(1).0.as_bytes().to_vec()];
    let error = written.client.query(sql, &[&refs]).await.unwrap_err();
    assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("22012"), "{error}");
}

/// An offer that is created, changed and ordered in one batch is written once, with its items.
#[tokio::test]
async fn an_offer_may_be_new_and_changed_at_once() {
    let mut written = Written::nothing().await;
    let mut events = everything();
    events.push(Event::OfferUpdated(Offer { name: "Renamed".into(), revision: 2, ..offer(OFFER) }));
    events.push(Event::OrderCancelled(order_ref(1)));
    written.batch(events).await;
    let sql =
        "select name, open_orders, (select count(*) from offer_items where offer_ref = ref) from offers where ref = 10";
    let row = written.client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), ("Renamed", 2, 2));
}
