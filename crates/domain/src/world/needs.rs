//! Needs: the rows that a decision will look at, named before it is made, so that a batch loads them together.

use super::Counted;
use crate::request_key::RequestKeyId;
use crate::{
    EndpointRef, Instant, OfferRef, Order, OrderRef, PartyKind, PartyRef, ProductRef, Scope, StrategyRef, UserRef,
    World, user,
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
    /// Is there a living offer that contains this product?
    OffersWith(ProductRef),
    /// Is there a living offer that names this processing strategy?
    OffersNaming(StrategyRef),
    /// Is there a subscription to this product whose order is `ACTIVE` or `PENDING`?
    OpenSubscriptionsTo(ProductRef),
    /// Is there a living user besides this one who can do all that the operator can?
    OperatorBesides(UserRef),
}

/// A question for what a user made, and what the users that it made have made: the living ones, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MadeBy {
    /// The user.
    pub user: UserRef,
    /// What it made itself counts from then on.
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
    UsersOf(PartyRef),
    Count(Counted),
    MadeBy(MadeBy),
    EndpointsOf(PartyRef),
    OpenOrdersOf(PartyRef),
    Fact(Fact),
}

/// The needs of a batch, each once, sorted by kind.
#[derive(Debug, Default)]
pub struct Needs(BTreeSet<Need>);

impl Needs {
    /// Whether everything is loaded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the needs out, sorted.
    pub fn take(&mut self) -> BTreeSet<Need> {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn party(&mut self, world: &World, party: PartyRef) {
        if !world.parties.knows(&party) {
            self.0.insert(Need::Party(party));
        }
    }

    pub(crate) fn party_id(&mut self, world: &World, kind: PartyKind, id: &str) {
        let key = (kind, id.to_owned());
        if !world.party_ids.knows(&key) {
            self.0.insert(Need::PartyId(key.0, key.1));
        }
    }

    pub(crate) fn user(&mut self, world: &World, user: UserRef) {
        if !world.users.knows(&user) {
            self.0.insert(Need::User(user));
        }
    }

    pub(crate) fn login(&mut self, world: &World, login: &str) {
        let login = user::folded(login);
        if !world.logins.knows(&login) {
            self.0.insert(Need::Login(login));
        }
    }

    pub(crate) fn product(&mut self, world: &World, product: ProductRef) {
        if !world.products.knows(&product) {
            self.0.insert(Need::Product(product));
        }
    }

    pub(crate) fn product_id(&mut self, world: &World, id: &str) {
        if !world.product_ids.knows(id) {
            self.0.insert(Need::ProductId(id.to_owned()));
        }
    }

    pub(crate) fn offer(&mut self, world: &World, offer: OfferRef) {
        if !world.offers.knows(&offer) {
            self.0.insert(Need::Offer(offer));
        }
    }

    pub(crate) fn offer_id(&mut self, world: &World, id: &str) {
        if !world.offer_ids.knows(id) {
            self.0.insert(Need::OfferId(id.to_owned()));
        }
    }

    pub(crate) fn strategy(&mut self, world: &World, strategy: StrategyRef) {
        if !world.strategies.knows(&strategy) {
            self.0.insert(Need::Strategy(strategy));
        }
    }

    pub(crate) fn strategy_id(&mut self, world: &World, id: &str) {
        if !world.strategy_ids.knows(id) {
            self.0.insert(Need::StrategyId(id.to_owned()));
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
            self.0.insert(Need::Order(order));
        }
    }

    /// The order with this `externalId`, once its ref is known.
    pub(crate) fn external_id(&mut self, world: &World, subscriber: PartyRef, external_id: &str) {
        let key = (subscriber, external_id.to_owned());
        if !world.external_ids.knows(&key) {
            self.0.insert(Need::ExternalId(key.0, key.1));
        } else if let Some(order) = world.external_ids.get_known(&key) {
            self.order(world, *order);
        }
    }

    pub(crate) fn balance(&mut self, world: &World, subscriber: PartyRef, product: ProductRef) {
        if !world.balances.knows(&(subscriber, product)) {
            self.0.insert(Need::Balance(subscriber, product));
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
            self.0.insert(Need::RequestKey(id));
        }
    }

    pub(crate) fn token(&mut self, world: &World, user: UserRef) {
        if !world.tokens.knows(&user) {
            self.0.insert(Need::Token(user));
        }
    }

    /// The living users of a party, and each of them.
    pub(crate) fn users_of(&mut self, world: &World, party: PartyRef) {
        if !world.is_whole() && !world.members.contains_key(&party) {
            self.0.insert(Need::UsersOf(party));
        }
        for user in world.users_of(party) {
            self.user(world, user);
        }
    }

    pub(crate) fn count(&mut self, world: &World, counted: Counted) {
        if !world.is_whole() && !world.counts.contains_key(&counted) {
            self.0.insert(Need::Count(counted));
        }
    }

    /// What a user made, and each of it.
    pub(crate) fn made_by(&mut self, world: &World, asked: &MadeBy) {
        if !world.is_whole() && !world.made.contains_key(asked) {
            self.0.insert(Need::MadeBy(asked.clone()));
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
            self.0.insert(Need::Endpoint(endpoint));
        }
    }

    /// The living endpoints of a party, and each of them.
    pub(crate) fn endpoints_of(&mut self, world: &World, party: PartyRef) {
        if !world.is_whole() && !world.owned_endpoints.contains_key(&party) {
            self.0.insert(Need::EndpointsOf(party));
        }
        for endpoint in world.endpoints_of(party) {
            self.endpoint(world, endpoint);
        }
    }

    pub(crate) fn open_orders_of(&mut self, world: &World, subscriber: PartyRef) {
        if !world.is_whole() && !world.open_orders.contains_key(&subscriber) {
            self.0.insert(Need::OpenOrdersOf(subscriber));
        }
    }

    pub(crate) fn fact(&mut self, world: &World, fact: Fact) {
        if !world.is_whole() && !world.facts.contains_key(&fact) {
            self.0.insert(Need::Fact(fact));
        }
    }
}
