//! A deployment in a database of its own, on either engine, with a clock and a chance of its own.
#![allow(dead_code, reason = "each test file uses a part of it")]

use orderpark_domain::order::{CancelOrder, OfferName, PlaceOrder, Refused, SettleOrder};
use orderpark_domain::{
    Action, Caller, Command, Grant, Intent, Offer, OfferRef, OfferState, Order, OrderRef, Outcome, Party, PartyKind,
    PartyRef, Product, ProductKind, ProductRef, Refusal, RequestKey, Scope, SecretHash, User, UserRef,
};
use orderpark_domain::{Notification, NotificationMode};
use orderpark_domain::{offer, party, product};
use orderpark_store::verify::{Report, verify};
use orderpark_store::{Clock, CommitError, Committed, Database, Options, OrderFilter, ReadError, Slice, Store};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

pub use orderpark_testbed::{Chance, Engine, TestClock, TestDatabase};

/// Makes each function a test on each engine: `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! on_each_engine {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn sqlite() {
                super::$name(orderpark_testbed::Engine::Sqlite);
            }

            #[test]
            fn postgres() {
                super::$name(orderpark_testbed::Engine::Postgres);
            }
        })+
    };
}

/// Where the reads of all tests of a program run: what one of them keeps open is still there for the next.
static READS: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));

/// Options that repeat themselves: the test's clock alone, and a chance with a seed.
pub fn options(clock: &Arc<TestClock>) -> Options {
    Options {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        chance: Arc::new(Chance::seeded(7)),
        follows_database_clock: false,
        ..Options::default()
    }
}

/// What `verify` says of a database.
pub fn report(home: &TestDatabase) -> Report {
    verify(&home.database(), &mut |_| {}).expect("the database can be read")
}

/// Verifies and expects nothing to be wrong.
pub fn assert_whole(home: &TestDatabase) {
    assert_eq!(report(home).violations, Vec::<String>::new(), "{}", home.engine());
}

/// The answer of a read, for a test that is not asynchronous.
pub fn answer<T>(read: impl Future<Output = Result<T, ReadError>>) -> T {
    READS.block_on(read).expect("a read")
}

/// Chance that holds up whoever decides, while it is shut.
pub struct Gate {
    chance: Chance,
    /// Whether it is shut, and whether somebody waits.
    state: Mutex<(bool, bool)>,
    news: Condvar,
}

impl Gate {
    pub fn open() -> Gate {
        Gate { chance: Chance::seeded(7), state: Mutex::default(), news: Condvar::new() }
    }

    pub fn set(&self, shut: bool) {
        self.state.lock().expect("nobody panicked").0 = shut;
        self.news.notify_all();
    }

    pub fn wait_until_reached(&self) {
        let state = self.state.lock().expect("nobody panicked");
        let waited =
            self.news.wait_timeout_while(state, Duration::from_secs(30), |state| !state.1).expect("nobody panicked");
        assert!(!waited.1.timed_out(), "nobody decides anything");
    }
}

impl orderpark_store::Chance for Gate {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().expect("nobody panicked");
        state.1 = state.0;
        self.news.notify_all();
        drop(self.news.wait_while(state, |state| state.0).expect("nobody panicked"));
        self.chance.fill(bytes);
    }
}

pub struct Deployment {
    // Dropped before the database that it is open on.
    pub store: Store,
    pub clock: Arc<TestClock>,
    pub home: TestDatabase,
    pub operator: UserRef,
}

/// A vendor's world: one product, one offer, one subscriber.
pub struct Shop {
    pub supplier: Party,
    pub vendor: Party,
    pub subscriber: Party,
    pub product: Product,
    pub offer: Offer,
}

pub fn everything() -> Scope {
    Scope::system("a test that plays the operator")
}

