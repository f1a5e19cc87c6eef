//! The deployment under test: takes the model's steps, and is compared with it.

use super::harness::{Asked, Deployment, No, Wish, offer, order_of, party, place, plan, strategy, subscriber};
use super::model::{Expected, Model, PARTS_MAX, Right};
use super::steps::{Step, World};
use orderpark_domain::balance::ReportUsage;
use orderpark_domain::offer::{CreateOffer, DeleteOffer, UpdateOffer};
use orderpark_domain::order::{CancelOrder, PlaceOrder, Refused, SettleOrder, TRANSITIONS};
use orderpark_domain::party::{ContinueClosing, DeleteParty};
use orderpark_domain::product::{CreateProduct, DeleteProduct};
use orderpark_domain::strategy::UpdateStrategy;
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::{
    Caller, Head, Notification, NotificationMode, OfferRef, OfferState, Order, OrderRef, OrderState, Outcome,
    PartyKind, PartyRef, ProductKind, ProductRef, Refusal, StrategyRef, StrategyState, SubscriptionState,
};
use std::collections::BTreeSet;

const STRATEGIES: [&str; 3] = ["ROUTE", "v0/own", "v1/own"];

/// The deployment, with the refs of what the model names by index.
pub struct Subject {
    shop: Deployment,
    callers: Vec<Caller>,
    subscribers: Vec<PartyRef>,
    products: Vec<ProductRef>,
    offers: Vec<OfferRef>,
    strategies: Vec<StrategyRef>,
    offer_ids: Vec<String>,
    orders: Vec<OrderRef>,
    before: Vec<Order>,
    head: Head,
}

impl Subject {
    pub fn of(model: &Model) -> Subject {
        let mut shop = Deployment::bootstrapped();
        let world = &model.world;
        for index in 0..2 {
            shop.must(shop.by("operator", party(PartyKind::Supplier, &format!("s{index}"))));
            shop.must(shop.by("operator", party(PartyKind::Vendor, &format!("v{index}"))));
            shop.must(shop.by("operator", strategy(STRATEGIES[index + 1])));
        }
        for (index, vendor) in world.subscribers.iter().enumerate() {
            shop.must(shop.by("operator", subscriber(&format!("b{index}"), &format!("v{vendor}"))));
        }
        let products = make_products(&mut shop, world);
        let (offers, offer_ids) = make_offers(&mut shop, world);
        for (index, rights) in world.mixed.iter().enumerate() {
            let names: Vec<String> = rights.iter().map(name_of).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            shop.hire(&format!("mixed{index}"), &names);
        }
        let mut names: Vec<String> = model.callers[..8].iter().map(|rights| name_of(&rights[0])).collect();
        names.extend((0..world.mixed.len()).map(|index| format!("mixed{index}")));
        Subject {
            callers: names.iter().map(|name| shop.caller(name)).collect(),
            subscribers: (0..world.subscribers.len()).map(|index| shop.party(&format!("b{index}"))).collect(),
            strategies: STRATEGIES.iter().map(|id| shop.strategy(id)).collect(),
            head: shop.whole.head,
            products,
            offers,
            offer_ids,
            orders: Vec::new(),
            before: Vec::new(),
            shop,
        }
    }

    /// Takes a step, and says what came of it in the model's words.
    pub fn take(&mut self, step: &Step) -> Expected {
        self.before = self.orders.iter().map(|order| self.order(*order)).collect();
        self.head = self.shop.whole.head;
        let wish = self.wish(step);
        let (decided, count) = (self.shop.asks(wish), self.shop.whole.orders.count());
        match decided {
            Err(No::Forbidden) => Expected::Forbidden,
            Err(No::Refused(refusal)) => Expected::Refused(words(&refusal)),
            Ok(decision) => {
                if count > self.orders.len() {
                    self.orders.push(order_of(&decision.outcome).order);
                }
                if matches!(decision.outcome, Outcome::Replay { .. }) { Expected::Replayed } else { Expected::Done }
            }
        }
    }

