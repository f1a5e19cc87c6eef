//! A working set that was kept while another node decided: what it still knows is true.
//!
//! Two nodes on one database. One of them carries out a script of random commands; the other has everything loaded before
//! each of them, forgets what the events tell it to, and is then compared with the whole world: every row that it still
//! knows, and what it decides. A failure prints its seed.

mod harness;
mod script;

use harness::chance::Chance;
use harness::{Deployment, Wish};
use orderpark_domain::user::folded;
use orderpark_domain::{Entry, Event, Intent, Need, Needs, PartyKind, PartyRef, Scope, Stamp, World};
use script::Script;

/// How many scripts, and how many commands each.
const SCRIPTS: u64 = 60;
const COMMANDS: u64 = 120;

/// What a node does with the events of another one.
type Follow = fn(&mut World, &Event);

/// The node that listens.
struct Kept {
    world: World,
    forget: Follow,
    /// How many rows it still knew after the events of others.
    known: usize,
}

/// Carries out a script; `Err`: the first thing that the kept working set holds and that is not so.
fn run(seed: u64, forget: Follow, told: &mut Vec<Event>) -> Result<usize, String> {
    let (mut shop, mut script) = (Deployment::shop(), Script::new(seed));
    shop.end_batch();
    let mut kept = Kept { world: World::working_set(shop.whole.head), forget, known: 0 };
    for _ in 0..COMMANDS {
        kept.load_everything(&shop);
        let before = shop.journal.len();
        // Several commands may come before the other node looks again.
        for _ in 0..=script.chance.below(2) {
            let wish = script.wish(&shop);
            let _ = shop.asks(wish);
        }
        shop.end_batch();
        kept.hear(&shop, &shop.journal[before..]);
        told.extend(shop.journal[before..].iter().map(|entry| entry.event.clone()));
        kept.compare(&shop)?;
        let wish = script.wish(&shop);
        kept.decide(&shop, wish, &mut script.chance)?;
    }
    Ok(kept.known)
}

impl Kept {
    /// Everything that there is, and a few things that there are not.
    fn load_everything(&mut self, shop: &Deployment) {
        for need in everything(shop) {
            shop.load_into(&need, &mut self.world);
        }
        self.world.settle(100_000);
    }

    fn hear(&mut self, shop: &Deployment, entries: &[Entry]) {
        for entry in entries {
            (self.forget)(&mut self.world, &entry.event);
        }
        self.world.head = shop.whole.head;
    }

    /// Every row that it still knows is the row of the whole world.
    fn compare(&mut self, shop: &Deployment) -> Result<(), String> {
        let whole = &shop.whole;
        macro_rules! compare {
            ($($table:ident: $need:pat => $key:expr),+ $(,)?) => {
                for need in everything(shop) {
                    match need {
                        $($need => {
                            let key = $key;
                            let (known, truth) = (self.world.$table.get_known(&key), whole.$table.get(&key));
                            if known.is_some() && known != truth {
                                let table = stringify!($table);
                                return Err(format!("{table} {key:?}: knows {known:?}, but it is {truth:?}"));
                            }
                            self.known += usize::from(known.is_some());
                        })+
                        other => panic!("nothing that is kept: {other:?}"),
                    }
                }
            };
        }
        compare!(
            parties: Need::Party(key) => key,
            users: Need::User(key) => key,
            products: Need::Product(key) => key,
            offers: Need::Offer(key) => key,
            strategies: Need::Strategy(key) => key,
            balances: Need::Balance(subscriber, product) => (subscriber, product),
            tokens: Need::Token(key) => key,
            party_ids: Need::PartyId(kind, id) => (kind, id),
            logins: Need::Login(login) => login,
            product_ids: Need::ProductId(id) => id,
            offer_ids: Need::OfferId(id) => id,
            strategy_ids: Need::StrategyId(id) => id,
        );
        Ok(())
    }

    /// With what it kept, and what it has to load, it decides as if it knew the whole world.
    fn decide(&mut self, shop: &Deployment, wish: Wish, chance: &mut Chance) -> Result<(), String> {
        let Some(intent) = intent(wish) else { return Ok(()) };
        let mut needs = Needs::default();
        intent.needs(&self.world, &mut needs);
        while !needs.is_empty() {
            needs.take().iter().for_each(|need| shop.load_into(need, &mut self.world));
            intent.needs(&self.world, &mut needs);
        }
        let stamp = Stamp { at: shop.now().plus_seconds(1), chance: chance.next() };
        let (kept, whole) = (intent.decide(&self.world, stamp), intent.decide(&shop.whole, stamp));
        self.world.settle(100_000);
        if kept == whole { Ok(()) } else { Err(format!("{intent:?}: {kept:?}, but the whole world {whole:?}")) }
    }
}

/// A wish as the access policy lets it through.
fn intent(wish: Wish) -> Option<Intent> {
    let scope = match (&wish.who, wish.action()) {
        (Some(caller), Some(action)) => caller.may(action).ok()?,
        _ => Scope::system("a test"),
    };
    Some(wish.into_intent(scope))
}

