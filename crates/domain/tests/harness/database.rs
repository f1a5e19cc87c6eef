//! What a database would hold: only rows that a working set marked as changed ever get in, and only rows that a need
//! names ever get out.

use orderpark_domain::world::{Counted, Fact, MadeBy};
use orderpark_domain::{Instant, Made, Need, OrderState, PartyKind, Role, World};
use std::iter::repeat_n;

/// Tables without rules.
#[derive(Clone, Debug)]
pub struct Database(World);

/// Calls a macro-like closure for every table.
macro_rules! every_table {
    ($do:ident) => {
        $do!(
            parties,
            users,
            products,
            offers,
            strategies,
            orders,
            balances,
            request_keys,
            tokens,
            endpoints,
            party_ids,
            logins,
            product_ids,
            offer_ids,
            strategy_ids,
            external_ids
        )
    };
}

impl Database {
    pub fn empty() -> Database {
        Database(World::whole())
    }

    /// Writes the changed rows.
    pub fn write(&mut self, working_set: &World) {
        macro_rules! write {
            ($($table:ident),+) => {
                $(for (key, row) in working_set.$table.changed() {
                    self.0.$table.load(key.clone(), row.cloned());
                })+
            };
        }
        every_table!(write);
    }

    /// Answers a need.
    pub fn load(&self, need: &Need, set: &mut World) {
        macro_rules! row {
            ($table:ident, $key:expr) => {{
                let key = $key;
                let row = self.0.$table.get(&key).cloned();
                set.$table.load(key, row);
            }};
        }
        match need {
            Need::Party(party) => row!(parties, *party),
            Need::PartyId(kind, id) => row!(party_ids, (*kind, id.clone())),
            Need::User(user) => row!(users, *user),
            Need::Login(login) => row!(logins, login.clone()),
            Need::Product(product) => row!(products, *product),
            Need::ProductId(id) => row!(product_ids, id.clone()),
            Need::Offer(offer) => row!(offers, *offer),
            Need::OfferId(id) => row!(offer_ids, id.clone()),
            Need::Strategy(strategy) => row!(strategies, *strategy),
            Need::StrategyId(id) => row!(strategy_ids, id.clone()),
            Need::Order(order) => row!(orders, *order),
            Need::ExternalId(subscriber, id) => row!(external_ids, (*subscriber, id.clone())),
            Need::Balance(subscriber, product) => row!(balances, (*subscriber, *product)),
            Need::RequestKey(key) => row!(request_keys, *key),
            Need::Token(user) => row!(tokens, *user),
            Need::Endpoint(endpoint) => row!(endpoints, *endpoint),
            Need::EndpointsOf(party, max) => {
                let living = self.0.endpoints.values().filter(|it| it.owner.party == *party && it.deleted_at.is_none());
                let mut endpoints: Vec<_> = living.map(|it| it.endpoint).collect();
                endpoints.sort_unstable();
                set.load_endpoints_of(*party, *max, endpoints);
            }
            Need::UsersOf(party, max) => {
                let of_party = self.0.users.values().filter(|user| user.party == *party && user.deleted_at.is_none());
                let mut users: Vec<_> = of_party.flat_map(|it| repeat_n(it.user, it.grants.len())).collect();
                users.sort_unstable();
                set.load_users_of(*party, *max, users);
            }
            Need::Count(counted) => set.load_count(*counted, self.count(*counted)),
            Need::MadeBy(asked) => set.load_made_by(asked.clone(), self.made_by(asked)),
            Need::OpenOrdersOf(subscriber, max) => {
                let of_it = self.0.orders.values().filter(|order| order.subscriber == *subscriber);
                let open = of_it.filter(|order| order.state.is_open());
                let mut orders: Vec<_> = open.flat_map(|it| repeat_n(it.order, it.subscriptions.len())).collect();
                orders.sort_unstable();
                set.load_open_orders_of(*subscriber, *max, orders);
            }
            Need::Fact(fact) => set.load_fact(*fact, self.holds(*fact)),
        }
    }

    fn count(&self, counted: Counted) -> u64 {
        let World { users, endpoints, balances, offers, .. } = &self.0;
        match counted {
            Counted::Users(party) => {
                users.values().filter(|it| it.party == party && it.deleted_at.is_none()).map(|_| 1).sum()
            }
            Counted::Endpoints(party) => {
                endpoints.values().filter(|it| it.owner.party == party && it.deleted_at.is_none()).map(|_| 1).sum()
            }
            Counted::OpenOrders(party) => {
                let of_subscriber = balances.values().filter(|it| it.subscriber == party).map(|it| it.orders);
                let of_vendor = offers.values().filter(|it| it.vendor == party).map(|it| it.open_orders);
                of_subscriber.chain(of_vendor).sum()
            }
        }
    }

