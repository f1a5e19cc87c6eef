//! The same world in both engines: whatever a decision needs is loaded the same from each.

use super::*;
use crate::committer::Writer;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::{Database, Options};
use orderpark_domain::world::{Counted, MadeBy};
use orderpark_domain::{Endpoint, EndpointState, Grant, Head, Instant, Scope};
use orderpark_testbed::{Engine, TestDatabase};

/// One row of everything and a second one of most, living and deleted; `blob:N` is `N` repeated, sixteen or 32 times.
const WORLD: &str = "
    insert into parties (ref, kind, id, name, vendor_ref, contact_email, organization, revision, deleted_at) values
        (1, 'OPERATOR', 'operator', 'The Operator', null, null, null, 1, null),
        (2, 'SUPPLIER', 'net', 'Net \"quoted\"', null, null, 'Org', 1, null),
        (3, 'VENDOR', 'acme', 'Acmé', null, 'a@example.com', null, 2, null),
        (4, 'SUBSCRIBER', 'alice', 'Alice', 3, 'alice@example.com', null, 1, null),
        (5, 'SUBSCRIBER', 'gone', 'Gone', 3, null, null, 2, 77),
        (6, 'VENDOR', 'bare', 'Nothing of its own', null, null, null, 1, null);
    insert into users (ref, party_ref, login, first_name, last_name, organization, secrets, revision, deleted_at) values
        (10, 1, 'ops', 'O', null, null, blob32:1, 1, null),
        (11, 3, 'ann@acme', null, 'N', '', blob32:2, 3, null),
        (12, 3, 'left@acme', null, null, null, blob32:3, 2, 88),
        (13, 3, 'bot@acme', null, null, null, blob32:4, 1, null);
    insert into user_scopes (user_ref, position, kind, party_ref) values
        (10, 1, 'OPERATOR', 1), (11, 1, 'VENDOR', 3), (11, 2, 'SUBSCRIBER', 4), (12, 1, 'OPERATOR', 1);
    insert into products (ref, kind, supplier_ref, id, name, portal_url, notification, revision, deleted_at) values
        (20, 'CONNECTIVITY_PLAN', 2, 'net/plan', 'Plan', null, '{\"subscribedUrl\":\"https://s.test\"}', 1, null),
        (21, 'APPLICATION', 2, 'net/app', 'App', 'https://p.test', null, 1, null),
        (22, 'APPLICATION', 6, 'bare/old', 'Old', null, null, 2, 99);
    insert into strategies (ref, vendor_ref, id, name, description, state, settings, revision, deleted_at) values
        (30, null, 'ROUTE', 'Route', null, 'ACTIVE', '{}', 1, null),
        (31, 3, 'acme/own', 'Own', 'why', 'DEACTIVATED', '{\"a\":[1]}', 2, null),
        (32, 6, 'bare/gone', 'Gone', null, 'ACTIVE', '{}', 2, 55);
    insert into offers (ref, vendor_ref, id, name, state, strategies, open_orders, revision, deleted_at) values
        (40, 3, 'acme/sensor', 'Sensor', 'ACTIVE', '[\"ROUTE\",\"acme/own\"]', 2, 1, null),
        (41, 3, 'acme/empty', 'Empty', 'SUSPENDED', null, 0, 2, null),
        (42, 6, 'bare/gone', 'Gone', 'DEACTIVATED', '[\"bare/gone\"]', 0, 3, 66);
    insert into offer_items (offer_ref, position, product_ref, granted) values
        (40, 1, 20, 5), (40, 2, 21, null), (42, 1, 22, 1);
    insert into orders (ref, offer_ref, vendor_ref, subscriber_ref, quantity, external_id, strategy, state, created_at,
        closed_at, revision) values
        (blob16:1, 40, 3, 4, 2, 'PO-1', 'ROUTE', 'ACTIVE', 7, null, 2),
        (blob16:2, 40, 3, 4, 1, null, null, 'PENDING', 8, null, 1),
        (blob16:3, 40, 3, 4, 1, 'PO-3', null, 'CANCELLED', 9, 10, 3),
        (blob16:4, 40, 3, 4, 1, 'PO-3', null, 'REJECTED', 11, 12, 2);
    insert into subscriptions (order_ref, position, number, product_ref, supplier_ref, state, granted, since, until,
        reason) values
        (blob16:1, 1, 1, 20, 2, 'SUSPENDED', 10, 7, null, 'unpaid'), (blob16:1, 2, 2, 21, 2, 'ACTIVE', null, 7, null, null),
        (blob16:2, 1, 3, 20, 2, 'PENDING', 5, 8, null, null), (blob16:3, 1, 4, 21, 2, 'CANCELLED', null, 9, 10, null);
    insert into balances (subscriber_ref, product_ref, granted, used, subscriptions, orders) values
        (4, 20, 9007199254740993, 3, 1, 1), (4, 21, 0, 0, 1, 2), (5, 20, 1, 1, 0, 0);
    insert into request_keys (client_ref, key, fingerprint, seq) values
        (10, blob16:5, blob16:6, 12), (11, blob16:5, blob16:7, 13);
    insert into tokens (user_ref, hash, jti, client_id, scopes, issued_at, expires_at) values
        (10, blob32:8, 'jti', 'default/ops', '[\"OPERATOR:1\"]', 5, null),
        (11, blob32:9, 'jti2', 'acme/ann', '[\"VENDOR:3\",\"SUBSCRIBER:4\"]', 5, 6);
    insert into webhook_endpoints (ref, owner_kind, owner_ref, url, description, kinds, secrets, state, disabled_why,
        disabled_at, created_at, revision, deleted_at) values
        (50, 'VENDOR', 3, 'https://h.test/a', null, null, '[]', 'ENABLED', null, null, 7, 1, null),
        (51, 'VENDOR', 3, 'https://h.test/b', 'why', '[\"order.activated\"]', '[{\"sealed\":\"k.x\",\"madeAt\":7}]',
            'DISABLED', 'gone', 9, 8, 2, null),
        (52, 'SUPPLIER', 2, 'https://h.test/c', null, null, '[]', 'ENABLED', null, null, 7, 2, 99);
    update users set created_by = 10, created_at = 5, role = 'ADMIN' where ref in (11, 12);
    update users set created_by = 12, created_at = 6, role = 'MEMBER' where ref = 13;
    update webhook_endpoints set created_by = 13 where ref = 50;
    update webhook_endpoints set created_by = 10 where ref in (51, 52);
