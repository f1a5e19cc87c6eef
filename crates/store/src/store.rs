//! The store: one type in front, a closed set of engines behind.

use crate::{
    BalanceTotal, CommitError, Committed, Database, OfferFilter, OpenError, Options, OrderFilter, PartyFilter,
    PlacedSubscription, ProductFilter, ReadError, Slice, StrategyFilter, SubscriptionFilter, UserFilter,
};
use orderpark_domain::{
    Intent, Offer, OfferRef, Order, OrderRef, Party, PartyKind, PartyRef, Product, ProductKind, ProductRef, Scope,
    Strategy, StrategyRef, SubscriptionRef, Token, User, UserRef,
};

type Read<T> = Result<T, ReadError>;

/// A deployment's data. Cheap to clone; the last clone that is dropped, or [`Store::close`], ends its threads.
#[derive(Clone)]
pub struct Store;

#[allow(unused_variables)]
impl Store {
    /// Opens the database, makes it if it is missing, and brings its schema up to date.
    pub fn open(database: &Database, options: Options) -> Result<Store, OpenError> {
        unimplemented!()
    }
    /// Hands an intent to the committer and waits until its outcome is on the disk. Dropping the future cancels nothing.
    pub async fn commit(&self, intent: Intent) -> Result<Committed, CommitError> {
        unimplemented!()
    }
    /// Takes no more intents, finishes those that wait, and closes the files.
    pub async fn close(&self) {
        unimplemented!()
    }

    pub fn get_party(&self, scope: &Scope, kind: PartyKind, party: PartyRef) -> Read<Option<Party>> {
        unimplemented!()
    }
    /// ordered by ref, oldest first
    pub fn page_parties(
        &self,
        scope: &Scope,
        kind: PartyKind,
        filter: &PartyFilter,
        slice: Slice<PartyRef>,
    ) -> Read<Vec<Party>> {
        unimplemented!()
    }
    pub fn get_user(&self, scope: &Scope, user: UserRef) -> Read<Option<User>> {
        unimplemented!()
    }
    /// the living user with this login, for the token endpoint (Scope::system)
    pub fn get_user_by_login(&self, scope: &Scope, login: &str) -> Read<Option<User>> {
        unimplemented!()
    }
    pub fn page_users(&self, scope: &Scope, filter: &UserFilter, slice: Slice<UserRef>) -> Read<Vec<User>> {
        unimplemented!()
    }
    /// the token with this SHA-256, with its living user; expiry is the caller's to check (Token::is_valid_at)
    pub fn get_token(&self, scope: &Scope, hash: &[u8; 32]) -> Read<Option<(Token, User)>> {
        unimplemented!()
    }
    pub fn get_product(&self, scope: &Scope, kind: ProductKind, product: ProductRef) -> Read<Option<Product>> {
        unimplemented!()
    }
    pub fn page_products(
        &self,
        scope: &Scope,
        kind: ProductKind,
        filter: &ProductFilter,
        slice: Slice<ProductRef>,
    ) -> Read<Vec<Product>> {
        unimplemented!()
    }
    /// granted and used connections of a product, summed over the subscribers that the scope may see
    /// (operator: all; supplier of it: all; vendor: its subscribers; subscriber: itself)
    pub fn get_balance(&self, scope: &Scope, product: ProductRef) -> Read<BalanceTotal> {
        unimplemented!()
    }
    pub fn get_offer(&self, scope: &Scope, offer: OfferRef) -> Read<Option<Offer>> {
        unimplemented!()
    }
    pub fn page_offers(&self, scope: &Scope, filter: &OfferFilter, slice: Slice<OfferRef>) -> Read<Vec<Offer>> {
        unimplemented!()
    }
    pub fn get_strategy(&self, scope: &Scope, strategy: StrategyRef) -> Read<Option<Strategy>> {
        unimplemented!()
    }
    pub fn page_strategies(
        &self,
        scope: &Scope,
        filter: &StrategyFilter,
        slice: Slice<StrategyRef>,
    ) -> Read<Vec<Strategy>> {
        unimplemented!()
    }
    pub fn get_order(&self, scope: &Scope, order: OrderRef) -> Read<Option<Order>> {
        unimplemented!()
    }
    /// newest first
    pub fn page_orders(&self, scope: &Scope, filter: &OrderFilter, slice: Slice<OrderRef>) -> Read<Vec<Order>> {
        unimplemented!()
    }
    pub fn get_subscription(&self, scope: &Scope, subscription: SubscriptionRef) -> Read<Option<PlacedSubscription>> {
        unimplemented!()
    }
    /// newest order first, within an order by position
    pub fn page_subscriptions(
        &self,
        scope: &Scope,
        filter: &SubscriptionFilter,
        slice: Slice<SubscriptionRef>,
    ) -> Read<Vec<PlacedSubscription>> {
        unimplemented!()
    }
}
