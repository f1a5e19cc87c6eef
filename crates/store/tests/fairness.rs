//! Tenants share the committer: turns, places, and what is decided at once.

mod harness;

use futures_util::FutureExt;
use futures_util::future::join_all;
use harness::{Deployment, Engine, Gate, Shop, answer, cancel, key, place};
use orderpark_domain::offer::{CreateOffer, DeleteOffer, NewItem};
use orderpark_domain::order::{OfferName, PlaceOrder};
use orderpark_domain::{
    Command, Grant, Intent, OfferState, Outcome, PartyKind, PartyRef, ProductKind, Refusal, Tenant, UserRef, endpoint,
    party, product, strategy, user,
};
use orderpark_limits::Full;
use orderpark_store::{Budget, Chance, CommitError, Committed, Options};
use std::pin::Pin;
use std::sync::Arc;

on_each_engine!(
    the_intent_of_another_tenant_is_in_the_next_batch_however_many_wait,
    a_tenant_takes_no_place_of_others,
    what_is_too_large_is_refused_and_the_largest_offer_can_be_ordered,
    questions_are_answered_as_if_decided_one_by_one,
    what_changes_nothing_is_answered_by_a_trial_as_by_the_committer,
);

/// A deployment whose committer can be held up.
struct Held {
    deployment: Deployment,
    gate: Arc<Gate>,
}

/// An intent on its way.
type Waiting<'d> = Pin<Box<dyn Future<Output = Result<Committed, CommitError>> + 'd>>;

impl Held {
    fn on(engine: Engine, adjust: impl FnOnce(&mut Options)) -> Held {
        let gate = Arc::new(Gate::open());
        let deployment = Deployment::with(engine, |options| {
            options.chance = Arc::clone(&gate) as Arc<dyn Chance>;
            adjust(options);
        });
        Held { deployment, gate }
    }

    /// Submits an intent, which waits, or is refused at once.
    fn submit(&self, intent: Intent) -> Result<Waiting<'_>, CommitError> {
        let mut waiting: Waiting<'_> = Box::pin(self.deployment.store.commit(intent));
        match (&mut waiting).now_or_never() {
            None => Ok(waiting),
            Some(answer) => Err(answer.expect_err("nothing is decided")),
        }
    }

    /// Submits a first intent, and holds the committer up while it is decided: what is submitted
    /// from here on waits.
    fn shut(&self, first: Intent) -> Waiting<'_> {
        self.gate.set(true);
        let first = self.submit(first).expect("a place");
        self.gate.wait_until_reached();
        first
    }

    /// Lets the committer go on, and waits for all answers.
    fn open(&self, waiting: Vec<Waiting<'_>>) -> Vec<Result<Committed, CommitError>> {
        self.gate.set(false);
        answer(join_all(waiting).map(Ok))
    }
}

fn of(root: u64, party: u64, intent: Intent) -> Intent {
    Intent { tenant: Some(Tenant { root: PartyRef(root), party: PartyRef(party) }), ..intent }
}

fn the_intent_of_another_tenant_is_in_the_next_batch_however_many_wait(engine: Engine) {
    let held = Held::on(engine, |options| options.waiting_max = 100_000);
    let shop = held.deployment.shop("acme");
    let order = || held.deployment.intent(place(&shop));
    let mut waiting = vec![held.shut(order())];
    for _ in 0..3000 {
        waiting.push(held.submit(of(1, 1, order())).expect("a place"));
    }
    let others = [of(1, 11, order()), of(2, 2, order()), order()].map(|intent| held.submit(intent).expect("a place"));
    waiting.extend(others);
    let answers = held.open(waiting);
    let at: Vec<_> = answers.into_iter().map(|answer| answer.expect("an order").at).collect();
    for other in 3001..at.len() {
        let before = at.iter().filter(|at_of_one| **at_of_one < at[other]).count();
        assert!(before < 10, "{before} were decided before it");
    }
    assert!(at[..3001].is_sorted(), "within a tenant, first come, first served");
    held.deployment.verified();
}

fn a_tenant_takes_no_place_of_others(engine: Engine) {
    let held = Held::on(engine, |options| options.waiting_max = 80);
    let shop = held.deployment.shop("acme");
    let order = || held.deployment.intent(place(&shop));
    let mut waiting = vec![held.shut(order())];
    for _ in 0..10 {
        waiting.push(held.submit(of(1, 11, order())).expect("an eighth of all places"));
    }
    assert_eq!(held.submit(of(1, 11, order())).err(), Some(CommitError::TenantBusy(Full::Party)));
    assert_eq!(held.submit(of(1, 12, order())).err(), Some(CommitError::TenantBusy(Full::Root)));
    waiting.push(held.submit(of(2, 2, order())).expect("another vendor's place"));
    let system = Intent { by: None, ..of(1, 11, order()) };
    waiting.push(held.submit(system).expect("what the program does for a party"));
    let answers = held.open(waiting);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let again = held.deployment.store.commit_blocking(of(1, 11, order()));
    assert!(again.is_ok(), "its places are free again: {again:?}");
}