/// A need for each row of each table that is kept between batches, as far as the journal tells of one.
fn everything(shop: &Deployment) -> Vec<Need> {
    let mut needs = Vec::new();
    let (mut subscribers, mut products) = (Vec::new(), Vec::new());
    for entry in &shop.journal {
        match &entry.event {
            Event::PartyCreated(party) => {
                needs.extend([Need::Party(party.party), Need::PartyId(party.kind, party.id.clone())]);
                subscribers.extend((party.kind == PartyKind::Subscriber).then_some(party.party));
            }
            Event::UserCreated(user) => {
                needs.extend([Need::User(user.user), Need::Login(folded(&user.login)), Need::Token(user.user)]);
            }
            Event::ProductCreated(product) => {
                needs.extend([Need::Product(product.product), Need::ProductId(product.id.clone())]);
                products.push(product.product);
            }
            Event::OfferCreated(offer) => {
                needs.extend([Need::Offer(offer.offer), Need::OfferId(offer.id.clone())]);
            }
            Event::StrategyCreated(strategy) => {
                needs.extend([Need::Strategy(strategy.strategy), Need::StrategyId(strategy.id.clone())]);
            }
            _ => {}
        }
    }
    let balances = subscribers.iter().flat_map(|subscriber| products.iter().map(|it| Need::Balance(*subscriber, *it)));
    needs.extend(balances);
    needs.push(Need::Party(PartyRef(1_000_000)));
    needs
}

/// The kinds of events that another node may have to forget something for.
fn kind(event: &Event) -> &'static str {
    match event {
        Event::PartyCreated(_) => "PartyCreated",
        Event::PartyUpdated(_) => "PartyUpdated",
        Event::PartyClosing(_) => "PartyClosing",
        Event::PartyDeleted(_) => "PartyDeleted",
        Event::QuotasSet { .. } => "QuotasSet",
        Event::UserCreated(_) => "UserCreated",
        Event::UserUpdated(_) => "UserUpdated",
        Event::UserDeleted(_) => "UserDeleted",
        Event::ProductCreated(_) => "ProductCreated",
        Event::ProductUpdated(_) => "ProductUpdated",
        Event::ProductDeleted(_) => "ProductDeleted",
        Event::OfferCreated(_) => "OfferCreated",
        Event::OfferUpdated(_) => "OfferUpdated",
        Event::OfferDeleted(_) => "OfferDeleted",
        Event::StrategyCreated(_) => "StrategyCreated",
        Event::StrategyUpdated(_) => "StrategyUpdated",
        Event::StrategyDeleted(_) => "StrategyDeleted",
        Event::OrderPlaced(_) => "OrderPlaced",
        Event::OrderSettled { .. } => "OrderSettled",
        Event::OrderCancelled(_) => "OrderCancelled",
        Event::OrderMatched(_) => "OrderMatched",
        Event::OrderFound(_) => "OrderFound",
        Event::SubscriptionSuspended { .. } => "SubscriptionSuspended",
        Event::SubscriptionResumed { .. } => "SubscriptionResumed",
        Event::UsageReported { .. } => "UsageReported",
        Event::EndpointCreated(_) => "EndpointCreated",
        Event::EndpointUpdated(_) => "EndpointUpdated",
        Event::EndpointDeleted(_) => "EndpointDeleted",
        Event::TokenIssued(_) => "TokenIssued",
        Event::TokenRevoked(_) => "TokenRevoked",
    }
}

const KINDS: usize = 29;

#[test]
fn whatever_another_node_decides_is_followed_or_forgotten() {
    let (mut told, mut known) = (Vec::new(), 0);
    for seed in 0..SCRIPTS {
        known += run(seed, World::follow, &mut told).unwrap_or_else(|stale| panic!("seed {seed}: {stale}"));
    }
    let mut kinds: Vec<&str> = told.iter().map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), KINDS, "the scripts tell of every kind of event: {kinds:?}");
    assert!(known > 100_000, "not everything is forgotten every time: {known} rows were compared");
}

/// The comparison sees what a forgetting that forgets too little leaves: every kind of event after which something has to
/// go is left out once.
#[test]
fn an_event_that_is_left_out_is_noticed() {
    macro_rules! without {
        ($($kind:ident),+) => {
            [$((stringify!($kind), (|world, event| {
                if kind(event) != stringify!($kind) {
                    world.follow(event);
                }
            }) as Follow)),+]
        };
    }
    let left_out = without!(
        PartyUpdated,
        PartyClosing,
        PartyDeleted,
        UserUpdated,
        UserDeleted,
        ProductUpdated,
        ProductDeleted,
        OfferUpdated,
        OfferDeleted,
        StrategyUpdated,
        StrategyDeleted,
        OrderPlaced,
        OrderSettled,
        OrderCancelled,
        UsageReported,
        TokenIssued,
        TokenRevoked
    );
    for (name, forget) in left_out {
        let noticed = (0..SCRIPTS).any(|seed| run(seed, forget, &mut Vec::new()).is_err());
        assert!(noticed, "nobody noticed that {name} was left out");
    }
}
