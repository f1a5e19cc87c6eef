//! Epochs of the feed: after a restore to an earlier point no id is given again, and no lost
//! position is taken for another.

mod harness;

use harness::{Chance, Deployment, Engine, Shop, TestDatabase, answer, assert_whole, everything, options, place};
use orderpark_domain::{Intent, PartyKind};
use orderpark_store::{Clock, FeedPosition, Store};
use std::collections::BTreeSet;
use std::sync::Arc;

const EPOCHS: &str = "select first_seq, epoch, origin is null from feed_epochs order by first_seq";

/// A node that draws other numbers than the one before.
fn node(home: &TestDatabase, clock: &Arc<harness::TestClock>, seed: u64) -> Store {
    let mut options = options(clock);
    options.chance = Arc::new(Chance::new(seed));
    options.clock = Arc::clone(clock) as Arc<dyn Clock>;
    Store::open(&home.database(), options).expect("it opens")
}

fn order(store: &Store, shop: &Shop, times: usize) {
    for _ in 0..times {
        store.commit_blocking(Intent::system(place(shop), "a test")).expect("an order");
    }
}

/// Every event's id, and the position at the end.
fn ids(store: &Store) -> (Vec<FeedPosition>, FeedPosition) {
    let (page, next) = follow(store, FeedPosition::BEGINNING).expect("the beginning is known");
    (page, next)
}

/// The ids behind a position, and where they end; none: it is not known.
fn follow(store: &Store, after: FeedPosition) -> Option<(Vec<FeedPosition>, FeedPosition)> {
    let (page, next) = answer(store.follow_events(&everything(), after, 200))?;
    assert!(page.is_end);
    Some((page.events.iter().map(orderpark_store::FeedEvent::position).collect(), next))
}

fn a_database_that_was_set_back_gives_no_id_again(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    order(&deployment.store, &shop, 3);
    let (kept, kept_end) = ids(&deployment.store);
    let (home, clock) = deployment.closed();
    let backup = home.copied();
    let store = node(&home, &clock, 8);
    order(&store, &shop, 4);
    let (all, lost_end) = ids(&store);
    let lost = &all[kept.len()..];
    assert!(all.starts_with(&kept) && lost.len() >= 8, "{all:?}");
    drop(store);

    let store = node(&backup, &clock, 9);
    assert_eq!(ids(&store), (kept.clone(), kept_end), "nothing is new yet");
    let is_unknown = |position: &FeedPosition| follow(&store, *position).is_none();
    assert!(lost.iter().chain([&lost_end]).all(is_unknown), "before anything is written");
    order(&store, &shop, 6);
    let (now, now_end) = ids(&store);
    let new = &now[kept.len()..];
    assert!(now.starts_with(&kept) && now_end.place > lost_end.place);
    assert!(lost.iter().chain([&lost_end]).all(is_unknown), "and after their numbers were given to others");
    assert_eq!(lost.iter().filter(|id| new.contains(id)).count(), 0);
    assert!(lost.iter().any(|id| new.iter().any(|new| new.place == id.place)), "or this shows nothing");
    for (at, id) in now.iter().enumerate() {
        assert_eq!(follow(&store, *id), Some((now[at + 1..].to_vec(), now_end)), "who has come to {id} misses nothing");
    }
    assert_eq!(follow(&store, kept_end), Some((new.to_vec(), now_end)));
    drop(store);
    assert_whole(&backup);
}

fn a_position_is_known_only_as_it_was_given_out(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    order(&deployment.store, &shop, 2);
    let (ids, end) = ids(&deployment.store);
    let last = *ids.last().expect("an event");
    let known = |position: FeedPosition| follow(&deployment.store, position).is_some();
    let of = |seq: u64, number: u32| FeedPosition { place: orderpark_store::EventPlace { seq, number }, ..last };
    assert!(ids.iter().all(|id| known(*id)) && known(end) && known(of(1, u32::MAX)));
    let beyond = [of(last.place.seq, last.place.number + 1), of(end.place.seq + 1, u32::MAX), of(end.place.seq + 1, 0)];
    let other_epoch = FeedPosition::parse(&format!("{}-aaaaaaaa", end.place.seq)).expect("a position");
    let no_epoch = FeedPosition::parse(&end.place.seq.to_string()).expect("a position");
    let nowhere = ["0.0", "0-aaaaaaaa", "1.0-aaaaaaaa"].map(|text| FeedPosition::parse(text).expect("a position"));
    for unknown in beyond.into_iter().chain([other_epoch, no_epoch]).chain(nowhere) {
        assert!(!known(unknown), "{unknown}");
    }
    // Whoever hears nothing of an entry learns nothing of how many events it has.
    let stranger = harness::scope_of(PartyKind::Vendor, orderpark_domain::PartyRef(99));
    let asked = answer(deployment.store.follow_events(&stranger, beyond[0], 1));
    assert!(asked.is_some_and(|(page, _)| page.events.is_empty()));
}