";

fn sql(engine: Engine) -> String {
    let mut text = WORLD.to_owned();
    for (mark, length) in [("blob16:", 16), ("blob32:", 32)] {
        for byte in 1..10 {
            let hex = format!("{byte:02x}").repeat(length);
            let literal =
                if engine == Engine::Sqlite { format!("x'{hex}'") } else { format!("decode('{hex}', 'hex')") };
            text = text.replace(&format!("{mark}{byte}"), &literal);
        }
    }
    text
}

/// An engine's side of the committer, on the world above.
struct Loader {
    writer: Box<dyn Writer>,
    _engine: (Option<Sqlite>, Option<Postgres>),
    _home: TestDatabase,
}

impl Loader {
    fn on(engine: Engine) -> Loader {
        let home = engine.fresh();
        let database: Database = home.url().parse().expect("a database");
        drop(crate::Store::open(&database, Options::default()).expect("it is migrated"));
        home.execute(&sql(engine));
        let options = Options::default();
        let (engine, writer) = match &database {
            Database::Sqlite(path) => {
                let (sqlite, (writer, _)) = Sqlite::open(path, &options).expect("it opens");
                ((Some(sqlite), None), writer)
            }
            Database::Postgres(address) => {
                let (postgres, (writer, _)) =
                    Postgres::open(address, &options, &crate::moves::Moves::new()).expect("it opens");
                ((None, Some(postgres)), writer)
            }
        };
        Loader { writer, _engine: engine, _home: home }
    }

    fn load(&mut self, needs: impl IntoIterator<Item = Need>) -> World {
        let mut world = World::working_set(Head { at: Instant(1), ..Head::EMPTY });
        self.writer.begin(None).expect("a transaction");
        self.writer.load(&mut world, needs.into_iter().collect()).expect("it is loaded");
        self.writer.roll_back();
        world
    }
}

