//! The event feed of a store: everyone hears what concerns it, all of it, once and in the journal's order.
//!
//! What there is to hear is told by a model that reads the text of the journal beside the program. It keeps of each order
//! who has to do with it, and shares nothing with the feed.

#[path = "../harness/mod.rs"]
mod harness;
mod model;

use harness::{Chance, Deployment, Engine, Shop, answer, cancel, everything, order_of, place, settle};
use model::{Model, Who};
use orderpark_domain::offer::{DeleteOffer, UpdateOffer};
use orderpark_domain::party::{DeleteParty, PARTS_AT_ONCE, UpdateParty};
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::{
    Action, Caller, Command, Grant, Instant, Intent, OfferState, OrderRef, PartyKind, PartyRef, Scope, SecretHash,
    SubscriptionState, User, UserRef,
};
use orderpark_store::{CommitError, Epoch, EventPage, EventPlace, FeedPosition, Store};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn scope(grants: &[Who]) -> Scope {
    let user = User {
        user: UserRef(2),
        party: PartyRef(1),
        login: "test".into(),
        first_name: None,
        last_name: None,
        organization: None,
        grants: grants.iter().map(|(kind, party)| Grant { kind: *kind, party: PartyRef(*party) }).collect(),
        secrets: vec![SecretHash([1; 32])],
        role: None,
        created_by: None,
        created_at: None,
        revision: 1,
        deleted_at: None,
    };
    Caller::of(&user).may(Action::ReadEvents).expect("every kind may")
}

/// An id without its epoch.
fn id_of(place: EventPlace) -> String {
    FeedPosition { place, epoch: Epoch::FIRST }.to_string()
}

fn place_of(id: &str) -> EventPlace {
    FeedPosition::parse(id).expect("an id").place
}

fn page(store: &Store, scope: &Scope, after: Option<EventPlace>, limit: u32) -> EventPage {
    let page = answer(store.page_events(scope, after, limit));
    assert!(page.events.len() <= limit as usize);
    let next = after.unwrap_or(EventPlace::BEGINNING);
    assert!(page.events.iter().all(|event| event.place > next && event.place <= page.next), "{page:?}");
    assert!(page.next > next || page.is_end, "it moves on: {page:?}");
    page
}

/// Everything behind a place, in pages by chance.
fn follow(store: &Store, scope: &Scope, after: Option<EventPlace>, chance: &Chance) -> Vec<(String, &'static str)> {
    let (mut heard, mut after) = (Vec::new(), after);
    loop {
        let limit = 1 + u32::try_from(chance.below(*chance.pick(&[1, 5, 200]))).expect("small");
        let page = page(store, scope, after, limit);
        heard.extend(page.events.iter().map(|event| (id_of(event.place), event.notice.kind.as_str())));
        after = Some(page.next);
        if page.is_end {
            return heard;
        }
    }
}

