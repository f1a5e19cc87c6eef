//! The world: the rows that decisions look at, and what an event does to them.
//!
//! There are two kinds of world. A *working set* holds what was loaded for a batch of intents; reading a row that
//! [`Intent::needs`](crate::Intent::needs) did not name is a bug and panics. A *whole* world holds everything there is,
//! so what is absent does not exist: the fold of a journal, and the model in tests.

mod apply;
mod counts;
mod follow;
mod made;
mod needs;
mod table;

pub use counts::Counted;
pub use made::Made;
pub use needs::{Fact, MadeBy, Need, Needs};
pub use table::Table;

use crate::request_key::{KeptRequest, RequestKeyId};
use crate::{
    Balance, Endpoint, EndpointRef, Instant, Offer, OfferRef, Order, OrderRef, Party, PartyKind, PartyRef, Product,
    ProductRef, Strategy, StrategyRef, Token, User, UserRef,
};
use std::collections::HashMap;

/// Where the journal ends, and the numbers that come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last entry; 0 where there is none.
    pub seq: u64,
    /// When the last entry was decided.
    pub at: Instant,
    /// The next ref of a party, user, product, offer or strategy: one counter for all.
    pub next_ref: u64,
    /// The next number of a subscription.
    pub next_subscription: u64,
}

impl Head {
    /// The head of an empty journal.
    pub const EMPTY: Head = Head { seq: 0, at: Instant(0), next_ref: 1, next_subscription: 1 };

    pub(crate) fn take_ref(&mut self, number: u64) {
        self.next_ref = self.next_ref.max(number + 1);
    }
}

/// Rows by their keys. What each table means stands at the type of its rows.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each table is named after its rows, which are documented")]
pub struct World {
    pub head: Head,
    pub parties: Table<PartyRef, Party>,
    pub users: Table<UserRef, User>,
    pub products: Table<ProductRef, Product>,
    pub offers: Table<OfferRef, Offer>,
    pub strategies: Table<StrategyRef, Strategy>,
    pub orders: Table<OrderRef, Order>,
    pub balances: Table<(PartyRef, ProductRef), Balance>,
    pub request_keys: Table<RequestKeyId, KeptRequest>,
    pub tokens: Table<UserRef, Token>,
    pub endpoints: Table<EndpointRef, Endpoint>,
    /// The living parties by kind and id.
    pub party_ids: Table<(PartyKind, String), PartyRef>,
    /// The living users by folded login ([`crate::user::folded`]).
    pub logins: Table<String, UserRef>,
    /// The living products by id.
    pub product_ids: Table<String, ProductRef>,
    /// The living offers by id.
    pub offer_ids: Table<String, OfferRef>,
    /// The living strategies by id.
    pub strategy_ids: Table<String, StrategyRef>,
    /// The orders of a subscriber by `externalId`, but for those that were rejected.
    pub external_ids: Table<(PartyRef, String), OrderRef>,
    /// Answers to "is there any …?", loaded for intents that are decided alone.
    pub(crate) facts: HashMap<Fact, bool>,
    pub(crate) members: HashMap<PartyRef, Vec<UserRef>>,
    pub(crate) owned_endpoints: HashMap<PartyRef, Vec<EndpointRef>>,
    pub(crate) open_orders: HashMap<PartyRef, Vec<OrderRef>>,
    /// Counts of what quotas limit.
    pub(crate) counts: HashMap<Counted, u64>,
    /// By how much counts that are not known have changed in this batch.
    pub(crate) uncounted: HashMap<Counted, i64>,
    pub(crate) made: HashMap<MadeBy, Made>,
    whole: bool,
}

/// An offer has up to a thousand items: it counts for so many rows.
const OFFER_WEIGHT: usize = 10;

impl World {
    /// A world that holds everything: nothing yet.
    pub fn whole() -> World {
        World::new(true, Head::EMPTY)
    }

    /// A working set on a journal that ends at `head`: nothing loaded yet.
    pub fn working_set(head: Head) -> World {
        World::new(false, head)
    }

    fn new(whole: bool, head: Head) -> World {
        World {
            head,
            parties: Table::new(whole),
            users: Table::new(whole),
            products: Table::new(whole),
            offers: Table::new(whole),
            strategies: Table::new(whole),
            orders: Table::new(whole),
            balances: Table::new(whole),
            request_keys: Table::new(whole),
            tokens: Table::new(whole),
            endpoints: Table::new(whole),
            party_ids: Table::new(whole),
            logins: Table::new(whole),
            product_ids: Table::new(whole),
            offer_ids: Table::new(whole),
            strategy_ids: Table::new(whole),
            external_ids: Table::new(whole),
            facts: HashMap::new(),
            members: HashMap::new(),
            owned_endpoints: HashMap::new(),
            open_orders: HashMap::new(),
            counts: HashMap::new(),
            uncounted: HashMap::new(),
            made: HashMap::new(),
            whole,
        }
    }