    fn by(&self, caller: usize, what: impl Asked) -> Wish {
        Wish::by(self.callers[caller].clone(), what)
    }

    fn nth_order(&self, order: usize) -> OrderRef {
        self.orders.get(order).copied().unwrap_or(OrderRef::mint(self.shop.now(), 0))
    }

    fn wish(&self, step: &Step) -> Wish {
        let nobody = PartyRef(9999);
        match step.clone() {
            Step::Place { .. } => self.placing(step),
            Step::Cancel { caller, order, dry_run, revision } => {
                let wish = self.by(caller, CancelOrder { order: self.nth_order(order) }).dry(dry_run);
                if let Some(revision) = revision { wish.if_match(&[revision]) } else { wish }
            }
            Step::Settle { order, agreed } => {
                let refused = (!agreed).then_some(Refused::by(self.products[0]));
                Wish::by_system(SettleOrder { order: self.nth_order(order), refused, declined: Vec::new() })
            }
            Step::Change { caller, order, position, suspend } => {
                let state = Some(if suspend { SubscriptionState::Suspended } else { SubscriptionState::Active });
                let subscription = self.nth_order(order).subscription(u16::try_from(position + 1).unwrap_or(0));
                self.by(caller, ChangeSubscription { subscription, state, reason: None })
            }
            Step::Report { caller, subscriber, product, used } => {
                let subscriber = self.subscribers.get(subscriber).copied().unwrap_or(nobody);
                self.by(caller, ReportUsage { subscriber, product: self.product(product), used })
            }
            Step::SetOffer { caller, offer, state } => {
                self.by(caller, UpdateOffer { offer: self.offer(offer), name: None, state: OfferState::parse(state) })
            }
            Step::DeleteOffer { caller, offer } => self.by(caller, DeleteOffer { offer: self.offer(offer) }),
            Step::DeleteProduct { caller, product } => {
                let kind = ProductKind::ConnectivityPlan;
                self.by(caller, DeleteProduct { kind, product: self.product(product) })
            }
            Step::DeleteSubscriber { caller, subscriber, force } => {
                let party = self.subscribers.get(subscriber).copied().unwrap_or(nobody);
                self.by(caller, DeleteParty { kind: PartyKind::Subscriber, party, force, parts_max: PARTS_MAX })
            }
            Step::Continue { subscriber } => {
                let party = self.subscribers.get(subscriber).copied().unwrap_or(nobody);
                Wish::by_system(ContinueClosing { party, parts_max: PARTS_MAX })
            }
            Step::SetStrategy { caller, strategy, active } => {
                let state = Some(if active { StrategyState::Active } else { StrategyState::Deactivated });
                let strategy = self.strategies.get(strategy).copied().unwrap_or(StrategyRef(9999));
                let (name, description, settings) = (None, None, None);
                self.by(caller, UpdateStrategy { strategy, name, description, state, settings })
            }
        }
    }

    fn placing(&self, step: &Step) -> Wish {
        let Step::Place { caller, offer, subscriber, quantity, external, strategy, can_ask, key } = step.clone() else {
            unreachable!("only called for placings");
        };
        let offer = self.offer_ids.get(offer).map_or("v0/none", String::as_str);
        let subscriber = subscriber.map(|it| self.subscribers.get(it).copied().unwrap_or(PartyRef(9999)));
        let command = PlaceOrder {
            subscriber,
            quantity,
            external_id: external.map(|it| format!("PO-{it}")),
            strategy: strategy.map(|it| (*STRATEGIES.get(it).unwrap_or(&"NONE")).to_owned()),
            can_ask_suppliers: can_ask,
            ..place(offer, PartyRef(9999))
        };
        let wish = self.by(caller, command);
        if let Some(key) = key { wish.key(&key.to_string()) } else { wish }
    }

    fn product(&self, product: usize) -> ProductRef {
        self.products.get(product).copied().unwrap_or(ProductRef(9999))
    }

    fn offer(&self, offer: usize) -> OfferRef {
        self.offers.get(offer).copied().unwrap_or(OfferRef(9999))
    }

