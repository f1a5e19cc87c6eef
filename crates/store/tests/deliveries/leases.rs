//! One node works on a target, on the database's time, and who has lost a lease writes nothing.

use super::ground::{LONG_MS, ONE, OTHER, attempt, busy_runtime, due, place};
use super::harness::{Deployment, Engine, answer, everything};
use orderpark_domain::Instant;
use orderpark_store::EventPlace;
use orderpark_store::deliveries::{Claim, Lease, Node, Publisher, ReplayAsk, Settlement, Target};
use std::collections::BTreeSet;

on_each_engine!(
    what_one_node_has_no_other_gets,
    two_nodes_that_claim_at_once_share,
    a_lease_that_is_over_is_given_to_another,
    a_lease_that_is_renewed_is_kept,
    who_has_lost_a_lease_writes_nothing,
    idle_cursors_move_ahead_and_never_back,
    no_cursor_is_ahead_of_the_journal,
    a_lease_from_the_future_is_none,
    a_target_begins_once,
);

fn what_one_node_has_no_other_gets(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hooks: BTreeSet<Target> = (0..5).map(|_| Target::Endpoint(deployment.hook())).collect();
    assert_eq!(answer(deployment.store.claim_targets(ONE, 0, LONG_MS)), []);
    let first = answer(deployment.store.claim_targets(ONE, 2, LONG_MS));
    let second = deployment.claim(OTHER);
    assert_eq!((first.len(), second.len()), (2, 3));
    assert!(first.iter().all(|claim| claim.lease.node == ONE) && second.iter().all(|claim| claim.lease.node == OTHER));
    assert_eq!(targets(first.iter().chain(&second)), hooks);
    assert_eq!(deployment.claim(ONE), []);
    assert_eq!(targets(answer(deployment.store.renew_leases(ONE, LONG_MS)).iter()), targets(first.iter()));
    answer(deployment.store.release_leases(OTHER));
    assert_eq!(targets(deployment.claim(ONE).iter()), targets(second.iter()));
}

fn targets<'c>(claims: impl Iterator<Item = &'c Claim>) -> BTreeSet<Target> {
    claims.map(|claim| claim.lease.target).collect()
}

fn two_nodes_that_claim_at_once_share(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hooks: BTreeSet<Target> = (0..40).map(|_| Target::Endpoint(deployment.hook())).collect();
    let runtime = busy_runtime();
    let claims: Vec<Claim> = (0..16_u8)
        .map(|number| {
            let (store, node) = (deployment.store.clone(), if number % 2 == 0 { ONE } else { OTHER });
            runtime.spawn(async move { store.claim_targets(node, 7, LONG_MS).await.expect("a claim") })
        })
        .collect::<Vec<_>>()
        .into_iter()
        .flat_map(|task| runtime.block_on(task).expect("no panic"))
        .collect();
    assert_eq!(targets(claims.iter()).len(), claims.len(), "none was given twice");
    let rest = deployment.claim(ONE);
    assert_eq!(targets(claims.iter().chain(&rest)), hooks, "and none to nobody");
    assert!(claims.iter().chain(&rest).all(|claim| claim.lease.epoch == 1));
}

fn a_lease_that_is_over_is_given_to_another(engine: Engine) {
    let deployment = Deployment::on(engine);
    deployment.hook();
    let first = deployment.lease(ONE);
    assert_eq!(deployment.claim(OTHER), []);
    deployment.end_leases();
    let second = deployment.lease(OTHER);
    assert_eq!((second.target, second.epoch), (first.target, first.epoch + 1));
    assert_eq!(answer(deployment.store.renew_leases(ONE, LONG_MS)), []);
    answer(deployment.store.release_leases(ONE));
    assert_eq!(deployment.claim(ONE), [], "it has nothing to give back");
    answer(deployment.store.release_leases(OTHER));
    assert_eq!(deployment.lease(ONE).epoch, second.epoch + 2, "what was given back is lost too");
}

