//! A deployment in memory, spoken to as a conversation.
//!
//! `shop.asks(shop.by("acme", place("acme/sensor", shop.party("alice"))))` runs the access policy, then the decision, then
//! applies its events. Every intent is decided twice: on the *whole* world, and on a *working set* that holds only what
//! [`Intent::needs`] named, loaded from a [`Database`] that holds only what earlier working sets marked as changed. The
//! two must agree in every answer and every row. So each test of a command is also a test that its `needs` is complete.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that asks for what does not exist is wrong")]

pub mod chance;
pub mod database;
pub mod shop;
pub mod wishes;

use chance::Chance;
use database::Database;
use orderpark_domain::token::RevokeToken;
use orderpark_domain::{
    Caller, Command, Decision, EndpointRef, Entry, Event, Forbidden, Head, Instant, Intent, Need, Needs, Outcome,
    PartyRef, Refusal, Scope, Stamp, User, UserRef, World,
};
pub use wishes::*;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum No {
    /// The kind of the caller's grants may never do it.
    Forbidden,
    /// The decision was refused.
    Refused(Refusal),
}

/// What a wish came to.
pub type Answer = Result<Decision, No>;

/// How many intents share a working set before it is written and settled.
const BATCH: usize = 3;

/// How many rows of a table a settled working set keeps at most, or else none, so that both hits and misses happen.
const ROWS_KEPT: usize = 6;

/// A deployment: the world, the journal that made it, and what a database would hold.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub whole: World,
    pub journal: Vec<Entry>,
    database: Database,
    working_set: World,
    batched: usize,
    clock: Instant,
    chance: Chance,
}

impl Deployment {
    /// Nothing yet, not even an operator.
    pub fn empty() -> Deployment {
        Deployment {
            whole: World::whole(),
            journal: Vec::new(),
            database: Database::empty(),
            working_set: World::working_set(Head::EMPTY),
            batched: 0,
            clock: Instant(1_795_430_400_000_000),
            chance: Chance::seeded(7),
        }
    }

    /// Judges a wish by the access policy, decides it, and applies what was decided.
    pub fn asks(&mut self, wish: Wish) -> Answer {
        let action = wish.action();
        let scope = match (&wish.who, action) {
            (Some(caller), Some(action)) => caller.may(action).map_err(|Forbidden { .. }| No::Forbidden)?,
            _ => Scope::system("a test"),
        };
        let intent = wish.into_intent(scope);
        self.commit(&intent).map_err(No::Refused)
    }

    /// Asks for what must succeed.
    pub fn must(&mut self, wish: Wish) -> Decision {
        let words = format!("{wish:?}");
        self.asks(wish).unwrap_or_else(|no| panic!("{no:?} to {words}"))
    }

    /// Decides on both worlds, compares, applies to both.
    pub fn commit(&mut self, intent: &Intent) -> Result<Decision, Refusal> {
        self.load(intent);
        self.clock = Instant(self.clock.0 + 1);
        let stamp = Stamp { at: self.clock, chance: self.chance.next() };
        let decided = intent.decide(&self.whole, stamp);
        assert_eq!(intent.decide(&self.working_set, stamp), decided, "on the working set, {intent:?}");
        let tried = Intent { dry_run: true, ..intent.clone() }.decide(&self.whole, stamp);
        let expected = decided.clone().map(|decision| Decision { events: Vec::new(), telling: 0, ..decision });
        assert_eq!(tried, expected, "as a dry run, {intent:?}");
        if let Ok(decision) = &decided {
            self.check_users(intent, decision);
            self.apply(intent, decision);
            self.check_outcome(decision);
        }
        self.batched += 1;
        if self.batched >= BATCH {
            self.end_batch();
        }
        decided
    }

    /// This other world has the same rows.
    pub fn assert_is(&self, world: &World) {
        self.database.assert_is(world);
    }

    /// The clock jumps ahead.
    pub fn wait_seconds(&mut self, seconds: i64) {
        self.clock = self.clock.plus_seconds(seconds);
    }

    /// Now.
    pub fn now(&self) -> Instant {
        self.clock
    }

    /// Loads what one need names into a working set.
    pub fn load_into(&self, need: &Need, set: &mut World) {
        self.database.load(need, set);
    }

    fn load(&mut self, intent: &Intent) {
        let mut needs = Needs::default();
        for _ in 0..10 {
            intent.needs(&self.working_set, &mut needs);
            if needs.is_empty() {
                return;
            }
            if needs.are_outdated(&self.working_set) {
                self.end_batch();
            }
            needs.take().iter().for_each(|need| self.database.load(need, &mut self.working_set));
        }
        panic!("needs() never ends: {intent:?}");
    }