/// Who acts for one party.
pub fn acting_for(kind: PartyKind, party: PartyRef) -> Caller {
    Caller::of(&User {
        user: UserRef(2),
        party,
        login: "test".into(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: vec![Grant { kind, party }],
        secrets: vec![SecretHash([1; 32])],
        role: None,
        created_by: None,
        created_at: None,
        revision: 1,
        deleted_at: None,
    })
}

/// The scope of one who acts for one party.
pub fn scope_of(kind: PartyKind, party: PartyRef) -> Scope {
    acting_for(kind, party).may(Action::PlaceOrder).expect("this kind may order")
}

impl Deployment {
    pub fn on(engine: Engine) -> Deployment {
        Deployment::with(engine, |_| {})
    }

    pub fn with(engine: Engine, adjust: impl FnOnce(&mut Options)) -> Deployment {
        let (home, clock) = (engine.fresh(), Arc::new(TestClock::ticking()));
        let mut options = options(&clock);
        adjust(&mut options);
        let store = Store::open(&home.database(), options).expect("a new database opens");
        let deployment = Deployment { store, clock, home, operator: UserRef(2) };
        let bootstrap =
            party::Bootstrap { operator_id: "operator".into(), login: "ops".into(), secret: SecretHash([1; 32]) };
        let bootstrap = Intent::system(Command::Bootstrap(bootstrap), "a first start");
        deployment.store.commit_blocking(bootstrap).expect("the first entry");
        deployment
    }

    pub fn database(&self) -> Database {
        self.home.database()
    }

    /// The store is closed; what it left behind, and the clock.
    pub fn closed(self) -> (TestDatabase, Arc<TestClock>) {
        let Deployment { store, clock, home, .. } = self;
        drop(store);
        (home, clock)
    }

    pub fn intent(&self, command: Command) -> Intent {
        Intent::by(self.operator, everything(), command)
    }

    pub fn commit(&self, command: Command) -> Result<Committed, CommitError> {
        self.store.commit_blocking(self.intent(command))
    }

    /// Commits what must succeed.
    pub fn done(&self, command: Command) -> Outcome {
        self.commit(command).expect("the command is carried out").outcome
    }

    /// Commits what must be refused.
    pub fn refused(&self, command: Command) -> Refusal {
        match self.commit(command) {
            Err(CommitError::Refused(refusal)) => refusal,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    pub fn party(&self, kind: PartyKind, id: &str, vendor_id: Option<&str>) -> Party {
        let create = party::CreateParty {
            kind,
            id: id.into(),
            name: format!("Name of {id}"),
            vendor_id: vendor_id.map(Into::into),
            contact_email: Some(format!("{id}@example.com")),
            organization: None,
            primary_user: None,
        };
        match self.done(Command::CreateParty(create)) {
            Outcome::Party(party, None) => *party,
            other => panic!("not a party: {other:?}"),
        }
    }

    pub fn product(&self, id: &str, notification: Option<Notification>) -> Product {
        let create = product::CreateProduct {
            kind: ProductKind::ConnectivityPlan,
            id: id.into(),
            name: id.into(),
            portal_url: None,
            notification,
        };
        match self.done(Command::CreateProduct(create)) {
            Outcome::Product(product) => *product,
            other => panic!("not a product: {other:?}"),
        }
    }

    pub fn offer(&self, id: &str, product_ids: &[&str]) -> Offer {
        let item = |id: &&str| offer::NewItem { product_id: (*id).into(), granted: Some(100) };
        let create = offer::CreateOffer {
            id: id.into(),
            name: id.into(),
            state: OfferState::Active,
            items: product_ids.iter().map(item).collect(),
            items_max: offer::ITEMS_MAX,
            strategies: None,
        };
        match self.done(Command::CreateOffer(create)) {
            Outcome::Offer(offer) => *offer,
            other => panic!("not an offer: {other:?}"),
        }
    }

    /// A supplier, a vendor, a subscriber, a product and an offer, all named after `name`.
    pub fn shop(&self, name: &str) -> Shop {
        self.shop_with(name, None)
    }

    /// The same, with a product whose supplier is asked first.
    pub fn asking_shop(&self, name: &str) -> Shop {
        self.shop_with(name, Some(asks_first()))
    }

    /// An offer of a shop that is there, of a new product whose supplier is asked first.
    pub fn asking_offer(&self, name: &str) -> Offer {
        let product = self.product(&format!("{name}-net/asks"), Some(asks_first()));
        self.offer(&format!("{name}/asks"), &[&product.id])
    }

    fn shop_with(&self, name: &str, notification: Option<Notification>) -> Shop {
        let supplier = self.party(PartyKind::Supplier, &format!("{name}-net"), None);
        let vendor = self.party(PartyKind::Vendor, name, None);
        let subscriber = self.party(PartyKind::Subscriber, "", Some(name));
        let product = self.product(&format!("{name}-net/plan"), notification);
        let offer = self.offer(&format!("{name}/offer"), &[&product.id]);
        Shop { supplier, vendor, subscriber, product, offer }
    }

    pub fn order(&self, shop: &Shop) -> Order {
        order_of(self.done(place(shop)))
    }

    /// The order as it is read.
    pub fn read(&self, order: OrderRef) -> Option<Order> {
        answer(self.store.get_order(&everything(), order))
    }

    /// The first of the open orders.
    pub fn open_orders(&self, limit: u32) -> Vec<Order> {
        answer(self.store.page_orders(&everything(), &OrderFilter::default(), Slice::first(limit))).rows
    }

    pub fn verify(&self) -> Report {
        report(&self.home)
    }

    /// Verifies and expects nothing to be wrong.
    pub fn verified(&self) {
        assert_whole(&self.home);
    }
}

fn asks_first() -> Notification {
    Notification {
        subscribed_url: Some("https://supplier.example.com/subscribed".into()),
        mode: NotificationMode::TryCommit,
        ..Notification::default()
    }
}

pub fn place(shop: &Shop) -> Command {
    place_for(shop.offer.offer, shop.subscriber.party)
}

pub fn place_for(offer: OfferRef, subscriber: PartyRef) -> Command {
    Command::PlaceOrder(PlaceOrder {
        offer: OfferName::Ref(offer),
        subscriber: Some(subscriber),
        quantity: 1,
        external_id: None,
        strategy: None,
        can_ask_suppliers: true,
    })
}

pub fn cancel(order: OrderRef) -> Command {
    Command::CancelOrder(CancelOrder { order })
}

pub fn settle(order: OrderRef, refused: Option<ProductRef>) -> Command {
    Command::SettleOrder(SettleOrder { order, refused: refused.map(Refused::by), declined: Vec::new() })
}

pub fn key(client: UserRef, key: u8, fingerprint: u8) -> RequestKey {
    RequestKey { client, key: [key; 16], fingerprint: [fingerprint; 16] }
}

pub fn order_of(outcome: Outcome) -> Order {
    match outcome {
        Outcome::Order(order) => *order,
        other => panic!("not an order: {other:?}"),
    }
}
