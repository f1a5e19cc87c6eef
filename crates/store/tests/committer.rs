//! The door for writes: what is answered is on the disk, once, and in the journal.

mod harness;

use harness::{Deployment, Engine, cancel, key, order_of, place, settle};
use orderpark_domain::order::{OfferName, PlaceOrder};
use orderpark_domain::subscription::ChangeSubscription;
use orderpark_domain::{
    Command, Intent, OrderRef, OrderState, Outcome, PartyKind, Refusal, SubscriptionState, UserRef, offer, party,
};
use orderpark_store::verify::verify;
use orderpark_store::{CommitError, Database, OpenError, Options, Store};

on_each_engine!(
    an_order_is_placed_read_listed_cancelled_and_verified,
    a_store_that_is_opened_again_goes_on_where_it_was,
    a_schema_newer_than_the_program_is_refused,
    a_newer_schema_that_promises_to_suit_this_program_is_used,
    a_key_finds_its_first_answer_after_31_and_after_400_days,
    every_kind_of_create_and_delete_is_replayed,
    a_key_that_found_an_order_by_its_external_id_keeps_that_answer,
    an_external_id_changes_hands_when_its_order_is_rejected,
    a_key_shows_nothing_to_a_client_that_lost_its_scope,
    copies_of_a_key_in_one_batch_make_one_order,
    a_dropped_future_cancels_nothing,
    an_unknown_offer_is_refused_and_writes_nothing,
    deleting_a_subscriber_with_force_cancels_its_orders,
);

fn an_order_is_placed_read_listed_cancelled_and_verified(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let order = deployment.order(&shop);
    assert_eq!(order.state, OrderState::Active);
    let read = deployment.read(order.order);
    assert_eq!(read.as_ref(), Some(&order), "what was answered is what is read");
    let open = deployment.open_orders(10);
    assert_eq!(open, std::slice::from_ref(&order));
    let cancelled = order_of(deployment.done(cancel(order.order)));
    assert_eq!(cancelled.state, OrderState::Cancelled);
    let read = deployment.read(order.order);
    assert_eq!(read, Some(cancelled.clone()));
    assert_eq!(order_of(deployment.done(cancel(order.order))), cancelled, "again: the same order");
    let open = deployment.open_orders(10);
    assert_eq!(open, []);
    deployment.verified();
}

fn a_store_that_is_opened_again_goes_on_where_it_was(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let first = deployment.order(&shop);
    let (home, clock) = deployment.closed();
    let store = Store::open(&home.database(), harness::options(&clock)).expect("it opens again");
    let second = store.commit_blocking(Intent::system(place(&shop), "a test")).expect("an order");
    let second = order_of(second.outcome);
    assert!(second.order > first.order, "refs go on growing");
    assert_eq!(second.subscriptions[0].number, first.subscriptions[0].number + 1);
    harness::assert_whole(&home);
}

#[test]
fn a_second_process_on_the_same_file_is_refused() {
    let deployment = Deployment::on(Engine::Sqlite);
    let second = Store::open(&deployment.database(), Options::default());
    assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
}

/// What a later program leaves behind: a migration of its own, and what it promises to programs before it.
fn after_a_later_program(engine: Engine, oldest: u32) -> Result<(), OpenError> {
    let (home, clock) = Deployment::on(engine).closed();
    home.execute(&format!(
        "insert into refinery_schema_history (version, name, applied_on, checksum) values (999, 'future', '', '0'); \
         update schema_promise set oldest = {oldest}"
    ));
    let opened = Store::open(&home.database(), harness::options(&clock)).map(drop);
    let verified =
        verify(&home.database(), &mut |_| ()).map(|report| assert_eq!(report.violations, Vec::<String>::new()));
    assert_eq!(opened.is_ok(), verified.is_ok(), "{opened:?}, {verified:?}");
    opened
}

/// Neither served nor vouched for.
fn a_schema_newer_than_the_program_is_refused(engine: Engine) {
    let opened = after_a_later_program(engine, 999);
    assert!(matches!(opened, Err(OpenError::SchemaTooNew { found: 999, .. })), "{opened:?}");
}

fn a_newer_schema_that_promises_to_suit_this_program_is_used(engine: Engine) {
    let opened = after_a_later_program(engine, 2);
    assert!(opened.is_ok(), "{opened:?}");
}

/// P-03: a key never expires into a second order.
fn a_key_finds_its_first_answer_after_31_and_after_400_days(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let intent = || Intent { request: Some(key(deployment.operator, 1, 1)), ..deployment.intent(place(&shop)) };
    let first = deployment.store.commit_blocking(intent()).expect("an order");
    assert!(!first.replayed);
    deployment.done(cancel(order_of(first.outcome.clone()).order));
    for days in [31, 369] {
        deployment.clock.pass_days(days);
        let again = deployment.store.commit_blocking(intent()).expect("the first answer");
        assert!(again.replayed);
        assert_eq!(again.outcome, first.outcome, "the first answer, though the order was cancelled since");
    }
    let other = Intent { request: Some(key(deployment.operator, 1, 2)), ..deployment.intent(place(&shop)) };
    assert_eq!(deployment.store.commit_blocking(other), Err(CommitError::Refused(Refusal::KeyReused)));
    deployment.verified();
}

