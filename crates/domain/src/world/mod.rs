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
mod piece;
mod table;

pub use counts::Counted;
pub use made::Made;
use needs::Asked;
pub use needs::{Fact, MadeBy, Need, Needs};
pub use piece::Piece;
pub use table::Table;

use crate::request_key::{KeptRequest, RequestKeyId};
use crate::{
    Balance, Endpoint, EndpointRef, Instant, Offer, OfferRef, Order, OrderRef, Party, PartyKind, PartyRef, Product,
    ProductRef, Refusal, Strategy, StrategyRef, Token, User, UserRef,
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
    /// Answers to "is there any …?".
    pub(crate) facts: HashMap<Fact, bool>,
    pub(crate) members: HashMap<(PartyRef, u16), Piece<UserRef>>,
    pub(crate) owned_endpoints: HashMap<(PartyRef, u16), Piece<EndpointRef>>,
    pub(crate) open_orders: HashMap<(PartyRef, u16), Piece<OrderRef>>,
    /// Counts of what quotas limit.
    pub(crate) counts: HashMap<Counted, u64>,
    /// By how much counts that are not known have changed in this batch.
    pub(crate) uncounted: HashMap<Counted, i64>,
    pub(crate) made: HashMap<MadeBy, Made>,
    /// Tables with changes that are not written yet, as bits: the database cannot answer questions
    /// about them.
    moved: u8,
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
            moved: 0,
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
        self.moved = 0;
    }

    /// Forgets the answers that a change makes doubtful.
    fn move_on(&mut self, asked: Asked) {
        self.moved |= asked.bit();
        self.facts.retain(|fact, _| fact.asked() != asked);
        match asked {
            Asked::Users => {
                self.members.clear();
                self.made.clear();
            }
            Asked::Endpoints => {
                self.owned_endpoints.clear();
                self.made.clear();
            }
            Asked::Orders => self.open_orders.clear(),
            Asked::Parties | Asked::Products | Asked::Offers | Asked::Strategies | Asked::Usage => {}
        }
    }

    fn has_moved(&self) -> bool {
        self.moved != 0
    }

    /// Whether any of these tables has changes that are not written yet.
    fn moved(&self, asked: u8) -> bool {
        self.moved & asked != 0
    }

    /// The balance of a subscriber and a product; empty where there never was one.
    pub fn balance(&self, subscriber: PartyRef, product: ProductRef) -> Balance {
        self.balances.get(&(subscriber, product)).copied().unwrap_or(Balance::empty(subscriber, product))
    }

    /// The living strategy with this id.
    pub(crate) fn strategy_named(&self, id: &str) -> Option<&Strategy> {
        self.strategies.get(self.strategy_ids.get(id)?)
    }

    /// The first living users of a party, of so many scopes in all.
    pub(crate) fn users_of(&self, party: PartyRef, parts_max: u16) -> Piece<UserRef> {
        self.piece(&self.members, (party, parts_max), || {
            let members = self.users.values().filter(|user| user.party == party && user.deleted_at.is_none());
            members.map(|user| (user.user, user.grants.len())).collect()
        })
    }

    /// The first living webhook endpoints of a party.
    pub(crate) fn endpoints_of(&self, party: PartyRef, parts_max: u16) -> Piece<EndpointRef> {
        self.piece(&self.owned_endpoints, (party, parts_max), || {
            let owned = self.endpoints.values().filter(|it| it.owner.party == party && it.deleted_at.is_none());
            owned.map(|it| (it.endpoint, 1)).collect()
        })
    }

    /// The first open orders of a subscriber, of so many subscriptions in all.
    pub(crate) fn open_orders_of(&self, subscriber: PartyRef, parts_max: u16) -> Piece<OrderRef> {
        self.piece(&self.open_orders, (subscriber, parts_max), || {
            let open = self.orders.values().filter(|order| order.subscriber == subscriber && order.state.is_open());
            open.map(|order| (order.order, order.subscriptions.len())).collect()
        })
    }

    /// A list as it was loaded; in a whole world, from all things of it with their parts. Nothing,
    /// where it is not loaded yet.
    fn piece<R: Ord + Copy>(
        &self,
        loaded: &HashMap<(PartyRef, u16), Piece<R>>,
        key: (PartyRef, u16),
        all: impl FnOnce() -> Vec<(R, usize)>,
    ) -> Piece<R> {
        if !self.whole {
            return loaded.get(&key).cloned().unwrap_or_else(|| Piece::of([], key.1));
        }
        let mut things = all();
        things.sort_unstable();
        Piece::of(things.into_iter().flat_map(|(thing, parts)| std::iter::repeat_n(thing, parts.max(1))), key.1)
    }

    /// Checks that something new may be made for a party.
    pub(crate) fn check_open(&self, party: PartyRef) -> Result<(), Refusal> {
        self.parties.get(&party).map_or(Ok(()), Party::check_open)
    }

    /// The answer to "is there any …?", where it is known already.
    pub(crate) fn known_fact(&self, fact: Fact) -> Option<bool> {
        if self.whole { Some(self.fact(fact)) } else { self.facts.get(&fact).copied() }
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
            Fact::OpenOrdersOf(subscriber) => {
                self.orders.values().any(|o| o.subscriber == subscriber && o.state.is_open())
            }
            Fact::UsedBy(subscriber) => self.balances.values().any(|b| b.subscriber == subscriber && b.used > 0),
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

    /// The subscriptions of an order, as far as it is known.
    pub(crate) fn parts_of_order(&self, order: OrderRef) -> usize {
        self.orders.get_known(&order).map_or(0, |order| order.subscriptions.len())
    }

    /// The subscriptions of a piece of a subscriber's open orders, as far as they are known.
    pub(crate) fn parts_of_open_orders(&self, subscriber: PartyRef, parts_max: u16) -> usize {
        let orders = self.open_orders_of(subscriber, parts_max);
        orders.refs().iter().map(|order| self.parts_of_order(*order)).sum()
    }

    /// The items of an offer, as far as it is known.
    pub(crate) fn parts_of_offer(&self, offer: OfferRef) -> usize {
        self.offers.get_known(&offer).map_or(0, |offer| offer.items.len())
    }

    /// Loads the answer to a fact.
    pub fn load_fact(&mut self, fact: Fact, holds: bool) {
        self.facts.insert(fact, holds);
    }

    /// Loads the first living users of a party; one row for each of their scopes.
    pub fn load_users_of(&mut self, party: PartyRef, parts_max: u16, rows: Vec<UserRef>) {
        self.members.insert((party, parts_max), Piece::of(rows, parts_max));
    }

    /// Loads the first living webhook endpoints of a party.
    pub fn load_endpoints_of(&mut self, party: PartyRef, parts_max: u16, rows: Vec<EndpointRef>) {
        self.owned_endpoints.insert((party, parts_max), Piece::of(rows, parts_max));
    }

    /// Loads the first open orders of a subscriber; one row for each of their subscriptions.
    pub fn load_open_orders_of(&mut self, subscriber: PartyRef, parts_max: u16, rows: Vec<OrderRef>) {
        self.open_orders.insert((subscriber, parts_max), Piece::of(rows, parts_max));
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }
}