fn a_lease_that_is_renewed_is_kept(engine: Engine) {
    let deployment = Deployment::on(engine);
    deployment.hook();
    let lease = deployment.lease(ONE);
    deployment.end_leases();
    let renewed = answer(deployment.store.renew_leases(ONE, LONG_MS));
    assert_eq!(renewed.iter().map(|claim| claim.lease).collect::<Vec<_>>(), [lease], "nobody else had taken it");
    assert_eq!(deployment.claim(OTHER), []);
    assert!(deployment.settled(&lease, Settlement::at(deployment.end())));
}

fn who_has_lost_a_lease_writes_nothing(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let end = deployment.end();
    let lost = deployment.lease(ONE);
    let range = ReplayAsk::Range { after: EventPlace::BEGINNING, until: end };
    assert!(answer(deployment.store.ask_replay(&everything(), hook, range)));
    assert!(deployment.settled(&lost, Settlement { retries: vec![due(1, 0, "a")], ..Settlement::at(end) }));
    deployment.end_leases();
    let kept = deployment.lease(OTHER);
    let before = deployment.books();
    let settlement = Settlement {
        failing_since: Some(Instant(3)),
        done: vec![place(1, 0)],
        retries: vec![due(2, 0, "b")],
        attempts: vec![attempt(9, Some(place(1, 0)), None)],
        replayed: Some((1, end)),
        replay_done: true,
        ..Settlement::at(EventPlace::after(99))
    };
    let forged = [
        lost,
        Lease { node: ONE, ..kept },
        Lease { epoch: lost.epoch, ..kept },
        Lease { epoch: kept.epoch + 1, ..kept },
        Lease { target: Target::Publisher(Publisher::Nats), ..kept },
    ];
    for lease in forged {
        assert!(!deployment.settled(&lease, settlement.clone()), "{lease:?}");
        assert_eq!(deployment.books(), before, "{lease:?}");
    }
    answer(deployment.store.move_cursors(ONE, &[lost.target], EventPlace::after(99)));
    assert_eq!(deployment.books(), before);
    assert!(deployment.settled(&kept, Settlement { cursor: end, ..settlement }));
    deployment.verified();
}

fn idle_cursors_move_ahead_and_never_back(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hooks: Vec<Target> = (0..3).map(|_| Target::Endpoint(deployment.hook())).collect();
    let (end, node) = (deployment.end(), Node([7; 16]));
    deployment.claim(node);
    answer(deployment.store.move_cursors(node, &[], end));
    answer(deployment.store.move_cursors(node, &hooks[..2], end));
    let cursors = || {
        let claims = answer(deployment.store.renew_leases(node, LONG_MS));
        let cursor = |target: &Target| claims.iter().find(|it| it.lease.target == *target).map(|claim| claim.cursor);
        hooks.iter().map(cursor).collect::<Option<Vec<_>>>().expect("all of them")
    };
    assert_eq!(cursors(), [end, end, end], "the last one began there");
    deployment.shop("acme");
    let later = deployment.end();
    answer(deployment.store.move_cursors(node, &hooks[1..], later));
    assert_eq!(cursors(), [end, later, later]);
    answer(deployment.store.move_cursors(node, &hooks, place(later.seq, 0)));
    assert_eq!(cursors(), [place(later.seq, 0), later, later], "behind a part of an entry comes the whole");
    let lease = answer(deployment.store.renew_leases(node, LONG_MS))[0].lease;
    let claims = answer(deployment.store.renew_leases(node, LONG_MS));
    let cursor = claims.iter().find(|claim| claim.lease == lease).expect("it is ours").cursor;
    assert!(deployment.settled(&lease, Settlement::at(EventPlace::BEGINNING)));
    let claims = answer(deployment.store.renew_leases(node, LONG_MS));
    assert_eq!(claims.iter().find(|claim| claim.lease == lease).map(|claim| claim.cursor), Some(cursor));
    deployment.verified();
}