fn what_is_too_large_is_refused_and_the_largest_offer_can_be_ordered(engine: Engine) {
    let budget = Budget { batch_parts: 10, intent_parts: 60 };
    let deployment = Deployment::with(engine, |options| options.budget = budget);
    let shop = deployment.shop("acme");
    let products: Vec<_> = (0..61).map(|n| deployment.product(&format!("acme-net/p{n}"), None).id).collect();
    let create = |name: &str, items: usize| {
        let item = |id: &String| NewItem { product_id: id.clone(), granted: Some(1) };
        let (id, items) = (format!("acme/{name}"), products[..items].iter().map(item).collect());
        Command::CreateOffer(CreateOffer {
            name: id.clone(),
            id,
            state: OfferState::Active,
            items,
            strategies: None,
            items_max: 1000,
        })
    };
    let before = deployment.verify();
    assert_eq!(deployment.refused(create("large", 61)), Refusal::TooLargeAtOnce);
    assert_eq!(deployment.verify(), before, "nothing was changed");
    deployment.done(create("medium", 25));
    let Command::PlaceOrder(plain) = place(&shop) else { unreachable!("it places an order") };
    let order =
        |name: &str| Command::PlaceOrder(PlaceOrder { offer: OfferName::Id(format!("acme/{name}")), ..plain.clone() });
    // Each has more parts than a batch, and so has a batch of its own.
    let answers = answer(join_all((0..8).map(|_| deployment.store.commit(deployment.intent(order("medium"))))).map(Ok));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let force = party::DeleteParty {
        kind: PartyKind::Subscriber,
        party: shop.subscriber.party,
        force: true,
        parts_max: party::PARTS_AT_ONCE,
    };
    assert_eq!(deployment.refused(Command::DeleteParty(force)), Refusal::TooLargeAtOnce, "100 subscriptions at once");
    deployment.verified();
}

/// What must never be found, whatever was decided together: for each, a query that finds it.
const IMPOSSIBLE: [&str; 5] = [
    "select f.id from offers f join offer_items i on i.offer_ref = f.ref join products p on p.ref = i.product_ref \
     where f.deleted_at is null and p.deleted_at is not null",
    "select p.id from subscriptions s join products p on p.ref = s.product_ref \
     where s.state in ('PENDING', 'ACTIVE', 'SUSPENDED') and p.deleted_at is not null",
    "select p.id from products p join parties s on s.ref = p.supplier_ref \
     where p.deleted_at is null and s.deleted_at is not null",
    "select s.id from strategies s join parties v on v.ref = s.vendor_ref \
     where s.deleted_at is null and v.deleted_at is not null",
    "select 'too many' from webhook_endpoints where deleted_at is null group by owner_ref having count(*) > 100",
];

/// Commands that ask about each other's rows, in one batch and in any order: what is found
/// afterwards is what serial decisions allow, and each of them was decided.
fn questions_are_answered_as_if_decided_one_by_one(engine: Engine) {
    let held = Held::on(engine, |_| {});
    let shop = held.deployment.shop("acme");
    (1..100).for_each(|_| drop(held.deployment.done(endpoint(&shop))));
    for round in 0..24_usize {
        let commands = conflicting(&held.deployment, &shop, round);
        let (count, turn) = (commands.len(), round % commands.len());
        let mut waiting = vec![held.shut(held.deployment.intent(place(&shop)))];
        for step in 0..count {
            let place = if round % 2 == 0 { (step + turn) % count } else { (count - step + turn) % count };
            let tenant = 1 + (step % 3) as u64;
            let intent = of(tenant, tenant, held.deployment.intent(commands[place].clone()));
            waiting.push(held.submit(intent).expect("a place"));
        }
        for answer in held.open(waiting) {
            let decided = matches!(&answer, Ok(_) | Err(CommitError::Refused(_)));
            assert!(decided && answer != Err(CommitError::Refused(Refusal::TooLargeAtOnce)), "{answer:?}");
        }
        for query in IMPOSSIBLE {
            assert_eq!(held.deployment.home.texts(query), Vec::<String>::new(), "round {round}: {query}");
        }
    }
    held.deployment.verified();
}

