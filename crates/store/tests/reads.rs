//! Every read answers the same on both engines: the same rows, in the same order, for every kind of caller.
//!
//! The same commands are carried out on each, by a clock that stands still and a chance with a seed, so that even refs are
//! the same. Then everything is read by everybody, with every filter.

mod harness;

use harness::{Deployment, Engine, Shop, TestClock, answer, cancel, order_of, place, settle};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::order::PlaceOrder;
use orderpark_domain::strategy::CreateStrategy;
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::token::IssueToken;
use orderpark_domain::user::CreateUser;
use orderpark_domain::{
    Action, Caller, Command, Grant, Instant, OfferRef, Order, OrderState, PartyKind, PartyRef, ProductKind, ProductRef,
    Role, Scope, SecretHash, StrategyRef, StrategyState, SubscriptionState, Token, User, UserRef,
};
use orderpark_store::{
    OfferFilter, OrderFilter, PartyFilter, ProductFilter, Slice, Store, StrategyFilter, SubscriptionFilter, UserFilter,
};
use std::fmt::Debug;
use std::sync::Arc;

const KINDS: [PartyKind; 3] = [PartyKind::Supplier, PartyKind::Vendor, PartyKind::Subscriber];

/// Refs up to here are asked for one by one; some of them name nothing, or something of another kind.
const REFS: std::ops::Range<u64> = 1..40;

struct Peopled {
    deployment: Deployment,
    shops: [Shop; 2],
    orders: Vec<Order>,
}

impl Peopled {
    fn on(engine: Engine) -> Peopled {
        let deployment = Deployment::with(engine, |options| options.clock = Arc::new(TestClock::new()));
        let shops = [deployment.asking_shop("acme"), deployment.shop("Rival")];
        let mut peopled = Peopled { deployment, shops, orders: Vec::new() };
        peopled.hire();
        peopled.trade();
        peopled.deployment.verified();
        peopled
    }

    /// Names that other orders than that of their bytes would sort elsewhere.
    fn hire(&self) {
        let vendor = Grant { kind: PartyKind::Vendor, party: self.shops[0].vendor.party };
        let subscriber = Grant { kind: PartyKind::Subscriber, party: self.shops[1].subscriber.party };
        for (name, grants) in [("Zoë", vec![vendor]), ("amy", vec![vendor, subscriber]), ("_ben", vec![subscriber])] {
            let user = CreateUser {
                email: format!("{name}@example.com"),
                first_name: Some(name.into()),
                last_name: None,
                organization: Some("\"O\\rg\" {}, NULL".into()),
                grants,
                secret: SecretHash([3; 32]),
                role: Role::Admin,
            };
            self.deployment.done(Command::CreateUser(user));
        }
        for id in ["acme/b", "acme/B", "acme/a"] {
            let strategy = CreateStrategy {
                id: id.into(),
                name: id.into(),
                description: None,
                state: StrategyState::Active,
                settings: "{}".into(),
            };
            self.deployment.done(Command::CreateStrategy(strategy));
        }
        let token = Token {
            user: self.deployment.operator,
            hash: [4; 32],
            jti: "jti".into(),
            client_id: "default/ops".into(),
            grants: vec![Grant { kind: PartyKind::Operator, party: PartyRef(1) }],
            issued_at: Instant(0),
            expires_at: Some(Instant(5)),
        };
        let issue = IssueToken { token, proved: SecretHash([1; 32]), renew: false, validity_max_s: None };
        self.deployment.done(Command::IssueToken(issue));
    }

    fn trade(&mut self) {
        for number in 0..12_u32 {
            let shop = &self.shops[usize::from(number % 3 == 2)];
            let Command::PlaceOrder(plain) = place(shop) else { unreachable!() };
            let external_id = (number % 2 == 0).then(|| format!("PO-{number}"));
            let placed = PlaceOrder { quantity: number + 1, external_id, ..plain };
            self.orders.push(order_of(self.deployment.done(Command::PlaceOrder(placed))));
        }
        for (number, order) in self.orders.iter().enumerate() {
            if order.state == OrderState::Pending && number % 4 != 0 {
                let refused = (number % 4 == 3).then_some(self.shops[0].product.product);
                self.deployment.done(settle(order.order, refused));
            }
        }
        let suspend = ChangeSubscription {
            subscription: self.orders[2].order.subscription(1),
            state: Some(SubscriptionState::Suspended),
            reason: Some("unpaid".into()),
        };
        self.deployment.done(Command::ChangeSubscription(suspend));
        self.deployment.done(cancel(self.orders[5].order));
        let (subscriber, product) = (self.shops[1].subscriber.party, self.shops[1].product.product);
        self.deployment.done(Command::ReportUsage(ReportUsage { subscriber, product, used: 7 }));
    }

