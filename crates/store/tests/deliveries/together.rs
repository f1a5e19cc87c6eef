//! Bookkeeping and business beside each other, and one database beside another.

use super::ground::{LONG_MS, ONE, OTHER, attempt, busy_runtime, due, place};
use super::harness::{Deployment, Engine, answer, assert_whole, everything};
use orderpark_store::EventPlace;
use orderpark_store::copy::{Progress, copy};
use orderpark_store::deliveries::{ReplayAsk, Settlement};
use std::panic::{AssertUnwindSafe, catch_unwind};

on_each_engine!(
    settling_and_ordering_do_not_disturb_each_other,
    a_copy_has_the_bookkeeping_too,
    a_copy_that_is_gone_on_with_has_the_bookkeeping_of_now,
    what_is_wrong_with_the_bookkeeping_is_told,
);

fn settling_and_ordering_do_not_disturb_each_other(engine: Engine) {
    let deployment = Deployment::on(engine);
    let shop = deployment.shop("acme");
    for _ in 0..8 {
        deployment.hook();
    }
    let runtime = busy_runtime();
    let claims = runtime.block_on(deployment.store.claim_targets(ONE, 100, LONG_MS)).expect("a claim");
    let leases: Vec<_> = claims.into_iter().map(|claim| claim.lease).collect();
    assert_eq!(leases.len(), 8);
    let workers: Vec<_> = leases
        .iter()
        .map(|lease| {
            let (store, lease) = (deployment.store.clone(), *lease);
            runtime.spawn(async move {
                for round in 1..=30_u32 {
                    let settlement = Settlement {
                        done: vec![place(1, round - 1)],
                        retries: vec![due(1, round, "lane")],
                        attempts: vec![attempt(u128::from(round), Some(place(1, round)), Some("refused"))],
                        ..Settlement::at(place(1, round))
                    };
                    assert!(store.settle_deliveries(&lease, settlement).await.expect("it is settled"));
                    store.renew_leases(ONE, LONG_MS).await.expect("they are renewed");
                }
            })
        })
        .collect();
    let orders: Vec<_> = (0..60)
        .map(|_| {
            let (store, intent) = (deployment.store.clone(), deployment.intent(super::harness::place(&shop)));
            runtime.spawn(async move { store.commit(intent).await.expect("an order") })
        })
        .collect();
    // Changes the same rows of targets at the same time.
    for _ in 0..4 {
        deployment.hook();
    }
    for task in orders {
        runtime.block_on(task).expect("no panic");
    }
    for task in workers {
        runtime.block_on(task).expect("no panic");
    }
    for lease in leases {
        let retries = deployment.retries(lease.target);
        assert_eq!(retries.iter().map(|retry| retry.place).collect::<Vec<_>>(), [place(1, 30)]);
    }
    deployment.verified();
}

fn a_copy_has_the_bookkeeping_too(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let settlement = Settlement {
        retries: vec![due(1, 0, "a"), due(2, 0, "b")],
        attempts: vec![attempt(1, Some(place(1, 0)), Some("refused")), attempt(2, None, None)],
        ..Settlement::at(end)
    };
    assert!(deployment.settled(&lease, settlement));
    let range = ReplayAsk::Range { after: EventPlace::BEGINNING, until: end };
    assert!(answer(deployment.store.ask_replay(&everything(), hook, range)));
    let books = deployment.books();
    assert!(books.len() > 5, "{books:?}");
    let (home, clock) = deployment.closed();
    for other in Engine::ALL {
        let target = other.blank();
        copy(&home.database(), &target.database(), &mut |_| {}).expect("it is copied");
        assert_whole(&target);
        let store =
            orderpark_store::Store::open(&target.database(), super::harness::options(&clock)).expect("it opens");
        let clock = std::sync::Arc::clone(&clock);
        let copied = Deployment { store, clock, home: target, operator: orderpark_domain::UserRef(2) };
        let mut wanted = books.clone();
        if other == Engine::Sqlite {
            // Who opens a file is alone with it, and ends the leases that it finds.
            wanted[0][5] = "2".into();
        }
        assert_eq!(copied.books(), wanted, "{engine} to {other}");
    }
}