/// Commits what may as well be refused.
fn attempt(store: &Store, deployment: &Deployment, command: Command) {
    match store.commit_blocking(deployment.intent(command)) {
        Ok(_) | Err(CommitError::Refused(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

/// One random command on what the shops have.
fn step(store: &Store, deployment: &Deployment, shops: &[Shop], orders: &mut Vec<OrderRef>, chance: &Chance) {
    let shop = chance.pick(shops);
    let old = (!orders.is_empty()).then(|| *chance.pick(orders));
    let command = match (chance.below(20), old) {
        (0..=7, _) | (_, None) => {
            let placed = store.commit_blocking(deployment.intent(place(shop)));
            return orders.extend(placed.ok().map(|placed| order_of(placed.outcome).order));
        }
        (8..=10, Some(order)) => settle(order, (chance.percent(30)).then_some(shop.product.product)),
        (11..=13, Some(order)) => cancel(order),
        (14..=16, Some(order)) => Command::ChangeSubscription(ChangeSubscription {
            subscription: order.subscription(1 + u16::try_from(chance.below(2)).expect("small")),
            state: Some(*chance.pick(&[SubscriptionState::Active, SubscriptionState::Suspended])),
            reason: Some(format!("because {}", chance.below(9))),
        }),
        (17, _) => Command::UpdateOffer(UpdateOffer {
            offer: shop.offer.offer,
            name: Some(format!("Name {}", chance.below(9))),
            state: Some(OfferState::Active),
        }),
        _ => Command::UpdateParty(UpdateParty {
            kind: shop.subscriber.kind,
            party: shop.subscriber.party,
            name: Some(format!("Name {}", chance.below(9))),
            contact_email: None,
            organization: None,
        }),
    };
    attempt(store, deployment, command);
}

/// Two plain shops and one whose supplier is asked; the offers of the first have two products, one of them of another supplier.
fn shops(deployment: &Deployment) -> Vec<Shop> {
    let (one, two) = (deployment.shop("acme"), deployment.shop("rival"));
    let mixed = deployment.offer("acme/mixed", &[&one.product.id, &two.product.id]);
    let mixed = Shop { offer: mixed, ..deployment_shop(&one) };
    vec![one, two, mixed, deployment.asking_shop("asks")]
}

fn deployment_shop(shop: &Shop) -> Shop {
    Shop {
        supplier: shop.supplier.clone(),
        vendor: shop.vendor.clone(),
        subscriber: shop.subscriber.clone(),
        product: shop.product.clone(),
        offer: shop.offer.clone(),
    }
}

/// Deletes what can be deleted, so that the feed has to tell of rows that are gone.
fn clear_up(deployment: &Deployment, shop: &Shop) {
    let subscriber = DeleteParty {
        kind: PartyKind::Subscriber,
        party: shop.subscriber.party,
        force: true,
        parts_max: PARTS_AT_ONCE,
    };
    attempt(&deployment.store, deployment, Command::DeleteParty(subscriber));
    attempt(&deployment.store, deployment, Command::DeleteOffer(DeleteOffer { offer: shop.offer.offer }));
}

fn everyone(shops: &[Shop]) -> Vec<Who> {
    let parties = shops.iter().flat_map(|shop| [&shop.supplier, &shop.vendor, &shop.subscriber]);
    let mut everyone: Vec<Who> = parties.map(|party| (party.kind, party.party.0)).collect();
    everyone.push((PartyKind::Operator, 1));
    everyone.sort_unstable();
    everyone.dedup();
    everyone
}

fn each_party_hears_its_own_and_nothing_else(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (chance, shops) = (Chance::seeded(3), shops(&deployment));
    let mut orders = Vec::new();
    for _ in 0..400 {
        step(&deployment.store, &deployment, &shops, &mut orders, &chance);
    }
    clear_up(&deployment, &shops[1]);
    let model = Model::of(&deployment);
    let everyone = everyone(&shops);
    let mut heard = 0;
    for who in &everyone {
        let other = *chance.pick(&everyone);
        for grants in [vec![*who], vec![*who, other]] {
            let expected = model.heard_by(&grants);
            assert_eq!(follow(&deployment.store, &scope(&grants), None, &chance), expected, "{grants:?}");
            heard += expected.len();
        }
    }
    assert!(heard > 2_000 && model.expected.iter().any(|event| event.kind == "subscriber.deleted"), "{heard}");
    assert!(follow(&deployment.store, &scope(&[(PartyKind::Vendor, 999)]), None, &chance).is_empty());
}

fn from_any_place_the_rest_is_what_lies_behind_it(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (chance, shops) = (Chance::seeded(4), shops(&deployment));
    let mut orders = Vec::new();
    for _ in 0..120 {
        step(&deployment.store, &deployment, &shops, &mut orders, &chance);
    }
    let all = follow(&deployment.store, &everything(), None, &chance);
    assert_eq!(all, Model::of(&deployment).heard_by(&[(PartyKind::Operator, 1)]));
    for (index, (id, _)) in all.iter().enumerate() {
        let place = place_of(id);
        assert_eq!(follow(&deployment.store, &everything(), Some(place), &chance), all[index + 1..], "after {id}");
        let entry = EventPlace::after(place.seq);
        let rest: Vec<_> = all.iter().filter(|(id, _)| place_of(id) > entry).cloned().collect();
        assert_eq!(follow(&deployment.store, &everything(), Some(entry), &chance), rest, "after {entry:?}");
    }
    let end = answer(deployment.store.events_end()).place;
    assert_eq!(follow(&deployment.store, &everything(), Some(end), &chance), []);
    let far = EventPlace::after(1_000_000_000);
    assert_eq!(page(&deployment.store, &everything(), Some(far), 5).next, far);
}

fn a_reader_beside_writers_misses_and_repeats_nothing(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (chance, shops) = (Chance::seeded(5), shops(&deployment));
    let done = AtomicBool::new(false);
    let (deployment, shops, done) = (&deployment, &shops, &done);
    let heard: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let chance = chance.part();
                scope.spawn(move || {
                    let mut orders = Vec::new();
                    (0..150).for_each(|_| step(&deployment.store, deployment, shops, &mut orders, &chance));
                })
            })
            .collect();
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let chance = chance.part();
                scope.spawn(move || {
                    let (mut heard, mut after) = (Vec::new(), None);
                    loop {
                        let ended = done.load(Ordering::SeqCst);
                        let limit = 1 + u32::try_from(chance.below(7)).expect("small");
                        let page = page(&deployment.store, &everything(), after, limit);
                        heard.extend(page.events.iter().map(|event| id_of(event.place)));
                        after = Some(page.next);
                        if ended && page.is_end {
                            return heard;
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("no panic");
        }
        done.store(true, Ordering::SeqCst);
        readers.into_iter().map(|reader| reader.join().expect("no panic")).collect()
    });
    let expected: Vec<String> = Model::of(deployment).expected.into_iter().map(|event| event.id).collect();
    assert!(expected.len() > 300);
    for heard in heard {
        assert_eq!(heard, expected);
    }
}

/// A journal full of what is nobody's business is passed in steps, each of which is short.
fn what_concerns_nobody_is_passed_in_bounded_steps(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let lonely = deployment.party(PartyKind::Subscriber, "", Some("acme"));
    let mine = scope(&[(PartyKind::Subscriber, lonely.party.0)]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let commits = (0..2_500).map(|_| deployment.store.commit(deployment.intent(place(&shop))));
        for placed in futures_util::future::join_all(commits).await {
            placed.expect("an order");
        }
    });
    let first = page(&deployment.store, &mine, None, 10);
    assert_eq!(first.events.len(), 1, "that it was created");
    assert!(!first.is_end && first.next < answer(deployment.store.events_end()).place);
    let second = page(&deployment.store, &mine, Some(first.next), 10);
    assert_eq!((second.events.len(), second.next), (0, answer(deployment.store.events_end()).place));
    assert!(second.is_end);
}

fn the_journal_says_when_it_has_moved(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let mut moved = deployment.store.moved();
    for _ in 0..20 {
        moved.borrow_and_update();
        deployment.order(&shop);
        let end = answer(deployment.store.events_end()).place.seq;
        assert_eq!(*moved.borrow(), end, "as soon as it was answered");
    }
}

fn an_instant_lies_behind_all_that_was_decided_before_it(engine: Engine) {
    let deployment = Deployment::on(engine);
    let before = |at: i64| answer(deployment.store.event_place_before(Instant(at)));
    let shop = deployment.shop("acme");
    for n in 0..30 {
        deployment.clock.pass_micros(n % 7 * 1_000_003);
        deployment.order(&shop);
    }
    let entries = deployment.home.look("select at from journal order by seq");
    let instants: Vec<i64> = entries.iter().map(|entry| entry[0].parse().expect("a number")).collect();
    for at in instants.iter().flat_map(|at| [*at, at + 1]) {
        let earlier = instants.iter().filter(|decided| **decided < at).count() as u64;
        assert_eq!(before(at), EventPlace::after(earlier), "{at} in {instants:?}");
    }
    let end = answer(deployment.store.events_end()).place;
    assert_eq!((before(i64::MIN), before(0), before(i64::MAX)), (EventPlace::BEGINNING, EventPlace::BEGINNING, end));
    assert!(entries.len() > 30);
}

on_each_engine! {
    an_instant_lies_behind_all_that_was_decided_before_it,
    each_party_hears_its_own_and_nothing_else,
    from_any_place_the_rest_is_what_lies_behind_it,
    a_reader_beside_writers_misses_and_repeats_nothing,
    what_concerns_nobody_is_passed_in_bounded_steps,
    the_journal_says_when_it_has_moved,
}

/// A notice that the network swallows, or that somebody makes up, costs half a second or nothing.
#[test]
fn what_another_node_commits_is_heard_of_with_and_without_a_notice() {
    let deployment = Deployment::on(Engine::Postgres);
    let shop = deployment.shop("acme");
    let second = Store::open(&deployment.database(), harness::options(&deployment.clock)).expect("a second node");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut moved = second.moved();
    for made_up in ["", "not a number", "18446744073709551615", "1"] {
        deployment.home.execute(&format!("select pg_notify('orderpark_journal', '{made_up}')"));
        deployment.order(&shop);
        let end = answer(deployment.store.events_end()).place.seq;
        let heard = async { tokio::time::timeout(Duration::from_secs(10), moved.wait_for(|seq| *seq >= end)).await };
        assert_eq!(*runtime.block_on(heard).expect("in time").expect("it lives"), end);
    }
    // Written past the program, and so without a notice.
    let end = answer(deployment.store.events_end()).place.seq + 1;
    deployment.home.execute("update head set seq = seq + 1");
    let heard = async { tokio::time::timeout(Duration::from_secs(10), moved.wait_for(|seq| *seq >= end)).await };
    assert_eq!(*runtime.block_on(heard).expect("in time").expect("it lives"), end);
    drop(second);
}

/// Nobody asked for it, and it happened.
#[test]
fn an_intent_of_the_program_is_told_like_any_other() {
    let deployment = Deployment::on(Engine::Sqlite);
    let shop = deployment.shop("acme");
    let before = answer(deployment.store.events_end()).place;
    let placed = deployment.store.commit_blocking(Intent::system(place(&shop), "a test")).expect("an order");
    let page = page(&deployment.store, &everything(), Some(before), 10);
    assert_eq!(page.events.len(), 2);
    assert!(matches!(&page.events[0].notice.about,
        orderpark_domain::feed::About::Order(order) if **order == order_of(placed.outcome)));
}