    /// The callers that there are: one of each kind, two with several rights, and one of the other shop.
    fn callers(&self) -> Vec<(&'static str, Vec<Grant>)> {
        let grant = |kind, party| Grant { kind, party };
        let [acme, rival] = &self.shops;
        let vendor = grant(PartyKind::Vendor, acme.vendor.party);
        let subscriber = grant(PartyKind::Subscriber, rival.subscriber.party);
        vec![
            ("operator", vec![grant(PartyKind::Operator, PartyRef(1))]),
            ("supplier", vec![grant(PartyKind::Supplier, acme.supplier.party)]),
            ("vendor", vec![vendor]),
            ("subscriber", vec![subscriber]),
            ("vendor and subscriber", vec![vendor, subscriber]),
            ("vendor and operator", vec![vendor, grant(PartyKind::Operator, PartyRef(1))]),
            ("supplier of the other", vec![grant(PartyKind::Supplier, rival.supplier.party)]),
        ]
    }

    /// Everything that everybody reads.
    fn read(&self) -> Vec<String> {
        let mut told = Vec::new();
        for (caller, grants) in self.callers() {
            let reader = Reader { caller, grants, store: &self.deployment.store, told: &mut told };
            reader.read(self);
        }
        told
    }
}

struct Reader<'r> {
    caller: &'static str,
    grants: Vec<Grant>,
    store: &'r Store,
    told: &'r mut Vec<String>,
}