/// The journal stands still between the two parts of a copy, the bookkeeping does not.
fn a_copy_that_is_gone_on_with_has_the_bookkeeping_of_now(engine: Engine) {
    let deployment = Deployment::on(engine);
    deployment.hook();
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let retries = (1..6).map(|seq| due(seq, 0, "a")).collect();
    assert!(deployment.settled(&lease, Settlement { retries, ..Settlement::at(end) }));
    let (home, clock) = deployment.closed();
    let target = engine.blank();
    let cut_off = AssertUnwindSafe(|| {
        copy(&home.database(), &target.database(), &mut |progress| {
            assert!(!matches!(progress, Progress::Rows { table: "delivery_replays", .. }), "the network is gone");
        })
    });
    catch_unwind(cut_off).map(drop).expect_err("it is cut off");

    let store = orderpark_store::Store::open(&home.database(), super::harness::options(&clock)).expect("it opens");
    let deployment = Deployment { store, clock, home, operator: orderpark_domain::UserRef(2) };
    deployment.end_leases();
    let lease = deployment.lease(OTHER);
    let settlement = Settlement { done: vec![place(1, 0)], retries: vec![due(2, 0, "b")], ..Settlement::at(end) };
    assert!(deployment.settled(&lease, settlement));
    let (home, _) = deployment.closed();
    let mut is_resumed = false;
    copy(&home.database(), &target.database(), &mut |progress| is_resumed |= progress == Progress::Resumed)
        .expect("it is copied");
    assert!(is_resumed);
    assert_whole(&target);
    let sql = "select seq, lane from delivery_retries order by seq";
    assert_eq!(target.rows(sql), home.rows(sql));
    assert_eq!(target.rows(sql).len(), 4);
}

fn what_is_wrong_with_the_bookkeeping_is_told(engine: Engine) {
    let deployment = Deployment::on(engine);
    let hook = deployment.hook();
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    assert!(deployment.settled(&lease, Settlement { retries: vec![due(1, 0, "a")], ..Settlement::at(end) }));
    deployment.verified();
    let told = |tamper: &str, mend: &str, words: &str| {
        deployment.home.execute(tamper);
        let violations = deployment.verify().violations;
        assert!(violations.iter().any(|it| it.contains(words)), "{tamper}: {violations:?}");
        deployment.home.execute(mend);
        deployment.verified();
    };
    let seq = end.seq;
    told(
        "update delivery_targets set cursor_seq = 9000",
        &format!("update delivery_targets set cursor_seq = {seq}"),
        "its cursor is ahead of the journal",
    );
    told("update delivery_targets set active = 0", "update delivery_targets set active = 1", "is not delivered to");
    told(
        "update delivery_retries set seq = 9000",
        "update delivery_retries set seq = 1",
        "event 9000.0 is tried again and is not there",
    );
    told(
        "insert into delivery_targets (kind, ref, active, cursor_seq, cursor_number, leased_until, epoch, asked) \
         values ('ENDPOINT', 4711, 1, 0, 0, 0, 0, 0)",
        "delete from delivery_targets where ref = 4711",
        "there is nobody to be told",
    );
    let kept = "create table kept as select * from delivery_targets; \
                create table kept_retries as select * from delivery_retries; ";
    deployment.home.execute(kept);
    told(
        "delete from delivery_retries; delete from delivery_targets",
        "insert into delivery_targets select * from kept; insert into delivery_retries select * from kept_retries",
        "it is to be told and has no cursor",
    );
    told(
        &format!("update webhook_endpoints set url = 'https://evil.example.com' where ref = {hook}"),
        "update webhook_endpoints set url = 'https://hook.example.com/'",
        "webhook_endpoints: row",
    );
    told(
        "insert into delivery_replays (kind, ref, id, cursor_seq, cursor_number, until_seq, until_number, asked_at) \
         select kind, ref, 7, 0, 0, 9000, 0, 1 from delivery_targets",
        "delete from delivery_replays",
        "a replay of what is not there yet",
    );
}

/// Bookkeeping never waits for whoever decides, be it another node that stands still.
#[test]
fn bookkeeping_goes_on_while_another_node_has_the_head() {
    let deployment = Deployment::on(Engine::Postgres);
    deployment.hook();
    let (end, lease) = (deployment.end(), deployment.lease(ONE));
    let runtime = busy_runtime();
    let holder = runtime.block_on(async {
        let connected = tokio_postgres::connect(&deployment.home.url(), tokio_postgres::NoTls).await;
        let (holder, connection) = connected.expect("a connection");
        tokio::spawn(connection);
        holder.batch_execute("begin; select seq from head for update").await.expect("it has the head");
        holder
    });
    let retries = vec![due(1, 0, "a")];
    assert!(deployment.settled(&lease, Settlement { retries, ..Settlement::at(end) }));
    assert_eq!(deployment.retries(lease.target).len(), 1);
    runtime.block_on(holder.batch_execute("rollback")).expect("it lets go");
    deployment.verified();
}
