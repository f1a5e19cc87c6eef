//! A deployment on a temporary file, with a clock and a chance of its own.
#![allow(dead_code, reason = "each test file uses a part of it")]

use orderpark_domain::order::{CancelOrder, OfferName, PlaceOrder, SettleOrder};
use orderpark_domain::{
    Action, Caller, Command, Grant, IfMatch, Intent, Offer, OfferRef, OfferState, Order, OrderRef, Outcome, Party,
    PartyKind, PartyRef, Product, ProductKind, ProductRef, Refusal, RequestKey, Scope, SecretHash, User, UserRef,
};
use orderpark_domain::{Instant, Notification, NotificationMode};
use orderpark_domain::{offer, party, product};
use orderpark_store::verify::{Report, verify};
use orderpark_store::{Chance, Clock, CommitError, Committed, Database, Options, Store};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tempfile::TempDir;

/// A clock that moves only when told, and by a microsecond when asked.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance_days(&self, days: i64) {
        self.0.fetch_add(days * 86_400_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

#[derive(Debug)]
struct TestChance(AtomicU64);

impl Chance for TestChance {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            *byte = (next ^ (next >> 31)).to_le_bytes()[3];
        }
    }
}

pub struct Deployment {
    pub store: Store,
    pub clock: Arc<TestClock>,
    pub folder: TempDir,
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

/// The scope of one who acts for one party.
pub fn scope_of(kind: PartyKind, party: PartyRef) -> Scope {
    let user = User {
        user: UserRef(2),
        party,
        login: "test".into(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: vec![Grant { kind, party }],
        secrets: vec![SecretHash([1; 32])],
        revision: 1,
        deleted_at: None,
    };
    Caller::of(&user).may(Action::PlaceOrder).expect("this kind may order")
}

impl Deployment {
    pub fn new() -> Deployment {
        Deployment::with(|_| {})
    }

    pub fn with(adjust: impl FnOnce(&mut Options)) -> Deployment {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(TestClock(AtomicI64::new(1_795_430_400_000_000)));
        let mut options = Options {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance: Arc::new(TestChance(AtomicU64::new(7))),
            ..Options::default()
        };
        adjust(&mut options);
        let store =
            Store::open(&Database::Sqlite(folder.path().join("orderpark.db")), options).expect("a new database opens");
        let deployment = Deployment { store, clock, folder, operator: UserRef(2) };
        let bootstrap =
            party::Bootstrap { operator_id: "operator".into(), login: "ops".into(), secret: SecretHash([1; 32]) };
        let bootstrap = Intent::system(Command::Bootstrap(bootstrap), "a first start");
        deployment.store.commit_blocking(bootstrap).expect("the first entry");
        deployment
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("orderpark.db")
    }

    pub fn database(&self) -> Database {
        Database::Sqlite(self.path())
    }

    pub fn intent(&self, command: Command) -> Intent {
        Intent { command, scope: everything(), by: Some(self.operator), request: None, if_match: IfMatch::Anything }
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
        let notification = Notification {
            subscribed_url: Some("https://supplier.example.com/subscribed".into()),
            mode: NotificationMode::TryCommit,
            ..Notification::default()
        };
        self.shop_with(name, Some(notification))
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

    pub fn verify(&self) -> Report {
        verify(&self.database(), &mut |_| {}).expect("the database can be read")
    }

    /// Verifies and expects nothing to be wrong.
    pub fn verified(&self) {
        assert_eq!(self.verify().violations, Vec::<String>::new());
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
    Command::CancelOrder(CancelOrder { order, dry_run: false })
}

pub fn settle(order: OrderRef, refused: Option<ProductRef>) -> Command {
    Command::SettleOrder(SettleOrder { order, refused })
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
