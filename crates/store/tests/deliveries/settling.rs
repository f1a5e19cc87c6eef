//! What a worker has come to is written at once, or not at all.

use super::ground::{LONG_MS, ONE, attempt, busy_runtime, due, place, retry};
use super::harness::{Deployment, Engine, answer, everything};
use orderpark_domain::Instant;
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{Replay, ReplayAsk, Retry, RetryState, Settlement, Target};

on_each_engine!(
    retries_are_kept_changed_and_done,
    what_cannot_be_written_leaves_no_trace_and_nobody_else_pays,
    who_settles_twice_has_settled_once,
    a_status_says_how_it_goes,
    of_what_is_exhausted_the_newest_is_kept,
    replays_go_on_one_after_the_other,
);

fn retries_are_kept_changed_and_done(engine: Engine) {
    let deployment = Deployment::on(engine);
    let target = Target::Endpoint(deployment.hook());
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let first = vec![due(4, 1, "b"), due(2, 0, "a"), retry(3, RetryState::Held), due(4, 0, "b")];
    let settle = |done: Vec<EventPlace>, retries: Vec<Retry>| {
        assert!(deployment.settled(&lease, Settlement { done, retries, ..Settlement::at(end) }));
    };
    settle(Vec::new(), first.clone());
    let in_order = [first[1].clone(), first[2].clone(), first[3].clone(), first[0].clone()];
    assert_eq!(deployment.retries(target), in_order, "by place");
    assert_eq!(answer(deployment.store.page_retries(target, 2)), in_order[..2]);

    let again = Retry { attempts: 3, state: RetryState::Due(Instant(99)), ..due(2, 0, "a") };
    let given_up = Retry { state: RetryState::Exhausted(Instant(5)), ..due(4, 1, "b") };
    settle(vec![place(4, 0), place(2, 0)], vec![again.clone(), given_up]);
    assert_eq!(deployment.retries(target), [again, in_order[1].clone()], "what is done and not yet done is not done");
    settle(vec![place(2, 0), place(3, 0), place(4, 1), place(77, 0)], Vec::new());
    assert_eq!(deployment.retries(target), []);
    deployment.verified();
}

fn what_cannot_be_written_leaves_no_trace_and_nobody_else_pays(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    deployment.hook();
    let runtime = busy_runtime();
    let claims = runtime.block_on(deployment.store.claim_targets(ONE, 1, LONG_MS)).expect("a claim");
    let (end, lease) = (deployment.end(), claims[0].lease);
    let before = deployment.books();
    let impossible = Settlement {
        retries: vec![due(1, 0, "a"), due(0, 0, "no event has this number")],
        attempts: vec![attempt(1, None, None)],
        ..Settlement::at(end)
    };
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (store, impossible) = (deployment.store.clone(), impossible.clone());
            runtime.spawn(async move { store.settle_deliveries(&lease, impossible).await })
        })
        .collect();
    for _ in 0..20 {
        deployment.order(&shop);
    }
    for task in tasks {
        let error = runtime.block_on(task).expect("no panic").expect_err("a check says no").to_string();
        assert!(error.to_lowercase().contains("constraint"), "{error}");
    }
    assert_eq!(deployment.books(), before);
    let settlement = Settlement::at(deployment.end());
    assert!(runtime.block_on(deployment.store.settle_deliveries(&lease, settlement)).expect("it is settled"));
    deployment.verified();
}

/// A worker that was not answered does it again.
fn who_settles_twice_has_settled_once(engine: Engine) {
    let deployment = Deployment::on(engine);
    deployment.hook();
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let settlement = Settlement {
        done: vec![place(1, 0)],
        retries: vec![due(2, 0, "a")],
        attempts: vec![attempt(1, Some(place(1, 0)), None), attempt(2, Some(place(2, 0)), Some("timeout"))],
        ..Settlement::at(end)
    };
    assert!(deployment.settled(&lease, settlement.clone()));
    let after = deployment.books();
    assert!(deployment.settled(&lease, settlement));
    assert_eq!(deployment.books(), after);
}