    fn order(&self, order: OrderRef) -> Order {
        self.shop.whole.orders.get(&order).expect("it was placed").clone()
    }

    /// Compares everything with the model, and checks what must always hold.
    pub fn check(&self, model: &Model) {
        self.check_orders(model);
        self.check_transitions();
        self.check_balances(model);
        self.check_offers(model);
        self.check_names();
        self.check_logins(model);
    }

    fn check_orders(&self, model: &Model) {
        assert_eq!(self.orders.len(), model.orders.len());
        for (order, expected) in self.orders.iter().zip(&model.orders) {
            let order = self.order(*order);
            assert_eq!((order.state.as_str(), order.revision), (expected.state, expected.revision));
            let items: Vec<_> = order.subscriptions.iter().map(|it| (it.granted, it.state.as_str())).collect();
            assert_eq!(items, expected.items.iter().map(|it| (Some(it.1), it.2)).collect::<Vec<_>>());
            assert_eq!(order.closed_at.is_some(), !expected.is_open());
        }
    }

    /// States change as the table says, and a revision tells every change.
    fn check_transitions(&self) {
        for before in &self.before {
            let after = self.order(before.order);
            let same = after.state == before.state;
            assert!(same || TRANSITIONS.contains(&(before.state, after.state)), "{before:?} to {after:?}");
            assert_eq!(after.revision, before.revision + u32::from(after != *before));
            for (was, is) in before.subscriptions.iter().zip(&after.subscriptions) {
                assert!(was.state == is.state || was.state.may_become(is.state), "{was:?} to {is:?}");
            }
        }
    }

    fn check_balances(&self, model: &Model) {
        for (subscriber, party) in self.subscribers.iter().enumerate() {
            for (product, product_ref) in self.products.iter().enumerate() {
                let balance = self.shop.whole.balance(*party, *product_ref);
                assert_eq!(balance.granted, model.granted(subscriber, product), "the sum over what is granted");
                assert_eq!(balance.used, model.used.get(&(subscriber, product)).copied().unwrap_or(0));
                assert!(balance.used <= balance.granted);
            }
        }
    }

    fn check_offers(&self, model: &Model) {
        for (index, offer) in self.offers.iter().enumerate() {
            let offer = self.shop.whole.offers.get(offer).expect("offers are deleted softly");
            let open = model.orders.iter().filter(|order| order.offer == index && order.is_open()).count();
            assert_eq!(offer.open_orders, open as u64);
            assert_eq!(
                (offer.state.as_str(), offer.deleted_at.is_none()),
                (model.offer_states[index], model.offers_alive[index])
            );
        }
    }

    /// A login keeps what it holds of parties that live, and lives as long as it holds any.
    fn check_logins(&self, model: &Model) {
        for (caller, login) in self.callers.iter().zip(&model.logins) {
            let user = self.shop.whole.users.get(&caller.user()).expect("users are deleted softly");
            assert_eq!(user.deleted_at.is_none(), login.lives, "{}", user.login);
            if login.lives {
                let held: Vec<_> = login.rights.iter().map(|right| self.party_of(right)).collect();
                assert_eq!(user.grants.iter().map(|grant| grant.party).collect::<Vec<_>>(), held, "{}", user.login);
                assert_eq!(user.party, self.party_of(&login.home), "{}", user.login);
            }
        }
    }

    fn party_of(&self, right: &Right) -> PartyRef {
        match right {
            Right::Subscriber(subscriber) => self.subscribers[*subscriber],
            other => self.shop.party(&name_of(other)),
        }
    }