impl Reader<'_> {
    fn read(mut self, peopled: &Peopled) {
        self.parties();
        self.users();
        self.products();
        self.goods();
        self.orders(peopled);
        self.subscriptions(peopled);
    }

    fn scope(&self, action: Action) -> Option<Scope> {
        let user = User {
            user: UserRef(2),
            party: PartyRef(1),
            login: "test".into(),
            first_name: None,
            last_name: None,
            organization: None,
            grants: self.grants.clone(),
            secrets: vec![SecretHash([0; 32])],
            role: None,
            created_by: None,
            created_at: None,
            revision: 1,
            deleted_at: None,
        };
        Caller::of(&user).may(action).ok()
    }

    fn tell(&mut self, what: &str, answer: impl Debug) {
        self.told.push(format!("{} reads {what}: {answer:?}", self.caller));
    }

    fn parties(&mut self) {
        let store = self.store;
        for (kind, action) in
            KINDS.into_iter().zip([Action::ReadSuppliers, Action::ReadVendors, Action::ReadSubscribers])
        {
            let Some(scope) = self.scope(action) else { continue };
            for number in REFS {
                self.tell("a party", answer(store.get_party(&scope, kind, PartyRef(number))));
            }
            let some = |text: &str| Some(text.to_owned());
            let filters = [
                PartyFilter::default(),
                PartyFilter { id: some("acme"), ..PartyFilter::default() },
                PartyFilter { id: some("rival"), ..PartyFilter::default() },
                PartyFilter { contact_email: some("@example.com"), ..PartyFilter::default() },
                PartyFilter { product_id: some("acme-net/plan"), ..PartyFilter::default() },
            ];
            for filter in filters {
                for slice in [
                    Slice::first(50),
                    Slice::first(1),
                    Slice::after(PartyRef(5), 2),
                    Slice { skip: 1, ..Slice::first(9) },
                ] {
                    self.tell("parties", answer(store.page_parties(&scope, kind, &filter, slice)));
                }
            }
        }
    }

    fn users(&mut self) {
        let store = self.store;
        let Some(scope) = self.scope(Action::ReadUsers) else { return };
        for number in REFS {
            self.tell("a user", answer(store.get_user(&scope, UserRef(number))));
        }
        for login in ["ops", "Zoë@example.com", "zoë@example.com", "nobody"] {
            self.tell("a user", answer(store.get_user_by_login(&scope, login)));
            let filter = UserFilter { login: Some(login.into()) };
            self.tell("users", answer(store.page_users(&scope, &filter, Slice::first(5))));
        }
        for slice in [Slice::first(50), Slice::after(UserRef(15), 1), Slice { skip: 1, ..Slice::first(2) }] {
            self.tell("users", answer(store.page_users(&scope, &UserFilter::default(), slice)));
        }
        for byte in [4, 5] {
            self.tell("a token", answer(store.get_token(&scope, &[byte; 32])));
        }
    }

    fn products(&mut self) {
        let store = self.store;
        let Some(scope) = self.scope(Action::ReadProducts) else { return };
        let all: Vec<ProductRef> = REFS.map(ProductRef).collect();
        self.tell("balances", answer(store.get_balances(&scope, &all)));
        for kind in [ProductKind::Application, ProductKind::ConnectivityPlan] {
            for product in &all {
                self.tell("a product", answer(store.get_product(&scope, kind, *product)));
                self.tell("a balance", answer(store.get_balances(&scope, &[*product])));
            }
            for id in [None, Some("acme-net/plan".to_owned()), Some("x".to_owned())] {
                for slice in [Slice::first(50), Slice::after(ProductRef(7), 1)] {
                    let filter = ProductFilter { id: id.clone() };
                    self.tell("products", answer(store.page_products(&scope, kind, &filter, slice)));
                }
            }
        }
    }

    fn goods(&mut self) {
        let store = self.store;
        for id in [None, Some("acme/offer".to_owned()), Some("acme/B".to_owned()), Some("x".to_owned())] {
            if let Some(scope) = self.scope(Action::ReadOffers) {
                for orderable in [false, true] {
                    let filter = OfferFilter { id: id.clone(), orderable };
                    for slice in [Slice::first(50), Slice::after(OfferRef(8), 1)] {
                        self.tell("offers", answer(store.page_offers(&scope, &filter, slice)));
                    }
                }
            }
            if let Some(scope) = self.scope(Action::ReadStrategies) {
                let filter = StrategyFilter { id };
                for slice in [Slice::first(50), Slice::after(StrategyRef(4), 2)] {
                    self.tell("strategies", answer(store.page_strategies(&scope, &filter, slice)));
                }
            }
        }
        for number in REFS {
            if let Some(scope) = self.scope(Action::ReadOffers) {
                self.tell("an offer", answer(store.get_offer(&scope, OfferRef(number))));
            }
            if let Some(scope) = self.scope(Action::ReadStrategies) {
                self.tell("a strategy", answer(store.get_strategy(&scope, StrategyRef(number))));
            }
        }
    }

    fn orders(&mut self, peopled: &Peopled) {
        let store = self.store;
        let Some(scope) = self.scope(Action::ReadOrders) else { return };
        let all = || OrderFilter { states: OrderState::ALL.to_vec(), ..OrderFilter::default() };
        let mut filters = vec![OrderFilter::default(), all()];
        filters.extend(OrderState::ALL.map(|state| OrderFilter { states: vec![state], ..OrderFilter::default() }));
        for shop in &peopled.shops {
            filters.push(OrderFilter { offer_id: Some(shop.offer.id.clone()), ..all() });
            filters.push(OrderFilter { subscriber: Some(shop.subscriber.party), ..all() });
        }
        filters.push(OrderFilter { offer_id: Some("x".into()), ..all() });
        filters.extend(["PO-2", "po-2", "PO-4"].map(|id| OrderFilter { external_id: Some(id.into()), ..all() }));
        for order in &peopled.orders {
            self.tell("an order", answer(store.get_order(&scope, order.order)));
            filters.push(OrderFilter { created_from: Some(order.created_at), ..all() });
            filters.push(OrderFilter { created_to: Some(order.created_at), ..all() });
        }
        let middle = peopled.orders[6].order;
        for filter in filters {
            for slice in [Slice::first(50), Slice::after(middle, 3), Slice { skip: 2, ..Slice::first(3) }] {
                self.tell("orders", answer(store.page_orders(&scope, &filter, slice)));
            }
        }
    }

    fn subscriptions(&mut self, peopled: &Peopled) {
        let store = self.store;
        let Some(scope) = self.scope(Action::ReadSubscriptions) else { return };
        let mut filters = vec![SubscriptionFilter::default()];
        let states = [
            SubscriptionState::Pending,
            SubscriptionState::Active,
            SubscriptionState::Suspended,
            SubscriptionState::Rejected,
            SubscriptionState::Cancelled,
        ];
        filters.extend(states.map(|state| SubscriptionFilter { states: vec![state], ..SubscriptionFilter::default() }));
        filters.push(SubscriptionFilter { states: states.to_vec(), ..SubscriptionFilter::default() });
        for shop in &peopled.shops {
            let product_id = Some(shop.product.id.clone());
            filters.push(SubscriptionFilter { product_id, ..SubscriptionFilter::default() });
            let subscriber = Some(shop.subscriber.party);
            filters.push(SubscriptionFilter { subscriber, ..SubscriptionFilter::default() });
        }
        for order in &peopled.orders {
            for position in [1, 2] {
                self.tell("a subscription", answer(store.get_subscription(&scope, order.order.subscription(position))));
            }
            filters.push(SubscriptionFilter { order: Some(order.order), ..SubscriptionFilter::default() });
        }
        let middle = peopled.orders[6].order.subscription(1);
        for filter in filters {
            for slice in [Slice::first(50), Slice::after(middle, 3), Slice { skip: 2, ..Slice::first(3) }] {
                self.tell("subscriptions", answer(store.page_subscriptions(&scope, &filter, slice)));
            }
        }
    }
}

#[test]
fn everybody_reads_the_same_on_both_engines() {
    let [sqlite, postgres] = Engine::ALL.map(|engine| Peopled::on(engine).read());
    for (one, other) in sqlite.iter().zip(&postgres) {
        assert_eq!(one, other, "SQLite, and then PostgreSQL");
    }
    assert_eq!(sqlite.len(), postgres.len());
    let empty = |answer: &&String| answer.ends_with(": None") || answer.ends_with(": []");
    let found = sqlite.len() - sqlite.iter().filter(empty).count();
    assert!(found > 500, "{found} of {} answers tell of anything", sqlite.len());
}
