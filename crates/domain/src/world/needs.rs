//! Needs: the rows that a decision will look at, named before it is made, so that a batch loads them together.

use super::Counted;
use crate::request_key::RequestKeyId;
use crate::{
    EndpointRef, Event, Instant, OfferRef, Order, OrderRef, PartyKind, PartyRef, ProductRef, Scope, StrategyRef,
    UserRef, World, user,
};
use std::collections::BTreeSet;

/// A question to the whole database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Is there a living product of this supplier?
    ProductsOf(PartyRef),
    /// Is there a living offer of this vendor?
    OffersOf(PartyRef),
    /// Is there a living processing strategy of this vendor?
    StrategiesOf(PartyRef),
    /// Is there a living subscriber of this vendor?
    SubscribersOf(PartyRef),
    /// Is there an order of this subscriber that is `ACTIVE` or `PENDING`?
    OpenOrdersOf(PartyRef),
    /// Is there a product of which this subscriber uses connections?
    UsedBy(PartyRef),
    /// Is there a living offer that contains this product?
    OffersWith(ProductRef),
    /// Is there a living offer that names this processing strategy?
    OffersNaming(StrategyRef),
    /// Is there a subscription to this product whose order is `ACTIVE` or `PENDING`?
    OpenSubscriptionsTo(ProductRef),
    /// Is there a living user besides this one who can do all that the operator can?
    OperatorBesides(UserRef),
}

/// The tables that questions to the whole database look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Parties,
    Users,
    Products,
    Offers,
    Strategies,
    Orders,
    Endpoints,
    Usage,
}

impl Asked {
    /// Its place in a set of tables.
    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Fact {
    pub(crate) fn asked(self) -> Asked {
        match self {
            Fact::ProductsOf(_) => Asked::Products,
            Fact::OffersOf(_) | Fact::OffersWith(_) | Fact::OffersNaming(_) => Asked::Offers,
            Fact::StrategiesOf(_) => Asked::Strategies,
            Fact::SubscribersOf(_) => Asked::Parties,
            Fact::OpenSubscriptionsTo(_) | Fact::OpenOrdersOf(_) => Asked::Orders,
            Fact::UsedBy(_) => Asked::Usage,
            Fact::OperatorBesides(_) => Asked::Users,
        }
    }
}

impl Event {
    /// The table whose questions may be answered otherwise after this.
    pub(crate) fn moves(&self) -> Option<Asked> {
        match self {
            Event::PartyCreated(_) | Event::PartyUpdated(_) | Event::PartyClosing(_) | Event::PartyDeleted(_) => {
                Some(Asked::Parties)
            }
            Event::UserCreated(_) | Event::UserUpdated(_) | Event::UserDeleted(_) => Some(Asked::Users),
            Event::ProductCreated(_) | Event::ProductUpdated(_) | Event::ProductDeleted(_) => Some(Asked::Products),
            Event::OfferCreated(_) | Event::OfferUpdated(_) | Event::OfferDeleted(_) => Some(Asked::Offers),
            Event::StrategyCreated(_) | Event::StrategyUpdated(_) | Event::StrategyDeleted(_) => {
                Some(Asked::Strategies)
            }
            Event::EndpointCreated(_) | Event::EndpointUpdated(_) | Event::EndpointDeleted(_) => Some(Asked::Endpoints),
            Event::UsageReported { .. } => Some(Asked::Usage),
            Event::OrderPlaced(_)
            | Event::OrderSettled { .. }
            | Event::OrderCancelled(_)
            | Event::SubscriptionSuspended { .. }
            | Event::SubscriptionResumed { .. } => Some(Asked::Orders),
            Event::QuotasSet { .. }
            | Event::OrderMatched(_)
            | Event::OrderFound(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_) => None,
        }
    }
}

/// A question for what a user made, and what the users that it made have made: the living ones, the
/// oldest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MadeBy {
    /// The user.
    pub user: UserRef,
    /// The beginning of the time in which it made them itself.
    pub since: Instant,
    /// Only what may be touched within it.
    pub scope: Scope,
    /// How many things to load at most.
    pub max: usize,
}

/// One thing to load.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each need is named after the table of the world that it fills")]
pub enum Need {
    Party(PartyRef),
    PartyId(PartyKind, String),
    User(UserRef),
    Login(String),
    Product(ProductRef),
    ProductId(String),
    Offer(OfferRef),
    OfferId(String),
    Strategy(StrategyRef),
    StrategyId(String),
    Order(OrderRef),
    ExternalId(PartyRef, String),
    Balance(PartyRef, ProductRef),
    RequestKey(RequestKeyId),
    Token(UserRef),
    Endpoint(EndpointRef),
    /// The first living users of a party, of at most so many scopes.
    UsersOf(PartyRef, u16),
    /// The first living webhook endpoints of a party, at most so many.
    EndpointsOf(PartyRef, u16),
    /// The first open orders of a subscriber, of at most so many subscriptions.
    OpenOrdersOf(PartyRef, u16),
    /// Not asked again when it changes: the world follows the change.
    Count(Counted),
    MadeBy(MadeBy),
    Fact(Fact),
}