fn every_kind_of_create_and_delete_is_replayed(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let order = deployment.order(&shop);
    deployment.done(cancel(order.order));
    let vendor = party::CreateParty {
        kind: PartyKind::Vendor,
        id: "beta".into(),
        name: "Beta".into(),
        vendor_id: None,
        contact_email: None,
        organization: None,
        primary_user: Some(party::PrimaryUser {
            email: "ann@beta.example".into(),
            first_name: None,
            last_name: None,
            organization: None,
            secret: orderpark_domain::SecretHash([9; 32]),
        }),
    };
    let force = party::DeleteParty {
        kind: PartyKind::Subscriber,
        party: shop.subscriber.party,
        force: true,
        parts_max: party::PARTS_AT_ONCE,
    };
    let second = deployment.order(&shop);
    let commands = [
        Command::CreateParty(vendor),
        cancel(second.order),
        Command::DeleteParty(force),
        Command::DeleteOffer(offer::DeleteOffer { offer: shop.offer.offer }),
    ];
    for (number, command) in (10..).zip(commands) {
        let intent = || Intent { request: Some(key(UserRef(2), number, 1)), ..deployment.intent(command.clone()) };
        let first = deployment.store.commit_blocking(intent()).expect("the first answer");
        let again = deployment.store.commit_blocking(intent()).expect("the same again");
        assert_eq!((again.outcome, again.replayed), (first.outcome, true), "{command:?}");
    }
    deployment.verified();
}

fn a_key_that_found_an_order_by_its_external_id_keeps_that_answer(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let Command::PlaceOrder(plain) = place(&shop) else { unreachable!() };
    let named = || Command::PlaceOrder(PlaceOrder { external_id: Some("PO-1".into()), ..plain.clone() });
    let first = deployment.done(named());
    let matched = || Intent { request: Some(key(deployment.operator, 8, 1)), ..deployment.intent(named()) };
    let answer = deployment.store.commit_blocking(matched()).expect("the order that has this external id");
    assert_eq!((&answer.outcome, answer.replayed), (&first, false));
    let order = order_of(first.clone()).order;
    let again = |expected: &Outcome| {
        let again = deployment.store.commit_blocking(matched()).expect("the first answer under this key");
        assert_eq!((&again.outcome, again.replayed), (expected, true));
    };
    again(&first);
    let (subscription, reason) = (order.subscription(1), None);
    let change = |state| ChangeSubscription { subscription, state: Some(state), reason: reason.clone() };
    deployment.done(Command::ChangeSubscription(change(SubscriptionState::Suspended)));
    let later = || Intent { request: Some(key(deployment.operator, 9, 1)), ..deployment.intent(named()) };
    let suspended = deployment.store.commit_blocking(later()).expect("the order as it is now").outcome;
    assert_ne!(suspended, first);
    deployment.done(Command::ChangeSubscription(change(SubscriptionState::Active)));
    deployment.done(cancel(order));
    again(&first);
    let kept = deployment.store.commit_blocking(later()).expect("the first answer under this key");
    assert_eq!((kept.outcome, kept.replayed), (suspended, true), "though the order was cancelled since");
    deployment.verified();
}

/// Whether in one batch or in two.
fn an_external_id_changes_hands_when_its_order_is_rejected(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.asking_shop("acme");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for round in 0..20 {
        let named = |quantity| {
            let Command::PlaceOrder(place) = place(&shop) else { unreachable!("it places an order") };
            Command::PlaceOrder(PlaceOrder { external_id: Some(format!("PO-{round}")), quantity, ..place })
        };
        let first = order_of(deployment.done(named(1)));
        let settled = deployment.intent(settle(first.order, Some(shop.product.product)));
        let (settled, second) = runtime.block_on(async {
            tokio::join!(deployment.store.commit(settled), deployment.store.commit(deployment.intent(named(2))))
        });
        assert_eq!(order_of(settled.expect("settled").outcome).state, OrderState::Rejected);
        let second = order_of(second.expect("an order of its own").outcome);
        assert_ne!(second.order, first.order);
        assert_eq!(order_of(deployment.done(named(2))), second);
        assert_eq!(deployment.commit(named(1)), Err(CommitError::Refused(Refusal::ExternalIdTaken)));
    }
    deployment.verified();
}

fn a_key_shows_nothing_to_a_client_that_lost_its_scope(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let other = deployment.shop("beta");
    let as_vendor = |vendor| Intent {
        request: Some(key(deployment.operator, 9, 1)),
        scope: harness::scope_of(PartyKind::Vendor, vendor),
        ..deployment.intent(place(&shop))
    };
    deployment.store.commit_blocking(as_vendor(shop.vendor.party)).expect("an order");
    assert!(deployment.store.commit_blocking(as_vendor(shop.vendor.party)).expect("the first answer").replayed);
    let refused = deployment.store.commit_blocking(as_vendor(other.vendor.party));
    assert_eq!(refused, Err(CommitError::Refused(Refusal::NotFound)));
    deployment.verified();
}