/// In PostgreSQL several nodes start and stop beside each other, so a start alone says nothing.
fn a_start_begins_an_epoch_only_where_a_restore_needs_one(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let (home, clock) = deployment.closed();
    let count = |wanted: usize| assert_eq!(home.rows(EPOCHS).len(), wanted, "{:?}", home.rows(EPOCHS));
    count(1);
    assert_ne!(home.rows(EPOCHS)[0][1], "", "a new database begins with one of its own");
    let of_file = usize::from(engine == Engine::Sqlite);
    for (start, seed) in (1..=3).zip(20..) {
        let store = node(&home, &clock, seed);
        order(&store, &shop, 2);
        drop(store);
        count(1 + start * of_file);
    }
    drop(node(&home, &clock, 30));
    count(1 + 3 * of_file);
    assert_whole(&home);
}

on_each_engine! {
    a_database_that_was_set_back_gives_no_id_again,
    a_position_is_known_only_as_it_was_given_out,
    a_start_begins_an_epoch_only_where_a_restore_needs_one,
}

#[test]
fn what_was_given_out_before_there_were_epochs_stays_good_and_a_database_that_has_moved_is_noticed() {
    let deployment = Deployment::on(Engine::Postgres);
    let shop = deployment.shop("acme");
    order(&deployment.store, &shop, 1);
    let (home, clock) = deployment.closed();
    home.execute("update feed_epochs set epoch = '', origin = null");
    let store = node(&home, &clock, 8);
    order(&store, &shop, 1);
    let (old, end) = ids(&store);
    assert!(old.iter().all(|id| !id.to_string().contains('-')), "{old:?}");
    assert_eq!(home.rows(EPOCHS), [["1", "", "f"]], "as a node of the version before would call them");
    drop(store);
    home.execute("update feed_epochs set origin = 'elsewhere'");
    let store = node(&home, &clock, 9);
    order(&store, &shop, 1);
    let epochs: BTreeSet<_> = follow(&store, end).expect("still known").0.iter().map(|id| id.epoch).collect();
    assert_eq!((epochs.len(), epochs.contains(&end.epoch)), (1, false));
    assert_eq!(ids(&store).0[..old.len()], old);
}

/// As in a failover to a standby that lacked the end: the node lives on, and its next entry has a
/// number that was used.
#[test]
fn a_journal_that_loses_its_end_under_a_node_begins_an_epoch() {
    let deployment = Deployment::on(Engine::Postgres);
    deployment.party(PartyKind::Supplier, "kept", None);
    let before = answer(deployment.store.events_end());
    let kept = deployment.home.rows("select seq, next_ref, next_subscription from head").concat();
    deployment.party(PartyKind::Supplier, "lost", None);
    let lost = answer(deployment.store.events_end());
    deployment.home.execute(&format!(
        "delete from parties where id = 'lost'; delete from journal where seq > {}; update head set seq = {}, next_ref = {}, \
         next_subscription = {}, at = j.at, hash = j.hash from (select at, hash from journal order by seq desc limit 1) j",
        kept[0], kept[0], kept[1], kept[2]
    ));
    deployment.party(PartyKind::Supplier, "new", None);
    let now = answer(deployment.store.events_end());
    assert_eq!((now.place, before.epoch), (lost.place, lost.epoch));
    assert_ne!(now.epoch, lost.epoch);
    assert!(follow(&deployment.store, before).is_some() && follow(&deployment.store, lost).is_none());
    deployment.verified();
}
