//! What an event does to the tables. The only place where rows change.

use super::counts::Step;
use super::table::Key;
use super::{Counted, Table, World};
use crate::request_key::KeptRequest;
use crate::{
    Abridge, Balance, Endpoint, EndpointRef, Entry, Event, Instant, Offer, Order, Party, PartyRef, Product, ProductRef,
    Strategy, Subscription, SubscriptionRef, SubscriptionState, Token, User, UserRef, user,
};

impl World {
    /// Applies one entry. Entries are applied in the order of the journal, each once.
    pub fn apply(&mut self, entry: &Entry) {
        self.head.seq = entry.seq;
        self.head.at = entry.at;
        if let Some(request) = &entry.request {
            let kept = KeptRequest { fingerprint: request.fingerprint, seq: entry.seq };
            self.request_keys.put(request.id(), kept);
        }
        self.apply_event(&entry.event, entry.at);
        if let Some(asked) = entry.event.moves().filter(|_| !self.is_whole()) {
            self.move_on(asked);
        }
    }

    fn apply_event(&mut self, event: &Event, at: Instant) {
        match event {
            Event::PartyCreated(party) => self.create_party(party),
            Event::PartyUpdated(party) => self.update_party(party),
            Event::PartyClosing(party) => self.parties.put(party.party, party.clone()),
            Event::PartyDeleted(party) => self.delete_party(*party, at),
            Event::QuotasSet { party, quotas } => self.parties.change(party, |row| {
                (row.quotas, row.revision) = (*quotas, row.revision + 1);
            }),
            Event::UserCreated(user) => self.create_user(user),
            Event::UserUpdated(user) => self.update_user(user),
            Event::UserDeleted(user) => self.delete_user(*user, at),
            Event::ProductCreated(product) => self.create_product(product),
            Event::ProductUpdated(product) => update(&mut self.products, product.product, product),
            Event::ProductDeleted(product) => delete(&mut self.products, &mut self.product_ids, product, |row| {
                (row.deleted_at, row.revision) = (Some(at), row.revision + 1);
                row.id.clone()
            }),
            Event::OfferCreated(offer) => self.create_offer(offer),
            Event::OfferUpdated(offer) => self.update_offer(offer),
            Event::OfferDeleted(offer) => delete(&mut self.offers, &mut self.offer_ids, offer, |row| {
                (row.deleted_at, row.revision) = (Some(at), row.revision + 1);
                row.id.clone()
            }),
            Event::StrategyCreated(strategy) => self.create_strategy(strategy),
            Event::StrategyUpdated(strategy) => update(&mut self.strategies, strategy.strategy, strategy),
            Event::StrategyDeleted(strategy) => delete(&mut self.strategies, &mut self.strategy_ids, strategy, |row| {
                (row.deleted_at, row.revision) = (Some(at), row.revision + 1);
                row.id.clone()
            }),
            Event::OrderPlaced(order) => self.place_order(order),
            Event::OrderSettled { order, refused, .. } => {
                let agreed = refused.is_none();
                self.orders.change(order, |order| order.settle(agreed, at));
                self.follow_settlement(*order, agreed);
            }
            Event::OrderCancelled(order) => {
                self.release(*order);
                self.orders.change(order, |order| order.cancel(at));
            }
            Event::OrderMatched(_) | Event::OrderFound(_) => {}
            Event::SubscriptionSuspended { subscription, reason } => {
                self.change_subscription(*subscription, SubscriptionState::Suspended, reason.clone());
            }
            Event::SubscriptionResumed { subscription, reason } => {
                self.change_subscription(*subscription, SubscriptionState::Active, reason.clone());
            }
            Event::UsageReported { subscriber, product, used } => {
                self.balances.change(&(*subscriber, *product), |balance| balance.used = *used);
            }
            Event::EndpointCreated(endpoint) => self.create_endpoint(endpoint),
            Event::EndpointUpdated(endpoint) => update(&mut self.endpoints, endpoint.endpoint, endpoint),
            Event::EndpointDeleted(endpoint) => self.delete_endpoint(*endpoint, at),
            Event::TokenIssued(token) => self.tokens.put(token.user, self.with_grants(token)),
            Event::TokenRevoked(user) => self.tokens.remove(user),
        }
    }

    fn change_subscription(&mut self, subscription: SubscriptionRef, state: SubscriptionState, reason: Option<String>) {
        self.orders.change(&subscription.order(), |order| order.change_subscription(subscription, state, reason));
    }

    fn create_party(&mut self, party: &Party) {
        self.head.take_ref(party.party.0);
        self.party_ids.put((party.kind, party.id.clone()), party.party);
        self.parties.put(party.party, party.clone());
    }

    /// That it is being closed is not the event's to tell: it stays, also after a node of a version
    /// that knows no closing.
    fn update_party(&mut self, party: &Party) {
        let closing_at = self.parties.get_known(&party.party).and_then(|row| row.closing_at);
        update(&mut self.parties, party.party, &Party { closing_at, ..party.clone() });
    }

    fn delete_party(&mut self, party: PartyRef, at: Instant) {
        delete(&mut self.parties, &mut self.party_ids, &party, |row| {
            (row.deleted_at, row.revision) = (Some(at), row.revision + 1);
            (row.kind, row.id.clone())
        });
    }

    fn create_user(&mut self, user: &User) {
        self.head.take_ref(user.user.0);
        self.logins.put(user::folded(&user.login), user.user);
        self.users.put(user.user, user.clone());
        self.step(Counted::Users(user.party), Step::Up);
    }