fn order(byte: u8) -> OrderRef {
    OrderRef(uuid::Uuid::from_bytes([byte; 16]))
}

fn facts() -> Vec<Fact> {
    let parties = (1..8).map(PartyRef);
    let of_parties = parties.flat_map(|party| {
        let of_companies = [Fact::ProductsOf(party), Fact::OffersOf(party), Fact::StrategiesOf(party)];
        let of_others = [Fact::SubscribersOf(party), Fact::OpenOrdersOf(party), Fact::UsedBy(party)];
        of_companies.into_iter().chain(of_others)
    });
    let products = (20..24).map(ProductRef);
    let of_products = products.flat_map(|product| [Fact::OffersWith(product), Fact::OpenSubscriptionsTo(product)]);
    let others = (30..34).map(|number| Fact::OffersNaming(StrategyRef(number)));
    let users = (10..14).map(|number| Fact::OperatorBesides(UserRef(number)));
    of_parties.chain(of_products).chain(others).chain(users).collect()
}

/// What each user made, since then and since ever, for the operator and for a vendor; at most so
/// much.
fn made() -> impl Iterator<Item = Need> {
    let vendor = rows_of(PartyRef(3));
    let scopes = [Scope::system("a test"), vendor];
    let asked = move |(user, since, max)| {
        let of = |scope: &Scope| MadeBy { user: UserRef(user), since: Instant(since), scope: scope.clone(), max };
        scopes.each_ref().map(of).map(Need::MadeBy)
    };
    (10..14).flat_map(|user| [(user, 0, 9), (user, 6, 9), (user, 8, 9), (user, 0, 1)]).flat_map(asked)
}

/// What a vendor may touch.
fn rows_of(vendor: PartyRef) -> Scope {
    let owner = Grant { kind: PartyKind::Vendor, party: vendor };
    let endpoint = Endpoint {
        endpoint: EndpointRef(1),
        owner,
        url: String::new(),
        description: None,
        kinds: None,
        secrets: Vec::new(),
        state: EndpointState::Enabled,
        disabled: None,
        created_at: Instant(1),
        created_by: None,
        revision: 1,
        deleted_at: None,
    };
    endpoint.hears()
}

/// Everything in the world above, and of each kind something that it does not hold.
fn needs() -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    let text = str::to_owned;
    needs.extend(
        (1..8).flat_map(|n| {
            [Need::Party(PartyRef(n)), Need::UsersOf(PartyRef(n), 9), Need::OpenOrdersOf(PartyRef(n), 9)]
        }),
    );
    needs.extend((1..8).map(|n| Need::EndpointsOf(PartyRef(n), 9)));
    // Less than there is.
    needs.extend([
        Need::UsersOf(PartyRef(3), 1),
        Need::OpenOrdersOf(PartyRef(4), 1),
        Need::EndpointsOf(PartyRef(3), 1),
    ]);
    needs.extend((50..54).map(|n| Need::Endpoint(EndpointRef(n))));
    let counted = [Counted::Users, Counted::Endpoints, Counted::OpenOrders];
    needs.extend((1..8).flat_map(|n| counted.map(|counted| Need::Count(counted(PartyRef(n))))));
    needs.extend(made());
    needs.extend((10..15).flat_map(|n| [Need::User(UserRef(n)), Need::Token(UserRef(n))]));
    needs.extend((20..24).map(|n| Need::Product(ProductRef(n))));
    needs.extend((30..34).map(|n| Need::Strategy(StrategyRef(n))));
    needs.extend((40..44).map(|n| Need::Offer(OfferRef(n))));
    needs.extend((1..6).map(|n| Need::Order(order(n))));
    let kinds = [PartyKind::Operator, PartyKind::Supplier, PartyKind::Vendor, PartyKind::Subscriber];
    needs.extend(kinds.into_iter().flat_map(|kind| ["acme", "net", "gone"].map(|id| Need::PartyId(kind, text(id)))));
    needs.extend(["ops", "ann@acme", "left@acme", ""].map(|login| Need::Login(text(login))));
    needs.extend(["net/plan", "net/app", "bare/old", "NET/PLAN"].map(|id| Need::ProductId(text(id))));
    needs.extend(["acme/sensor", "bare/gone", "'; drop table offers; --"].map(|id| Need::OfferId(text(id))));
    needs.extend(["ROUTE", "acme/own", "bare/gone", "route"].map(|id| Need::StrategyId(text(id))));
    needs.extend(
        [4, 5].into_iter().flat_map(|n| ["PO-1", "PO-3", "é"].map(|id| Need::ExternalId(PartyRef(n), text(id)))),
    );
    needs.extend([4, 5].into_iter().flat_map(|n| [20, 21, 22].map(|p| Need::Balance(PartyRef(n), ProductRef(p)))));
    needs.extend([10, 11, 12].into_iter().flat_map(|n| [5, 6].map(|key| Need::RequestKey((UserRef(n), [key; 16])))));
    needs.extend(facts().into_iter().map(Need::Fact));
    needs
}