fn copies_of_a_key_in_one_batch_make_one_order(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let copies: Vec<_> = (0..40)
            .map(|_| {
                let intent = Intent { request: Some(key(UserRef(2), 3, 3)), ..deployment.intent(place(&shop)) };
                scope.spawn(|| deployment.store.commit_blocking(intent).expect("an answer"))
            })
            .collect();
        copies.into_iter().map(|copy| copy.join().expect("no panic")).collect()
    });
    let refs: std::collections::BTreeSet<OrderRef> =
        answers.iter().map(|answer| order_of(answer.outcome.clone()).order).collect();
    assert_eq!(refs.len(), 1);
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    deployment.verified();
}

fn a_dropped_future_cancels_nothing(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut future = Box::pin(deployment.store.commit(deployment.intent(place(&shop))));
        let waker = std::task::Waker::noop();
        let first_poll = future.as_mut().poll(&mut std::task::Context::from_waker(waker));
        assert!(first_poll.is_pending(), "it waits for the disk");
        drop(future);
    });
    // The next intent is answered after the one before it.
    deployment.order(&shop);
    assert_eq!(deployment.open_orders(10).len(), 2);
}

/// F-04: a full disk refuses writes, keeps reads, and needs no restart.
#[test]
fn a_full_disk_refuses_writes_and_recovers() {
    let deployment = Deployment::with(Engine::Sqlite, |options| options.pages_max = Some(90));
    let shop = deployment.shop("acme");
    let first = deployment.order(&shop);
    let mut refused = None;
    for _ in 0..2_000 {
        if let Err(error) = deployment.commit(place(&shop)) {
            refused = Some(error);
            break;
        }
    }
    assert!(matches!(refused, Some(CommitError::Unavailable(_))), "{refused:?}");
    let read = deployment.read(first.order);
    assert_eq!(read.map(|order| order.order), Some(first.order), "reads live on");
    deployment.verified();
    for order in deployment.open_orders(5) {
        // Cancelling needs no new page beyond what a journal page still has room for; one of them must get through
        // or be refused whole: in either case nothing is half done.
        let _ = deployment.commit(cancel(order.order));
    }
    deployment.verified();
}

fn an_unknown_offer_is_refused_and_writes_nothing(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let unknown = PlaceOrder {
        offer: OfferName::Id("acme/none".into()),
        subscriber: Some(shop.subscriber.party),
        quantity: 1,
        external_id: None,
        strategy: None,
        can_ask_suppliers: true,
    };
    let before = deployment.verify();
    assert_eq!(deployment.refused(Command::PlaceOrder(unknown)), Refusal::Unknown { attribute: "offerId" });
    assert_eq!(deployment.verify(), before);
}

fn deleting_a_subscriber_with_force_cancels_its_orders(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let order = deployment.order(&shop);
    let delete = |force| {
        Command::DeleteParty(party::DeleteParty {
            kind: PartyKind::Subscriber,
            party: shop.subscriber.party,
            force,
            parts_max: party::PARTS_AT_ONCE,
        })
    };
    assert!(matches!(deployment.refused(delete(false)), Refusal::InUse(_)));
    assert!(matches!(deployment.done(delete(true)), Outcome::Party(_, None)));
    let read = deployment.read(order.order).expect("its history stays");
    assert_eq!(read.state, OrderState::Cancelled);
    deployment.verified();
}

/// A reader that holds an old snapshot keeps the write-ahead log from being begun anew; writes go on all the same.
#[test]
fn a_long_reader_holds_up_no_write() {
    const TOO_LONG: u64 = 65_536 * 4_096;
    let deployment = Deployment::on(Engine::Sqlite);
    let shop = deployment.shop("acme");
    let Database::Sqlite(path) = deployment.database() else { unreachable!() };
    let reader = rusqlite::Connection::open(&path).expect("a second connection");
    reader.execute_batch("begin; select count(*) from orders;").expect("a snapshot");
    let log = path.with_extension("db-wal");
    let length = || std::fs::metadata(&log).expect("the log").len();
    let (mut longest, mut beyond) = (std::time::Duration::ZERO, 0);
    for _ in 0..30_000 {
        let began = std::time::Instant::now();
        deployment.order(&shop);
        longest = longest.max(began.elapsed());
        beyond += u32::from(length() > TOO_LONG);
        if beyond == 50 {
            break;
        }
    }
    assert_eq!(beyond, 50, "the log has grown to {} bytes only", length());
    assert!(longest < std::time::Duration::from_secs(3), "an order waited {longest:?} for the reader");
    reader.execute_batch("commit").expect("the end of the snapshot");
    deployment.verified();
}