    /// Generation by generation.
    fn made_by(&self, asked: &MadeBy) -> Made {
        let (mut makers, mut users, mut endpoints) = (vec![asked.user], Vec::new(), Vec::new());
        while let Some(maker) = makers.pop() {
            let counts = |at: Option<Instant>| maker != asked.user || at >= Some(asked.since);
            for user in self.0.users.values().filter(|it| it.created_by == Some(maker) && counts(it.created_at)) {
                makers.push(user.user);
                let is_only = asked.scope.only_user().is_none_or(|only| only == user.user);
                let is_held = is_only && user.grants.iter().all(|grant| asked.scope.holds(*grant));
                users.extend((is_held && user.deleted_at.is_none()).then_some(user.user));
            }
            let made = self.0.endpoints.values().filter(|it| it.created_by == Some(maker) && it.deleted_at.is_none());
            let made = made.filter(|it| asked.scope.holds(it.owner));
            endpoints.extend(made.filter(|it| counts(Some(it.created_at))).map(|it| it.endpoint));
        }
        users.sort_unstable();
        endpoints.sort_unstable();
        let more = users.len() + endpoints.len() > asked.max;
        users.truncate(asked.max);
        endpoints.truncate(asked.max - users.len());
        Made { users, endpoints, more }
    }

    fn holds(&self, fact: Fact) -> bool {
        let World { products, offers, strategies, parties, orders, users, balances, .. } = &self.0;
        match fact {
            Fact::ProductsOf(party) => products.values().any(|it| it.supplier == party && it.deleted_at.is_none()),
            Fact::OffersOf(party) => offers.values().any(|it| it.vendor == party && it.deleted_at.is_none()),
            Fact::StrategiesOf(party) => {
                strategies.values().any(|it| it.vendor == Some(party) && it.deleted_at.is_none())
            }
            Fact::SubscribersOf(party) => {
                parties.values().any(|it| it.vendor == Some(party) && it.deleted_at.is_none())
            }
            Fact::OpenOrdersOf(party) => orders.values().any(|it| it.subscriber == party && it.state.is_open()),
            Fact::UsedBy(party) => balances.values().any(|it| it.subscriber == party && it.used > 0),
            Fact::OffersWith(product) => {
                let mut living = offers.values().filter(|offer| offer.deleted_at.is_none());
                living.any(|offer| offer.items.iter().any(|item| item.product == product))
            }
            Fact::OffersNaming(strategy) => {
                let id = strategies.get(&strategy).map(|strategy| strategy.id.clone());
                let mut living = offers.values().filter(|offer| offer.deleted_at.is_none());
                living.any(|offer| offer.strategies.iter().flatten().any(|named| Some(named) == id.as_ref()))
            }
            Fact::OpenSubscriptionsTo(product) => {
                let mut open = orders.values().filter(|order| order.state.is_open());
                open.any(|order| order.subscriptions.iter().any(|it| it.product == product))
            }
            Fact::OperatorBesides(user) => {
                let mut others = users.values().filter(|other| other.user != user && other.deleted_at.is_none());
                others.any(|other| {
                    let acts = other.grants.iter().any(|grant| grant.kind == PartyKind::Operator);
                    acts && other.role() == Role::Admin && other.has_secret()
                })
            }
        }
    }

    /// Every row here is in the whole world, and there are no others.
    pub fn assert_is(&self, whole: &World) {
        macro_rules! same {
            ($($table:ident: $key:expr),+) => {
                $(for row in self.0.$table.values() {
                    assert_eq!(Some(row), whole.$table.get(&$key(row)), "a row of {}", stringify!($table));
                })+
            };
        }
        same!(
            parties: |row: &orderpark_domain::Party| row.party,
            users: |row: &orderpark_domain::User| row.user,
            products: |row: &orderpark_domain::Product| row.product,
            offers: |row: &orderpark_domain::Offer| row.offer,
            strategies: |row: &orderpark_domain::Strategy| row.strategy,
            orders: |row: &orderpark_domain::Order| row.order,
            balances: |row: &orderpark_domain::Balance| (row.subscriber, row.product),
            tokens: |row: &orderpark_domain::Token| row.user,
            endpoints: |row: &orderpark_domain::Endpoint| row.endpoint
        );
        macro_rules! as_many {
            ($($table:ident),+) => {
                $(assert_eq!(self.0.$table.count(), whole.$table.count(), "rows of {}", stringify!($table));)+
            };
        }
        every_table!(as_many);
        self.assert_names(whole);
    }

    /// Whatever lives is found by its name.
    fn assert_names(&self, whole: &World) {
        for row in whole.parties.values().filter(|row| row.deleted_at.is_none()) {
            assert_eq!(self.0.party_ids.get(&(row.kind, row.id.clone())), Some(&row.party));
        }
        for row in whole.users.values().filter(|row| row.deleted_at.is_none()) {
            assert_eq!(self.0.logins.get(&orderpark_domain::user::folded(&row.login)), Some(&row.user));
        }
        for row in whole.products.values().filter(|row| row.deleted_at.is_none()) {
            assert_eq!(self.0.product_ids.get(&row.id), Some(&row.product));
        }
        for row in whole.offers.values().filter(|row| row.deleted_at.is_none()) {
            assert_eq!(self.0.offer_ids.get(&row.id), Some(&row.offer));
        }
        for row in whole.strategies.values().filter(|row| row.deleted_at.is_none()) {
            assert_eq!(self.0.strategy_ids.get(&row.id), Some(&row.strategy));
        }
        for row in whole.orders.values() {
            let Some(id) = row.external_id.as_ref().filter(|_| row.state != OrderState::Rejected) else { continue };
            assert_eq!(self.0.external_ids.get(&(row.subscriber, id.clone())), Some(&row.order));
        }
    }
}