    /// No user changes who is not within the caller's scope, except that a user loses the grant of
    /// a party that ends.
    fn check_users(&self, intent: &Intent, decision: &Decision) {
        let ends = |party| {
            let is_told = decision.events.iter().any(|event| matches!(event, Event::PartyDeleted(it) if *it == party));
            is_told || self.whole.parties.get(&party).is_some_and(|party| party.deleted_at.is_some())
        };
        for event in &decision.events {
            let (user, after) = match event {
                Event::UserUpdated(user) => (user.user, Some(user)),
                Event::UserDeleted(user) => (*user, None),
                _ => continue,
            };
            let before = self.whole.users.get(&user).expect("a user that exists");
            let left: Vec<_> = before.grants.iter().filter(|grant| !ends(grant.party)).copied().collect();
            let loses_only = after.map_or(left.is_empty(), |after| {
                let same = User { party: after.party, grants: left, revision: after.revision, ..before.clone() };
                ends(before.party) && *after == same
            });
            let is_within = before.grants.iter().all(|grant| intent.scope.holds(*grant));
            assert!(is_within || loses_only, "{before:?} was changed by {intent:?} to {after:?}");
        }
    }

    /// Has this in the journal, which no command of today would decide.
    pub fn records(&mut self, event: Event) {
        self.clock = Instant(self.clock.0 + 1);
        let revoke = Command::RevokeToken(RevokeToken { user: UserRef(0), hash: [0; 32] });
        let decision = Decision { events: vec![event], outcome: Outcome::Nothing, telling: 0 };
        self.apply(&Intent::system(revoke, "a test"), &decision);
        self.end_batch();
    }

    fn apply(&mut self, intent: &Intent, decision: &Decision) {
        assert!(decision.events.is_empty() || decision.telling < decision.events.len());
        for (index, event) in decision.events.iter().enumerate() {
            let entry = Entry {
                seq: self.whole.head.seq + 1,
                at: self.clock,
                by: intent.by,
                request: intent.request.filter(|_| index == decision.telling),
                event: event.clone(),
            };
            let before = self.whole.head;
            self.whole.apply(&entry);
            self.working_set.apply(&entry);
            assert_eq!(self.working_set.head, self.whole.head);
            assert!(before.next_ref <= self.whole.head.next_ref && before.seq + 1 == self.whole.head.seq);
            self.journal.push(entry);
        }
    }

    /// What was answered is what the tables hold now.
    fn check_outcome(&self, decision: &Decision) {
        let world = &self.whole;
        if decision.events.is_empty() {
            return; // a dry run tells what would be
        }
        match &decision.outcome {
            Outcome::Party(party, user) => {
                assert_eq!(world.parties.get(&party.party), Some(&**party));
                if let Some(user) = user {
                    assert_eq!(world.users.get(&user.user), Some(&**user));
                }
            }
            Outcome::User(user) => assert_eq!(world.users.get(&user.user), Some(&**user)),
            Outcome::Contained(contained) => {
                assert_eq!(world.users.get(&contained.user.user), Some(&contained.user));
                assert!(world.tokens.get(&contained.user.user).is_none() && !contained.user.has_secret());
            }
            Outcome::Product(product) => assert_eq!(world.products.get(&product.product), Some(&**product)),
            Outcome::Offer(offer) => assert_eq!(world.offers.get(&offer.offer), Some(&**offer)),
            Outcome::Strategy(strategy) => assert_eq!(world.strategies.get(&strategy.strategy), Some(&**strategy)),
            Outcome::Order(order) => assert_eq!(world.orders.get(&order.order), Some(&**order)),
            Outcome::Subscription(order, subscription) => {
                assert_eq!(world.orders.get(&order.order), Some(&**order));
                assert!(order.subscriptions.contains(subscription));
            }
            Outcome::Endpoint(endpoint) => assert_eq!(world.endpoints.get(&endpoint.endpoint), Some(&**endpoint)),
            Outcome::Balance(balance) => assert_eq!(world.balance(balance.subscriber, balance.product), *balance),
            Outcome::Token(token) => assert_eq!(world.tokens.get(&token.user), Some(&**token)),
            Outcome::Nothing => {}
            Outcome::Replay { seq } => panic!("a replay of {seq} recorded something"),
        }
    }

    /// Writes what the working set marked as changed, and compares the database with the whole world.
    pub fn end_batch(&mut self) {
        self.database.write(&self.working_set);
        self.database.assert_is(&self.whole);
        let rows_kept = self.chance.pick(&[0, ROWS_KEPT]);
        self.working_set.settle(rows_kept);
        self.batched = 0;
    }

    /// Who a user's token stands for.
    pub fn caller(&self, name: &str) -> Caller {
        let user = self.whole.logins.get(&format!("{name}@test")).unwrap_or_else(|| panic!("no user {name}"));
        Caller::of(self.whole.users.get(user).unwrap())
    }

    /// The living webhook endpoints of a user's party.
    pub fn endpoints_of(&self, name: &str) -> Vec<EndpointRef> {
        let (party, rows) = (self.party(name), self.whole.endpoints.values());
        let mut living: Vec<_> =
            rows.filter(|it| it.owner.party == party && it.deleted_at.is_none()).map(|it| it.endpoint).collect();
        living.sort_unstable();
        living
    }

    /// The party that a user is of.
    pub fn party(&self, name: &str) -> PartyRef {
        self.caller(name).party()
    }
}