/// Which kind of need, and of fact, it is: the words before its values.
fn kind(need: &Need) -> String {
    let text = format!("{need:?}").replace("Fact(", "Fact ").replace("Count(", "Count ");
    text[..text.find('(').expect("a need has a value")].to_owned()
}

#[test]
fn each_need_is_loaded_the_same_from_both_engines() {
    let (mut sqlite, mut postgres) = (Loader::on(Engine::Sqlite), Loader::on(Engine::Postgres));
    let mut kinds = BTreeSet::new();
    let mut both = std::collections::BTreeMap::<String, BTreeSet<String>>::new();
    for need in needs() {
        // With one need there is at most one row in a table, so that two worlds are told apart by their words.
        let [one, other] = [&mut sqlite, &mut postgres].map(|it| format!("{:?}", it.load([need.clone()])));
        assert_eq!(one, other, "{need:?}");
        both.entry(kind(&need)).or_default().insert(one);
        kinds.insert(kind(&need));
    }
    assert_eq!(kinds.len(), 20 + 10 + 3, "a new kind of need or fact belongs into the table: {kinds:?}");
    for (kind, worlds) in both {
        assert!(worlds.len() > 1, "{kind} is never different");
    }
}

/// PostgreSQL is asked for all needs of a kind at once.
#[test]
fn needs_that_come_together_are_loaded_as_if_they_came_alone() {
    for engine in Engine::ALL {
        let mut loader = Loader::on(engine);
        let together = loader.load(needs());
        macro_rules! same {
            ($($need:pat => $table:ident[$key:expr]),+ $(,)?) => {
                for need in needs() {
                    let alone = loader.load([need.clone()]);
                    match need {
                        $($need => {
                            let key = $key;
                            // `get` panics on what was not loaded.
                            assert_eq!(together.$table.get(&key), alone.$table.get(&key), "{engine}: {key:?}");
                        })+
                        Need::UsersOf(..)
                        | Need::Count(_)
                        | Need::EndpointsOf(..)
                        | Need::OpenOrdersOf(..)
                        | Need::MadeBy(_)
                        | Need::Fact(_) => {}
                    }
                }
            };
        }
        same!(
            Need::Party(key) => parties[key],
            Need::PartyId(kind, id) => party_ids[(kind, id)],
            Need::User(key) => users[key],
            Need::Login(login) => logins[login],
            Need::Product(key) => products[key],
            Need::ProductId(id) => product_ids[id],
            Need::Offer(key) => offers[key],
            Need::OfferId(id) => offer_ids[id],
            Need::Strategy(key) => strategies[key],
            Need::StrategyId(id) => strategy_ids[id],
            Need::Order(key) => orders[key],
            Need::ExternalId(subscriber, id) => external_ids[(subscriber, id)],
            Need::Balance(subscriber, product) => balances[(subscriber, product)],
            Need::RequestKey(key) => request_keys[key],
            Need::Token(user) => tokens[user],
            Need::Endpoint(key) => endpoints[key],
        );
    }
}
