//! What the scenarios stand on: a shop in a database, a node behind a bad network, and plain SQL beside both.

use crate::gate::Gate;
use futures_util::future::{FutureExt as _, join_all};
use orderpark_domain::order::{OfferName, PlaceOrder};
use orderpark_domain::{
    Command, Intent, OfferRef, OfferState, Outcome, PartyKind, PartyRef, ProductKind, Scope, SecretHash, UserRef,
    offer, party, product,
};
use orderpark_store::{CommitError, Committed, Database, Limits, Options, ReadError, Store};
use orderpark_testbed::{Engine, Proxy, TestDatabase, upstream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls};

pub const OPERATOR: UserRef = UserRef(2);

pub fn everything() -> Scope {
    Scope::system("a test that plays the operator")
}

pub fn intent(command: Command) -> Intent {
    Intent::by(OPERATOR, everything(), command)
}

/// Who can order what.
#[derive(Clone, Copy)]
pub struct Shop {
    pub offer: OfferRef,
    pub subscriber: PartyRef,
}

impl Shop {
    /// Opens one in an empty database.
    pub fn open(store: &Store) -> Shop {
        let done = |command| store.commit_blocking(intent(command)).unwrap().outcome;
        let bootstrap =
            party::Bootstrap { operator_id: "operator".into(), login: "ops".into(), secret: SecretHash([1; 32]) };
        store.commit_blocking(Intent::system(Command::Bootstrap(bootstrap), "a first start")).unwrap();
        done(create(PartyKind::Supplier, "net", None));
        done(create(PartyKind::Vendor, "acme", None));
        let Outcome::Party(subscriber, _) = done(create(PartyKind::Subscriber, "", Some("acme"))) else { panic!() };
        done(Command::CreateProduct(product::CreateProduct {
            kind: ProductKind::ConnectivityPlan,
            id: "net/plan".into(),
            name: "Plan".into(),
            portal_url: None,
            notification: None,
        }));
        let offer = Command::CreateOffer(offer::CreateOffer {
            id: "acme/offer".into(),
            name: "Offer".into(),
            state: OfferState::Active,
            items: vec![offer::NewItem { product_id: "net/plan".into(), granted: Some(100) }],
            items_max: offer::ITEMS_MAX,
            strategies: None,
        });
        let Outcome::Offer(offer) = done(offer) else { panic!() };
        Shop { offer: offer.offer, subscriber: subscriber.party }
    }

    pub fn place(self) -> Command {
        Command::PlaceOrder(PlaceOrder {
            offer: OfferName::Ref(self.offer),
            subscriber: Some(self.subscriber),
            quantity: 1,
            external_id: None,
            strategy: None,
            can_ask_suppliers: true,
        })
    }
}

fn create(kind: PartyKind, id: &str, vendor_id: Option<&str>) -> Command {
    Command::CreateParty(party::CreateParty {
        kind,
        id: id.into(),
        name: "Name".into(),
        vendor_id: vendor_id.map(Into::into),
        contact_email: Some("mail@example.com".into()),
        organization: None,
        primary_user: None,
    })
}

/// How many intents may wait for a node's committer.
pub const WAITING_MAX: usize = 600;

/// Limits that a test has time for. What the server does to a stalled node stays as it is.
pub fn short() -> Limits {
    Limits {
        connect_max: Duration::from_secs(1),
        statement_max: Duration::from_secs(2),
        lock_max: Duration::from_millis(1800),
        silence_max: Duration::from_secs(1),
        pool_wait_max: Duration::from_millis(400),
        resolve_max: Duration::from_millis(400),
        reconnect_after: Duration::from_millis(20),
        ..Limits::default()
    }
}

/// How long an answer may be waited for under [`short`] limits: a statement's time, and a second for the way.
pub const ANSWER_MAX: Duration = Duration::from_secs(3);

/// What a busy machine may add to any limit.
pub const SLACK: Duration = Duration::from_millis(700);