fn a_status_says_how_it_goes(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let status = deployment.status(hook);
    assert_eq!((status.cursor.place, status.waiting, status.exhausted, status.replays), (end, 0, 0, 0));
    assert_eq!((status.failing_since, status.last_attempt_at, status.last_success_at), (None, None, None));
    let settlement = Settlement {
        failing_since: Some(Instant(2)),
        retries: vec![due(1, 0, "a"), retry(2, RetryState::Held), retry(3, RetryState::Exhausted(Instant(8)))],
        attempts: vec![attempt(20, None, None), attempt(30, None, Some("tls"))],
        ..Settlement::at(end)
    };
    assert!(deployment.settled(&lease, settlement));
    let status = deployment.status(hook);
    assert_eq!((status.waiting, status.exhausted, status.failing_since), (2, 1, Some(Instant(2))));
    assert_eq!((status.last_attempt_at, status.last_success_at), (Some(Instant(30)), Some(Instant(20))));
    assert!(deployment.settled(&lease, Settlement::at(end)));
    let status = deployment.status(hook);
    assert_eq!((status.failing_since, status.last_attempt_at), (None, Some(Instant(30))), "nothing was tried since");
}

fn replays_go_on_one_after_the_other(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let target = Target::Endpoint(hook);
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let ask = |after: EventPlace, until: EventPlace| {
        let range = ReplayAsk::Range { after, until };
        assert!(answer(deployment.store.ask_replay(&everything(), hook, range)));
    };
    assert_eq!(answer(deployment.store.next_replay(target)), None);
    ask(EventPlace::BEGINNING, place(2, 0));
    ask(place(1, 0), EventPlace::after(1_000));
    assert_eq!(deployment.status(hook).replays, 2);
    let first = Replay { id: 1, after: EventPlace::BEGINNING, until: place(2, 0) };
    assert_eq!(answer(deployment.store.next_replay(target)), Some(first));
    let settle = |replayed: Option<(u64, EventPlace)>, replay_done: bool| {
        assert!(deployment.settled(&lease, Settlement { replayed, replay_done, ..Settlement::at(end) }));
        answer(deployment.store.next_replay(target))
    };
    assert_eq!(settle(Some((1, place(1, 0))), false), Some(Replay { after: place(1, 0), ..first }));
    let second = Replay { id: 2, after: place(1, 0), until: end };
    assert_eq!(settle(Some((1, place(2, 0))), true), Some(second), "up to where the journal ended");
    assert_eq!(settle(Some((1, place(2, 0))), true), Some(second), "who settles twice ends no other");
    assert_eq!(settle(Some((1, place(2, 0))), false), Some(second), "nor moves it");
    deployment.verified();
    assert_eq!(settle(None, true), Some(second), "that is none of them");
    assert_eq!(settle(Some((2, end)), true), None);
    assert_eq!(settle(Some((2, end)), true), None);
}

fn of_what_is_exhausted_the_newest_is_kept(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (hook, other) = (deployment.hook(), deployment.hook());
    let lease = deployment.claim(ONE).into_iter().find(|claim| claim.lease.target == Target::Endpoint(hook));
    let (lease, end) = (lease.expect("a lease").lease, deployment.end());
    let exhausted = (2..=26)
        .map(|number| Retry { state: RetryState::Exhausted(Instant(i64::from(99 - number))), ..due(1, number, "a") });
    let retries = [due(1, 0, "b"), Retry { state: RetryState::Held, ..due(1, 1, "b") }].into_iter().chain(exhausted);
    assert!(deployment.settled(&lease, Settlement { retries: retries.collect(), ..Settlement::at(end) }));
    let forget = |endpoint, max| answer(deployment.store.keep_newest_exhausted(Target::Endpoint(endpoint), 5, max));
    assert_eq!(forget(other, 8), 0);
    assert_eq!([forget(hook, 8), forget(hook, 8), forget(hook, 8), forget(hook, 8)], [8, 8, 4, 0]);
    let status = deployment.status(hook);
    assert_eq!((status.waiting, status.exhausted), (2, 5), "what waits is left alone");
    assert!(answer(deployment.store.ask_replay(&everything(), hook, ReplayAsk::Exhausted)));
    let numbers: Vec<u32> = deployment.retries(Target::Endpoint(hook)).iter().map(|it| it.place.number).collect();
    assert_eq!(numbers, [0, 1, 22, 23, 24, 25, 26]);
    deployment.verified();
}
