//! What was sent is sent once more for whoever may ask for it.

use super::ground::{ONE, due, place, retry, scope_of};
use super::harness::{Deployment, Engine, answer, everything};
use orderpark_domain::{Instant, PartyKind, PartyRef};
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{ReplayAsk, RetryState, Settlement, Target};

on_each_engine!(
    one_event_is_due_now,
    all_that_is_exhausted_begins_anew,
    nobody_asks_for_anothers_endpoint,
    whoever_works_on_it_looks_anew,
);

fn one_event_is_due_now(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let retries = vec![due(1, 0, "failing"), retry(2, RetryState::Held), retry(3, RetryState::Exhausted(Instant(1)))];
    assert!(deployment.settled(&lease, Settlement { retries: retries.clone(), ..Settlement::at(end) }));
    for seq in 1..=4 {
        assert!(answer(deployment.store.ask_replay(&everything(), hook, ReplayAsk::One(place(seq, 0)))));
    }
    let now = deployment.retries(Target::Endpoint(hook));
    let told: Vec<_> = now.iter().map(|retry| (retry.place.seq, retry.lane.as_str(), retry.attempts)).collect();
    assert_eq!(told, [(1, "failing", 1), (2, "lane", 1), (3, "lane", 0), (4, "replay:4.0", 0)]);
    assert_eq!(now[1], retries[1], "what waits behind another one goes on waiting");
    let is_due_now = |at: usize| matches!(now[at].state, RetryState::Due(at) if at.0 > 1_000_000);
    assert!(is_due_now(0) && is_due_now(2) && is_due_now(3), "{now:?}");
    deployment.verified();
}

fn all_that_is_exhausted_begins_anew(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let mut retries: Vec<_> = (1..4).map(|seq| retry(seq, RetryState::Exhausted(Instant(1)))).collect();
    retries.push(due(4, 0, "other"));
    assert!(deployment.settled(&lease, Settlement { retries, ..Settlement::at(end) }));
    assert!(answer(deployment.store.ask_replay(&everything(), hook, ReplayAsk::Exhausted)));
    let now = deployment.retries(Target::Endpoint(hook));
    assert_eq!(now.iter().map(|retry| retry.attempts).collect::<Vec<_>>(), [0, 0, 0, 1]);
    assert_eq!(now[3], due(4, 0, "other"), "what waits for its time waits on");
    assert_eq!(deployment.status(hook).exhausted, 0);
}

fn nobody_asks_for_anothers_endpoint(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    let hook = deployment.endpoint(PartyKind::Subscriber, shop.subscriber.party).endpoint;
    let before = deployment.books();
    let strangers = [
        (PartyKind::Vendor, shop.vendor.party),
        (PartyKind::Vendor, shop.subscriber.party),
        (PartyKind::Subscriber, PartyRef(99)),
    ];
    for (kind, party) in strangers {
        let scope = scope_of(kind, party);
        for what in [
            ReplayAsk::One(place(1, 0)),
            ReplayAsk::Exhausted,
            ReplayAsk::Range { after: EventPlace::BEGINNING, until: place(1, 0) },
        ] {
            assert!(!answer(deployment.store.ask_replay(&scope, hook, what)), "{kind}:{party}");
        }
        assert_eq!(answer(deployment.store.delivery_status(&scope, hook)), None, "{kind}:{party}");
    }
    assert_eq!(deployment.books(), before);
    let own = scope_of(PartyKind::Subscriber, shop.subscriber.party);
    assert!(answer(deployment.store.ask_replay(&own, hook, ReplayAsk::One(place(1, 0)))));
    assert!(answer(deployment.store.delivery_status(&own, hook)).is_some());
    deployment.delete_endpoint(hook);
    assert!(!answer(deployment.store.ask_replay(&own, hook, ReplayAsk::Exhausted)), "what is deleted is gone");
}

fn whoever_works_on_it_looks_anew(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (hook, other) = (deployment.hook(), deployment.hook());
    let before: Vec<_> = deployment.claim(ONE).into_iter().map(|claim| (claim.lease.target, claim.asked)).collect();
    assert_eq!(before, [(Target::Endpoint(hook), 0), (Target::Endpoint(other), 0)]);
    assert!(answer(deployment.store.ask_replay(&everything(), other, ReplayAsk::Exhausted)));
    let renewed = answer(deployment.store.renew_leases(ONE, 1000));
    let asked = |target: Target| renewed.iter().find(|claim| claim.lease.target == target).map(|claim| claim.asked);
    assert_eq!((asked(Target::Endpoint(hook)), asked(Target::Endpoint(other))), (Some(0), Some(1)));
}