    /// One order a key and an external id; numbers are given once.
    fn check_names(&self) {
        let (mut names, mut numbers, mut keys) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for order in self.shop.whole.orders.values() {
            let holds = order.external_id.as_ref().filter(|_| order.state != OrderState::Rejected);
            let name = holds.map(|id| (order.subscriber, id.clone()));
            assert!(name.is_none_or(|name| names.insert(name)), "two orders of one external id");
            for subscription in &order.subscriptions {
                assert!(numbers.insert(subscription.number), "two subscriptions of one number");
                assert!(subscription.number < self.shop.whole.head.next_subscription);
            }
        }
        for request in self.shop.journal.iter().filter_map(|entry| entry.request) {
            assert!(keys.insert(request.id()), "two entries of one key");
        }
        let (before, after) = (self.head, self.shop.whole.head);
        assert!(before.next_ref <= after.next_ref && before.next_subscription <= after.next_subscription);
        assert!(before.seq <= after.seq && before.at <= after.at);
        assert_eq!(after.seq, self.shop.journal.len() as u64);
    }
}

fn make_products(shop: &mut Deployment, world: &World) -> Vec<ProductRef> {
    let mut products = Vec::new();
    for (index, (supplier, asks)) in world.products.iter().enumerate() {
        let id = format!("s{supplier}/p{index}");
        let notification = asks.then(|| Notification {
            subscribed_url: Some("https://supplier.test/".into()),
            mode: NotificationMode::TryCommit,
            ..Notification::default()
        });
        shop.must(shop.by("operator", CreateProduct { notification, ..plan(&id) }));
        products.push(shop.product(&id));
    }
    products
}

fn make_offers(shop: &mut Deployment, world: &World) -> (Vec<OfferRef>, Vec<String>) {
    let (mut offers, mut ids) = (Vec::new(), Vec::new());
    for (index, published) in world.offers.iter().enumerate() {
        let id = format!("v{}/o{index}", published.vendor);
        let product_id = |product: usize| format!("s{}/p{product}", world.products[product].0);
        let items: Vec<_> =
            published.items.iter().map(|(product, granted)| (product_id(*product), Some(*granted))).collect();
        let items: Vec<_> = items.iter().map(|(product, granted)| (product.as_str(), *granted)).collect();
        let listed = published.listed.as_ref();
        let strategies = listed.map(|listed| listed.iter().map(|it| STRATEGIES[*it].to_owned()).collect());
        let state = OfferState::parse(published.state).expect("a state");
        shop.must(shop.by("operator", CreateOffer { strategies, state, ..offer(&id, &items) }));
        offers.push(shop.offer(&id));
        ids.push(id);
    }
    (offers, ids)
}

fn name_of(right: &Right) -> String {
    match right {
        Right::Operator => "operator".into(),
        Right::Supplier(index) => format!("s{index}"),
        Right::Vendor(index) => format!("v{index}"),
        Right::Subscriber(index) => format!("b{index}"),
    }
}

/// The kind of a refusal, in the model's words.
fn words(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::CallerGone => "CallerGone",
        Refusal::NotFound => "NotFound",
        // The operator is told which vendors it mixed.
        Refusal::Unknown { attribute: "offerId" } | Refusal::Invalid { attribute: "offerId", .. } => "Unknown offerId",
        Refusal::Invalid { attribute: "subscriberId", .. } => "Invalid subscriberId",
        Refusal::Unknown { attribute: "subscriberId" } => "Unknown subscriberId",
        Refusal::UnknownStrategy => "UnknownStrategy",
        Refusal::OfferNotOrderable { .. } => "OfferNotOrderable",
        Refusal::SupplierCannotBeAsked { .. } => "SupplierCannotBeAsked",
        Refusal::ExternalIdTaken => "ExternalIdTaken",
        Refusal::InUse(orderpark_domain::InUse::Orders) => "InUse Orders",
        Refusal::InUse(orderpark_domain::InUse::Offers) => "InUse Offers",
        Refusal::OrderPending => "OrderPending",
        Refusal::OrderNotPending => "OrderNotPending",
        Refusal::PartyClosing { .. } => "PartyClosing",
        Refusal::ConnectionsInUse { .. } | Refusal::SubscriberUsesConnections => "ConnectionsInUse",
        Refusal::ConnectionsNotGranted { .. } => "ConnectionsNotGranted",
        Refusal::IllegalTransition { .. } => "IllegalTransition",
        Refusal::Stale => "Stale",
        Refusal::KeyReused => "KeyReused",
        other => panic!("no step leads to {other:?}"),
    }
}