/// Rows that an order or an offer counts for before it is loaded: each has up to a thousand parts.
const WEIGHT_OF_MANY: usize = 128;

impl Need {
    /// The tables that it asks about as bits, if it names no row but asks "is there any …?" or
    /// "which …?".
    pub(crate) fn asked(&self) -> u8 {
        match self {
            Need::UsersOf(..) => Asked::Users.bit(),
            Need::EndpointsOf(..) => Asked::Endpoints.bit(),
            Need::OpenOrdersOf(..) => Asked::Orders.bit(),
            Need::MadeBy(_) => Asked::Users.bit() | Asked::Endpoints.bit(),
            Need::Fact(fact) => fact.asked().bit(),
            Need::Party(_)
            | Need::PartyId(..)
            | Need::User(_)
            | Need::Login(_)
            | Need::Product(_)
            | Need::ProductId(_)
            | Need::Offer(_)
            | Need::OfferId(_)
            | Need::Strategy(_)
            | Need::StrategyId(_)
            | Need::Order(_)
            | Need::ExternalId(..)
            | Need::Balance(..)
            | Need::RequestKey(_)
            | Need::Token(_)
            | Need::Endpoint(_)
            | Need::Count(_) => 0,
        }
    }

    /// The rows that loading it may take.
    fn weight(&self) -> usize {
        let is_of_many = matches!(self, Need::Offer(_) | Need::Order(_) | Need::Count(_)) || self.asked() != 0;
        if is_of_many { WEIGHT_OF_MANY } else { 1 }
    }
}

/// The needs of a batch, each once, sorted by kind.
#[derive(Debug, Default)]
pub struct Needs {
    named: BTreeSet<Need>,
    weight: usize,
    asks: bool,
}