fn a_target_begins_once(engine: Engine) {
    let deployment = Deployment::on(engine);
    let (target, end) = (Target::Publisher(Publisher::Mqtt), deployment.end());
    answer(deployment.store.begin_target(target, end));
    answer(deployment.store.begin_target(target, EventPlace::BEGINNING));
    let claim = answer(deployment.store.claim_publisher(Publisher::Mqtt, ONE, LONG_MS)).expect("a publisher");
    assert_eq!((claim.lease.target, claim.cursor), (target, end));
    assert!(deployment.settled(&claim.lease, Settlement::at(end)));
    deployment.verified();
}

/// A failover may lose the journal's end, and nobody tells the node that has read it.
fn no_cursor_is_ahead_of_the_journal(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    answer(deployment.store.begin_target(Target::Publisher(Publisher::Nats), deployment.end()));
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let first = Settlement { retries: vec![due(1, 0, "a")], ..Settlement::at(end) };
    assert!(deployment.settled(&lease, first));
    let before = deployment.books();
    let lost = EventPlace::after(end.seq + 3);
    answer(deployment.store.move_cursors(ONE, &[lease.target], lost));
    let settlement = Settlement {
        failing_since: Some(Instant(3)),
        done: vec![place(1, 0)],
        retries: vec![due(2, 0, "b")],
        attempts: vec![attempt(9, Some(place(1, 0)), None)],
        ..Settlement::at(lost)
    };
    assert!(!deployment.settled(&lease, settlement.clone()), "it is as if the lease were lost");
    assert_eq!(deployment.books(), before);
    deployment.verified();

    let ahead = format!("update delivery_targets set cursor_seq = {}", lost.seq);
    deployment.home.execute(&ahead);
    let renewed = answer(deployment.store.renew_leases(ONE, LONG_MS));
    assert_eq!(renewed.iter().map(|claim| claim.cursor).collect::<Vec<_>>(), [end]);
    assert_eq!(deployment.status(hook).cursor.place, end);
    deployment.home.execute(&ahead);
    deployment.end_leases();
    let claim = deployment.claim(OTHER)[0];
    assert_eq!((claim.cursor, deployment.status(hook).cursor.place), (end, end));
    let publisher = answer(deployment.store.claim_publisher(Publisher::Nats, OTHER, LONG_MS)).expect("a publisher");
    assert_eq!(publisher.cursor, end);
    assert!(deployment.settled(&claim.lease, Settlement { cursor: end, ..settlement }));
    deployment.verified();
}

/// A clock was far ahead when the lease was given, and was set right since.
fn a_lease_from_the_future_is_none(engine: Engine) {
    let deployment = Deployment::on(engine);
    deployment.hook();
    answer(deployment.store.begin_target(Target::Publisher(Publisher::Mqtt), deployment.end()));
    let claim_all = |node: Node, lease_ms: u64| {
        let targets = answer(deployment.store.claim_targets(node, 9, lease_ms)).len();
        targets + usize::from(answer(deployment.store.claim_publisher(Publisher::Mqtt, node, lease_ms)).is_some())
    };
    let shift = |seconds: i64| {
        let sql = format!("update delivery_targets set leased_until = leased_until + {}", seconds * 1_000_000);
        deployment.home.execute(&sql);
    };
    assert_eq!(claim_all(ONE, 30_000), 2);
    shift(540);
    assert_eq!(claim_all(OTHER, 30_000), 0, "not so far ahead that nobody could have given it");
    shift(24 * 3600);
    assert_eq!(claim_all(OTHER, LONG_MS), 2);
    assert_eq!(claim_all(ONE, LONG_MS), 0);
    shift(1200);
    assert_eq!(claim_all(ONE, LONG_MS), 0, "where leases are long, that is not far ahead");
    deployment.verified();
}