/// A node with a chance of its own.
pub fn node(database: &Database, limits: Limits, seed: u64) -> (Store, Arc<Gate>) {
    let gate = Arc::new(Gate::new(seed));
    let options =
        Options { chance: Arc::clone(&gate) as _, postgres: limits, waiting_max: WAITING_MAX, ..Options::default() };
    (Store::open(database, options).unwrap(), gate)
}

/// A node behind a bad network, another one that comes straight, and their database.
pub struct Scene {
    // Dropped before the proxy that it comes through, and the database.
    pub store: Store,
    pub beside: Store,
    pub gate: Arc<Gate>,
    pub proxy: Proxy,
    pub shop: Shop,
    pub home: TestDatabase,
}

impl Scene {
    pub fn with(limits: Limits) -> Scene {
        let home = Engine::Postgres.fresh();
        let (beside, _) = node(&home.database(), Limits::default(), 1);
        let shop = Shop::open(&beside);
        let proxy = Proxy::start(upstream());
        let (store, gate) = node(&home.through(&proxy), limits, 2);
        Scene { store, beside, gate, proxy, shop, home }
    }

    /// Commits these at the troubled node as one batch. What `meanwhile` does happens when the node has begun it, and so holds
    /// the head of the journal, and has decided nothing.
    pub fn batch(&self, intents: Vec<Intent>, meanwhile: impl FnOnce()) -> Vec<Result<Committed, CommitError>> {
        self.gate.shut();
        let open = Opened(&self.gate);
        block_on(async {
            // It is refused, so it commits nothing, and until it is decided everything waits.
            let missing = Shop { offer: OfferRef(9_999), ..self.shop };
            let mut plug = Box::pin(self.store.commit(intent(missing.place())));
            assert!((&mut plug).now_or_never().is_none());
            self.gate.wait_until_reached();
            let mut waiting: Vec<_> = intents.into_iter().map(|intent| Box::pin(self.store.commit(intent))).collect();
            for waiting in &mut waiting {
                assert!(waiting.now_or_never().is_none());
            }
            self.gate.let_one_pass();
            assert!(matches!(plug.await, Err(CommitError::Refused(_))));
            self.gate.wait_until_reached();
            tokio::task::block_in_place(meanwhile);
            drop(open);
            join_all(waiting).await
        })
    }

    /// Commits these at the troubled node, in whatever batches.
    pub fn at_once(&self, intents: Vec<Intent>) -> Vec<Result<Committed, CommitError>> {
        block_on(join_all(intents.into_iter().map(|intent| self.store.commit(intent))))
    }
}

/// Opens the gate, also if the test fails.
pub struct Opened<'g>(pub &'g Gate);

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Waits for something asynchronous.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

fn runtime() -> &'static Runtime {
    static RUNTIME: std::sync::LazyLock<Runtime> =
        std::sync::LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
    &RUNTIME
}

/// What a read came to, and how long it took.
pub fn timed<T>(read: impl Future<Output = Result<T, ReadError>>) -> (Result<T, ReadError>, Duration) {
    let began = Instant::now();
    (block_on(read), began.elapsed())
}

/// Waits until something is so; answers how long it took.
#[track_caller]
pub fn wait_until(what: &str, max: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < max, "{what}: not within {max:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    began.elapsed()
}

/// A connection that stays, for what has to be held for a while.
pub struct Sql(Client);

impl Sql {
    pub fn open(url: &str) -> Sql {
        block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            tokio::spawn(connection);
            Sql(client)
        })
    }

    pub fn run(&self, sql: &str) {
        block_on(self.0.batch_execute(sql)).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Whether it was done.
    pub fn attempt(&self, sql: &str) -> bool {
        block_on(self.0.batch_execute(sql)).is_ok()
    }

    pub fn number(&self, sql: &str) -> i64 {
        block_on(self.0.query_one(sql, &[])).unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }
}

/// The middle and the longest of some times.
pub fn middle_and_longest(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() - 1])
}

/// Ends the writers, also if the test fails.
pub struct End<'f>(pub &'f AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