impl Needs {
    /// Whether everything is loaded.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.named.len()
    }

    /// The rows that loading them may take.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Takes the needs out, sorted.
    pub fn take(&mut self) -> BTreeSet<Need> {
        self.take_some(usize::MAX)
    }

    /// Takes some out, as long as loading them takes few rows, and forgets the others: they are
    /// named again.
    pub fn take_some(&mut self, weight_max: usize) -> BTreeSet<Need> {
        let all = std::mem::take(&mut self.named);
        if std::mem::take(&mut self.weight) <= weight_max {
            return all;
        }
        let mut weight = 0;
        let fits = |need: &Need| {
            weight += need.weight();
            weight <= weight_max.max(WEIGHT_OF_MANY)
        };
        all.into_iter().take_while(fits).collect()
    }

    /// Whether any question to the whole database was named since the last call, be it answered
    /// already.
    pub fn take_asks(&mut self) -> bool {
        std::mem::take(&mut self.asks)
    }

    /// Whether the database cannot answer one of them, because what has changed is not written yet.
    pub fn are_outdated(&self, world: &World) -> bool {
        world.has_moved() && self.named.iter().any(|need| world.moved(need.asked()))
    }

    fn add(&mut self, need: Need) {
        let weight = need.weight();
        if self.named.insert(need) {
            self.weight += weight;
        }
    }

    pub(crate) fn party(&mut self, world: &World, party: PartyRef) {
        if !world.parties.knows(&party) {
            self.add(Need::Party(party));
        }
    }

    pub(crate) fn party_id(&mut self, world: &World, kind: PartyKind, id: &str) {
        let key = (kind, id.to_owned());
        if !world.party_ids.knows(&key) {
            self.add(Need::PartyId(key.0, key.1));
        }
    }

    /// The party of this kind with this id, once its ref is known.
    pub(crate) fn party_named(&mut self, world: &World, kind: PartyKind, id: &str) {
        self.party_id(world, kind, id);
        if let Some(party) = world.party_ids.get_known(&(kind, id.to_owned())) {
            self.party(world, *party);
        }
    }

    pub(crate) fn user(&mut self, world: &World, user: UserRef) {
        if !world.users.knows(&user) {
            self.add(Need::User(user));
        }
    }

    pub(crate) fn login(&mut self, world: &World, login: &str) {
        let login = user::folded(login);
        if !world.logins.knows(&login) {
            self.add(Need::Login(login));
        }
    }

    pub(crate) fn product(&mut self, world: &World, product: ProductRef) {
        if !world.products.knows(&product) {
            self.add(Need::Product(product));
        }
    }

    pub(crate) fn product_id(&mut self, world: &World, id: &str) {
        if !world.product_ids.knows(id) {
            self.add(Need::ProductId(id.to_owned()));
        }
    }

    pub(crate) fn offer(&mut self, world: &World, offer: OfferRef) {
        if !world.offers.knows(&offer) {
            self.add(Need::Offer(offer));
        }
    }

    pub(crate) fn offer_id(&mut self, world: &World, id: &str) {
        if !world.offer_ids.knows(id) {
            self.add(Need::OfferId(id.to_owned()));
        }
    }

    pub(crate) fn strategy(&mut self, world: &World, strategy: StrategyRef) {
        if !world.strategies.knows(&strategy) {
            self.add(Need::Strategy(strategy));
        }
    }

    pub(crate) fn strategy_id(&mut self, world: &World, id: &str) {
        if !world.strategy_ids.knows(id) {
            self.add(Need::StrategyId(id.to_owned()));
        }
    }

    /// The strategy with this id, once its ref is known.
    pub(crate) fn strategy_named(&mut self, world: &World, id: &str) {
        self.strategy_id(world, id);
        if let Some(strategy) = world.strategy_ids.get_known(id) {
            self.strategy(world, *strategy);
        }
    }

    pub(crate) fn order(&mut self, world: &World, order: OrderRef) {
        if !world.orders.knows(&order) {
            self.add(Need::Order(order));
        }
    }

    /// The order with this `externalId`, once its ref is known.
    pub(crate) fn external_id(&mut self, world: &World, subscriber: PartyRef, external_id: &str) {
        let key = (subscriber, external_id.to_owned());
        if !world.external_ids.knows(&key) {
            self.add(Need::ExternalId(key.0, key.1));
        } else if let Some(order) = world.external_ids.get_known(&key) {
            self.order(world, *order);
        }
    }

    pub(crate) fn balance(&mut self, world: &World, subscriber: PartyRef, product: ProductRef) {
        if !world.balances.knows(&(subscriber, product)) {
            self.add(Need::Balance(subscriber, product));
        }
    }

    /// What closing, or opening, an order changes besides itself: its offer's count and its subscriber's balances.
    pub(crate) fn closing(&mut self, world: &World, order: &Order) {
        self.offer(world, order.offer);
        for subscription in &order.subscriptions {
            self.balance(world, order.subscriber, subscription.product);
        }
    }

    pub(crate) fn request_key(&mut self, world: &World, id: RequestKeyId) {
        if !world.request_keys.knows(&id) {
            self.add(Need::RequestKey(id));
        }
    }

    pub(crate) fn token(&mut self, world: &World, user: UserRef) {
        if !world.tokens.knows(&user) {
            self.add(Need::Token(user));
        }
    }

    /// The first living users of a party, and each of them.
    pub(crate) fn users_of(&mut self, world: &World, party: PartyRef, parts_max: u16) {
        self.asks = true;
        if !world.is_whole() && !world.members.contains_key(&(party, parts_max)) {
            self.add(Need::UsersOf(party, parts_max));
        }
        for user in world.users_of(party, parts_max).refs() {
            self.user(world, *user);
        }
    }

    pub(crate) fn count(&mut self, world: &World, counted: Counted) {
        if !world.is_whole() && !world.counts.contains_key(&counted) {
            self.add(Need::Count(counted));
        }
    }

    /// The list of the things that a user made, and each of them.
    pub(crate) fn made_by(&mut self, world: &World, asked: &MadeBy) {
        self.asks = true;
        if !world.is_whole() && !world.made.contains_key(asked) {
            self.add(Need::MadeBy(asked.clone()));
        }
        let made = world.made_by(asked);
        for user in made.users {
            self.user(world, user);
            self.token(world, user);
        }
        for endpoint in made.endpoints {
            self.endpoint(world, endpoint);
        }
    }

    pub(crate) fn endpoint(&mut self, world: &World, endpoint: EndpointRef) {
        if !world.endpoints.knows(&endpoint) {
            self.add(Need::Endpoint(endpoint));
        }
    }

    /// The first living endpoints of a party, and each of them.
    pub(crate) fn endpoints_of(&mut self, world: &World, party: PartyRef, parts_max: u16) {
        self.asks = true;
        if !world.is_whole() && !world.owned_endpoints.contains_key(&(party, parts_max)) {
            self.add(Need::EndpointsOf(party, parts_max));
        }
        for endpoint in world.endpoints_of(party, parts_max).refs() {
            self.endpoint(world, *endpoint);
        }
    }

    /// The first open orders of a subscriber, and what closing each of them changes.
    pub(crate) fn open_orders_of(&mut self, world: &World, subscriber: PartyRef, parts_max: u16) {
        self.asks = true;
        if !world.is_whole() && !world.open_orders.contains_key(&(subscriber, parts_max)) {
            self.add(Need::OpenOrdersOf(subscriber, parts_max));
        }
        for order in world.open_orders_of(subscriber, parts_max).refs() {
            self.order(world, *order);
            if let Some(order) = world.orders.get_known(order) {
                self.closing(world, order);
            }
        }
    }

    pub(crate) fn fact(&mut self, world: &World, fact: Fact) {
        self.asks = true;
        if !world.is_whole() && !world.facts.contains_key(&fact) {
            self.add(Need::Fact(fact));
        }
    }
}
