//! A deployment that has something to sell.
//!
//! | vendor | subscribers | offers |
//! |---|---|---|
//! | acme | alice, albert | `acme/sensor` (100 of net/plan, and net/app), `acme/asks` (10 of far/slow, whose supplier is asked first), `acme/listed` (only ROUTE and acme/own), `acme/paused`, `acme/ended` |
//! | rival | bob | `rival/sensor` (10 of net/plan) |
//!
//! Everybody has a user of the same name; the operator's is `operator`.

use super::wishes::{Asked, Wish, offer, order_of, party, place, plan, strategy, subscriber};
use super::{Deployment, No, secret};
use orderpark_domain::offer::CreateOffer;
use orderpark_domain::party::Bootstrap;
use orderpark_domain::product::CreateProduct;
use orderpark_domain::strategy::CreateStrategy;
use orderpark_domain::user::CreateUser;
use orderpark_domain::{
    Grant, Notification, NotificationMode, OfferRef, OfferState, Order, PartyKind, ProductKind, ProductRef, Refusal,
    Role, StrategyRef, StrategyState, UserRef,
};

/// One row of a table of rules: what is asked, in words and as a wish, and what comes of it.
pub type Row = (&'static str, fn(&mut Deployment) -> Wish, Result<(), No>);

/// Judges each row on a shop of its own.
pub fn judge(rows: &[Row]) {
    let open = Deployment::shop();
    for (words, wish, expected) in rows {
        let mut shop = open.clone();
        let wish = wish(&mut shop);
        let answer = shop.asks(wish).map(|_| ()).map_err(without_rule);
        assert_eq!(answer, *expected, "{words}");
        shop.end_batch();
    }
}

fn without_rule(no: No) -> No {
    match no {
        No::Refused(Refusal::Invalid { attribute, .. }) => No::Refused(Refusal::Invalid { attribute, rule: "".into() }),
        other => other,
    }
}

impl Deployment {
    /// A deployment that has its operator and nothing else.
    pub fn bootstrapped() -> Deployment {
        let mut empty = Deployment::empty();
        let bootstrap = Bootstrap { operator_id: "operator".into(), login: "operator@test".into(), secret: secret(1) };
        empty.must(Wish::by_system(bootstrap));
        empty
    }

    /// The shop that stands at the head of this page.
    pub fn shop() -> Deployment {
        let mut shop = Deployment::bootstrapped();
        shop.must(shop.by("operator", party(PartyKind::Supplier, "net")));
        shop.must(shop.by("operator", party(PartyKind::Supplier, "far")));
        shop.must(shop.by("operator", party(PartyKind::Vendor, "acme")));
        shop.must(shop.by("operator", party(PartyKind::Vendor, "rival")));
        shop.must(shop.by("acme", subscriber("alice", "acme")));
        shop.must(shop.by("acme", subscriber("albert", "acme")));
        shop.must(shop.by("operator", subscriber("bob", "rival")));
        shop.must(shop.by("net", plan("net/plan")));
        shop.must(shop.by("net", CreateProduct { kind: ProductKind::Application, ..plan("net/app") }));
        let asked_first = Notification {
            subscribed_url: Some("https://far.test/".into()),
            mode: NotificationMode::TryCommit,
            ..Notification::default()
        };
        shop.must(shop.by("far", CreateProduct { notification: Some(asked_first), ..plan("far/slow") }));
        shop.must(shop.by("acme", strategy("acme/own")));
        shop.must(shop.by("rival", strategy("rival/own")));
        shop.must(shop.by("acme", CreateStrategy { state: StrategyState::Deactivated, ..strategy("acme/off") }));
        shop.publish_offers();
        shop
    }

    fn publish_offers(&mut self) {
        let plan = [("net/plan", Some(10))];
        self.must(self.by("acme", offer("acme/sensor", &[("net/plan", Some(100)), ("net/app", None)])));
        self.must(self.by("acme", offer("acme/asks", &[("far/slow", Some(10))])));
        let strategies = Some(vec!["ROUTE".into(), "acme/own".into()]);
        self.must(self.by("acme", CreateOffer { strategies, ..offer("acme/listed", &plan) }));
        self.must(self.by("acme", CreateOffer { state: OfferState::Suspended, ..offer("acme/paused", &plan) }));
        self.must(self.by("acme", CreateOffer { state: OfferState::Deactivated, ..offer("acme/ended", &plan) }));
        self.must(self.by("rival", offer("rival/sensor", &plan)));
    }

    /// What the user of this name asks.
    pub fn by(&self, name: &str, what: impl Asked) -> Wish {
        Wish::by(self.caller(name), what)
    }

    /// An order of an offer by its vendor, placed for a subscriber.
    pub fn ordered(&mut self, offer: &str, subscriber: &str) -> Order {
        let wish = self.by("operator", place(offer, self.party(subscriber)));
        order_of(&self.must(wish).outcome)
    }

    /// The order as it stands now.
    pub fn order(&self, order: &Order) -> Order {
        self.whole.orders.get(&order.order).unwrap().clone()
    }

    /// The right to act for the party of this name.
    pub fn grant(&self, name: &str) -> Grant {
        let party = self.whole.parties.get(&self.party(name)).unwrap();
        Grant { kind: party.kind, party: party.party }
    }

    /// A new user who may act for the parties of these names, made by the operator.
    pub fn hire(&mut self, name: &str, acts_for: &[&str]) {
        let grants = acts_for.iter().map(|party| self.grant(party)).collect();
        let user = CreateUser {
            email: format!("{name}@test"),
            first_name: None,
            last_name: None,
            organization: None,
            grants,
            secret: secret(2),
            role: Role::Admin,
        };
        self.must(self.by("operator", user));
    }

    pub fn user(&self, name: &str) -> UserRef {
        self.caller(name).user()
    }

    pub fn product(&self, id: &str) -> ProductRef {
        *self.whole.product_ids.get(id).unwrap()
    }

    pub fn offer(&self, id: &str) -> OfferRef {
        *self.whole.offer_ids.get(id).unwrap()
    }

    pub fn strategy(&self, id: &str) -> StrategyRef {
        *self.whole.strategy_ids.get(id).unwrap()
    }

    /// Connections granted and used, of a product by a subscriber.
    pub fn connections(&self, name: &str, product: &str) -> (u64, u64) {
        let balance = self.whole.balance(self.party(name), self.product(product));
        (balance.granted, balance.used)
    }
}