/// A product with its offer, its order and its supplier, a vendor with its strategy, and webhook
/// endpoints of a party that may have one more: of each pair, one stands in the way of the other.
fn conflicting(deployment: &Deployment, shop: &Shop, round: usize) -> Vec<Command> {
    let supplier = deployment.party(PartyKind::Supplier, &format!("s{round}"), None).party;
    let vendor = deployment.party(PartyKind::Vendor, &format!("v{round}"), None);
    let plan = deployment.product(&format!("s{round}/plan"), None);
    let ordered = deployment.product(&format!("s{round}/ordered"), None);
    let offer = deployment.offer(&format!("acme/o{round}"), &[&ordered.id]);
    let delete =
        |product| Command::DeleteProduct(product::DeleteProduct { kind: ProductKind::ConnectivityPlan, product });
    let Command::PlaceOrder(simple) = place(shop) else { unreachable!("it places an order") };
    let create_offer = CreateOffer {
        id: format!("acme/n{round}"),
        name: "N".into(),
        state: OfferState::Active,
        items: vec![NewItem { product_id: plan.id.clone(), granted: None }],
        strategies: None,
        items_max: 1000,
    };
    let create_strategy = strategy::CreateStrategy {
        id: format!("v{round}/own"),
        name: "S".into(),
        description: None,
        state: orderpark_domain::StrategyState::Active,
        settings: "{}".into(),
    };
    let mut commands = vec![
        Command::CreateOffer(create_offer),
        delete(plan.product),
        Command::PlaceOrder(PlaceOrder { offer: OfferName::Ref(offer.offer), ..simple }),
        Command::DeleteOffer(DeleteOffer { offer: offer.offer }),
        delete(ordered.product),
        Command::DeleteParty(party::DeleteParty {
            kind: PartyKind::Supplier,
            party: supplier,
            force: false,
            parts_max: party::PARTS_AT_ONCE,
        }),
        Command::CreateStrategy(create_strategy),
        Command::DeleteParty(party::DeleteParty {
            kind: PartyKind::Vendor,
            party: vendor.party,
            force: false,
            parts_max: party::PARTS_AT_ONCE,
        }),
    ];
    commands.extend((0..3).map(|_| endpoint(shop)));
    commands
}

fn endpoint(shop: &Shop) -> Command {
    let party = &shop.subscriber;
    Command::CreateEndpoint(endpoint::CreateEndpoint {
        owner: Some(Grant { kind: party.kind, party: party.party }),
        url: "https://example.com/hook".into(),
        description: None,
        kinds: None,
        secret: "sealed".into(),
    })
}

fn what_changes_nothing_is_answered_by_a_trial_as_by_the_committer(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let order = deployment.order(&shop);
    let delete_user = |user| Command::DeleteUser(user::DeleteUser { user });
    let vendor = |force| {
        Command::DeleteParty(party::DeleteParty {
            kind: PartyKind::Vendor,
            party: shop.vendor.party,
            force,
            parts_max: party::PARTS_AT_ONCE,
        })
    };
    let rename = |name: &str| {
        Command::UpdateParty(party::UpdateParty {
            kind: PartyKind::Vendor,
            party: shop.vendor.party,
            name: Some(name.into()),
            contact_email: None,
            organization: None,
        })
    };
    let try_out = |intent: &Intent| answer(deployment.store.try_out(intent.clone()));
    let nothing = [delete_user(UserRef(999_999)), vendor(false), rename("Name of acme"), delete_user(UserRef(2))];
    let dry = Intent { dry_run: true, ..deployment.intent(place(&shop)) };
    let dry = [dry.clone(), Intent { dry_run: true, ..deployment.intent(cancel(order.order)) }];
    for intent in nothing.into_iter().map(|command| deployment.intent(command)).chain(dry) {
        assert!(intent.is_tried_first(), "{intent:?}");
        let before = deployment.verify();
        let foreseen = try_out(&intent).expect("it changes nothing");
        assert_eq!(deployment.verify(), before);
        let committed = deployment.store.commit_blocking(intent.clone());
        let alike = |answer: &Result<Committed, CommitError>| match answer {
            // Its ref and its times are not the same twice.
            Ok(Committed { outcome: Outcome::Order(order), .. }) => format!("{:?} {:?}", order.state, order.subscriber),
            Ok(Committed { outcome, .. }) => format!("{outcome:?}"),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(alike(&foreseen), alike(&committed), "{intent:?}");
    }
    assert_eq!(try_out(&deployment.intent(rename("Another"))), None, "it is for the committer");
    let keyed = || Intent { request: Some(key(deployment.operator, 1, 1)), ..deployment.intent(rename("Another")) };
    deployment.store.commit_blocking(keyed()).expect("a change");
    assert_eq!(try_out(&keyed()), None, "the kept answer is the committer's to find");
    let other = Intent { request: Some(key(deployment.operator, 1, 2)), ..keyed() };
    assert_eq!(try_out(&other), Some(Err(CommitError::Refused(Refusal::KeyReused))));
    deployment.verified();
}