    /// Forgets which rows changed, because they are written; keeps what the next batch is likely to need, at most
    /// `rows_max` rows a table, and drops what it is not: orders, keys, and answers that go stale.
    pub fn settle(&mut self, rows_max: usize) {
        macro_rules! settle {
            ($($table:ident: $max:expr),+) => { $(self.$table.settle($max);)+ };
        }
        settle!(
            parties: rows_max, users: rows_max, products: rows_max, offers: rows_max / OFFER_WEIGHT, strategies: rows_max,
            balances: rows_max, tokens: rows_max, party_ids: rows_max, logins: rows_max, product_ids: rows_max,
            offer_ids: rows_max, strategy_ids: rows_max, endpoints: 0, orders: 0, request_keys: 0, external_ids: 0
        );
        self.facts.clear();
        self.members.clear();
        self.owned_endpoints.clear();
        self.open_orders.clear();
        self.settle_counts(rows_max);
        self.made.clear();
    }

    /// The balance of a subscriber and a product; empty where there never was one.
    pub fn balance(&self, subscriber: PartyRef, product: ProductRef) -> Balance {
        self.balances.get(&(subscriber, product)).copied().unwrap_or(Balance::empty(subscriber, product))
    }

    /// The living strategy with this id.
    pub(crate) fn strategy_named(&self, id: &str) -> Option<&Strategy> {
        self.strategies.get(self.strategy_ids.get(id)?)
    }

    /// The living users of a party.
    pub(crate) fn users_of(&self, party: PartyRef) -> Vec<UserRef> {
        if !self.whole {
            return self.members.get(&party).cloned().unwrap_or_default();
        }
        let members = self.users.values().filter(|user| user.party == party && user.deleted_at.is_none());
        let mut users: Vec<_> = members.map(|user| user.user).collect();
        users.sort_unstable();
        users
    }

    /// The living webhook endpoints of a party.
    pub(crate) fn endpoints_of(&self, party: PartyRef) -> Vec<EndpointRef> {
        if !self.whole {
            return self.owned_endpoints.get(&party).cloned().unwrap_or_default();
        }
        let owned = self.endpoints.values().filter(|it| it.owner.party == party && it.deleted_at.is_none());
        let mut endpoints: Vec<_> = owned.map(|it| it.endpoint).collect();
        endpoints.sort_unstable();
        endpoints
    }

    /// The open orders of a subscriber.
    pub(crate) fn open_orders_of(&self, subscriber: PartyRef) -> Vec<OrderRef> {
        if !self.whole {
            return self.open_orders.get(&subscriber).cloned().unwrap_or_default();
        }
        let open = self.orders.values().filter(|order| order.subscriber == subscriber && order.state.is_open());
        let mut orders: Vec<_> = open.map(|order| order.order).collect();
        orders.sort_unstable();
        orders
    }

    /// The answer to "is there any …?".
    pub(crate) fn fact(&self, fact: Fact) -> bool {
        if !self.whole {
            return *self.facts.get(&fact).expect("needs() names every fact that decide() asks for");
        }
        match fact {
            Fact::ProductsOf(party) => self.products.values().any(|p| p.supplier == party && p.deleted_at.is_none()),
            Fact::OffersOf(party) => self.offers.values().any(|o| o.vendor == party && o.deleted_at.is_none()),
            Fact::StrategiesOf(party) => {
                self.strategies.values().any(|s| s.vendor == Some(party) && s.deleted_at.is_none())
            }
            Fact::SubscribersOf(party) => {
                self.parties.values().any(|p| p.vendor == Some(party) && p.deleted_at.is_none())
            }
            Fact::OffersWith(product) => self
                .offers
                .values()
                .any(|o| o.deleted_at.is_none() && o.items.iter().any(|item| item.product == product)),
            Fact::OffersNaming(strategy) => {
                let id = self.strategies.get(&strategy).map(|strategy| &strategy.id);
                let mut living = self.offers.values().filter(|offer| offer.deleted_at.is_none());
                living.any(|offer| offer.strategies.iter().flatten().any(|named| Some(named) == id))
            }
            Fact::OpenSubscriptionsTo(product) => {
                self.orders.values().any(|o| o.state.is_open() && o.subscriptions.iter().any(|s| s.product == product))
            }
            Fact::OperatorBesides(user) => {
                self.users.values().any(|other| other.user != user && other.can_act_for_operator())
            }
        }
    }

    /// Loads the answer to a fact.
    pub fn load_fact(&mut self, fact: Fact, holds: bool) {
        self.facts.insert(fact, holds);
    }

    /// Loads the living users of a party.
    pub fn load_users_of(&mut self, party: PartyRef, users: Vec<UserRef>) {
        self.members.insert(party, users);
    }

    /// Loads the living webhook endpoints of a party.
    pub fn load_endpoints_of(&mut self, party: PartyRef, endpoints: Vec<EndpointRef>) {
        self.owned_endpoints.insert(party, endpoints);
    }

    /// Loads the open orders of a subscriber.
    pub fn load_open_orders_of(&mut self, subscriber: PartyRef, orders: Vec<OrderRef>) {
        self.open_orders.insert(subscriber, orders);
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }
}