    /// A user of a party that ends moves to another one, and is counted there.
    fn update_user(&mut self, user: &User) {
        let before = self.users.get_known(&user.user).map(|row| row.party);
        if let Some(before) = before.filter(|before| *before != user.party) {
            self.step(Counted::Users(before), Step::Down);
            self.step(Counted::Users(user.party), Step::Up);
        }
        update(&mut self.users, user.user, user);
    }

    fn delete_user(&mut self, user: UserRef, at: Instant) {
        if let Some(party) = self.users.get(&user).map(|user| user.party) {
            self.step(Counted::Users(party), Step::Down);
        }
        delete(&mut self.users, &mut self.logins, &user, |row| {
            (row.deleted_at, row.revision) = (Some(at), row.revision + 1);
            user::folded(&row.login)
        });
        self.tokens.remove(&user);
    }

    fn create_product(&mut self, product: &Product) {
        self.head.take_ref(product.product.0);
        self.product_ids.put(product.id.clone(), product.product);
        self.products.put(product.product, product.clone());
    }

    fn create_offer(&mut self, offer: &Offer) {
        self.head.take_ref(offer.offer.0);
        self.offer_ids.put(offer.id.clone(), offer.offer);
        self.offers.put(offer.offer, offer.clone());
    }

    /// A token that tells no grants has those of its user.
    fn with_grants(&self, token: &Token) -> Token {
        let mut token = token.clone();
        if token.grants.is_empty()
            && let Some(user) = self.users.get(&token.user)
        {
            token.grants.clone_from(&user.grants);
        }
        token
    }

    /// The count of open orders is not the event's to tell: it stays.
    fn update_offer(&mut self, offer: &Offer) {
        self.offers.change(&offer.offer, |row| {
            *row = Offer { open_orders: row.open_orders, ..offer.clone().completed(row) };
        });
    }

    fn create_strategy(&mut self, strategy: &Strategy) {
        self.head.take_ref(strategy.strategy.0);
        self.strategy_ids.put(strategy.id.clone(), strategy.strategy);
        self.strategies.put(strategy.strategy, strategy.clone());
    }

    fn create_endpoint(&mut self, endpoint: &Endpoint) {
        self.head.take_ref(endpoint.endpoint.0);
        self.endpoints.put(endpoint.endpoint, endpoint.clone());
        self.step(Counted::Endpoints(endpoint.owner.party), Step::Up);
    }

    fn delete_endpoint(&mut self, endpoint: EndpointRef, at: Instant) {
        if let Some(owner) = self.endpoints.get(&endpoint).map(|endpoint| endpoint.owner) {
            self.step(Counted::Endpoints(owner.party), Step::Down);
        }
        self.endpoints.change(&endpoint, |row| row.end(at));
    }

    fn place_order(&mut self, order: &Order) {
        for subscription in &order.subscriptions {
            self.head.next_subscription = self.head.next_subscription.max(subscription.number + 1);
            if subscription.state.is_granted() {
                self.grant(order.subscriber, subscription);
            }
        }
        self.count_order(order, Step::Up);
        if let Some(external_id) = &order.external_id {
            self.external_ids.put((order.subscriber, external_id.clone()), order.order);
        }
        self.orders.put(order.order, order.clone());
    }

    fn follow_settlement(&mut self, order: crate::OrderRef, agreed: bool) {
        let Some(order) = self.orders.get(&order).cloned() else { return };
        if agreed {
            order.subscriptions.iter().for_each(|subscription| self.grant(order.subscriber, subscription));
        } else {
            self.count_order(&order, Step::Down);
            if let Some(external_id) = order.external_id {
                self.external_ids.remove(&(order.subscriber, external_id));
            }
        }
    }

    fn release(&mut self, order: crate::OrderRef) {
        let Some(order) = self.orders.get(&order).cloned() else { return };
        for subscription in order.subscriptions.iter().filter(|subscription| subscription.state.is_granted()) {
            self.change_balance(order.subscriber, subscription.product, |balance| {
                balance.granted = balance.granted.saturating_sub(subscription.granted.unwrap_or(0));
                balance.subscriptions = balance.subscriptions.saturating_sub(1);
            });
        }
        self.count_order(&order, Step::Down);
    }

    /// Counts an order that opens or closes: for its offer, its subscriber and its vendor.
    fn count_order(&mut self, order: &Order, step: Step) {
        self.offers.change(&order.offer, |offer| step.take(&mut offer.open_orders));
        if let Some(first) = order.subscriptions.first() {
            self.change_balance(order.subscriber, first.product, |balance| step.take(&mut balance.orders));
        }
        self.step_orders(order, step);
    }

    fn grant(&mut self, subscriber: PartyRef, subscription: &Subscription) {
        self.change_balance(subscriber, subscription.product, |balance| balance.grant(subscription));
    }

    fn change_balance(&mut self, subscriber: PartyRef, product: ProductRef, change: impl FnOnce(&mut Balance)) {
        let mut balance = self.balance(subscriber, product);
        change(&mut balance);
        self.balances.put((subscriber, product), balance);
    }
}

/// Replaces a row by what an update tells of it; what it left out stays.
fn update<K: Key, V: Abridge>(table: &mut Table<K, V>, key: K, told: &V) {
    let whole = table.get_known(&key).map(|row| told.clone().completed(row));
    table.put(key, whole.unwrap_or_else(|| told.clone()));
}

/// Marks a row as deleted and gives its name free; `end` marks it and tells the name.
fn delete<K: Key, V, N: Key>(table: &mut Table<K, V>, names: &mut Table<N, K>, key: &K, end: impl FnOnce(&mut V) -> N) {
    let mut name = None;
    table.change(key, |row| name = Some(end(row)));
    if let Some(name) = name {
        names.remove(&name);
    }
}
