//! P-08: cancel against cancel against settle: one winner, one terminal event.

mod harness;

use harness::{Deployment, Engine, cancel, settle};
use orderpark_domain::{OrderState, Outcome};
use orderpark_store::{CommitError, Committed};
use std::sync::Arc;

const RACERS: usize = 50;

on_each_engine!(of_fifty_racers_one_settles_and_at_most_one_cancels);

fn of_fifty_racers_one_settles_and_at_most_one_cancels(engine: Engine) {
    let races = match engine {
        Engine::Sqlite => 1_000,
        // Each waits for a network and for a server.
        Engine::Postgres => 300,
    };
    let deployment = Deployment::on(engine);
    let shop = deployment.asking_shop("acme");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    for race in 0..races {
        let order = deployment.order(&shop);
        assert_eq!(order.state, OrderState::Pending);
        let store = Arc::new(deployment.store.clone());
        let started = (0..RACERS).map(|racer| {
            let command = match (racer + race) % 3 {
                0 => settle(order.order, None),
                1 => settle(order.order, Some(shop.product.product)),
                _ => cancel(order.order),
            };
            let intent = deployment.intent(command);
            let store = Arc::clone(&store);
            runtime.spawn(async move { ((racer + race) % 3, store.commit(intent).await) })
        });
        let started: Vec<_> = started.collect();
        let results: Vec<(usize, Result<Committed, CommitError>)> =
            started.into_iter().map(|one| runtime.block_on(one).expect("no panic")).collect();
        judge(&deployment, order.order, &results, race);
    }
    deployment.verified();
}

fn judge(
    deployment: &Deployment,
    order: orderpark_domain::OrderRef,
    results: &[(usize, Result<Committed, CommitError>)],
    race: usize,
) {
    let settled: Vec<_> = results.iter().filter(|(kind, result)| *kind < 2 && result.is_ok()).collect();
    assert_eq!(settled.len(), 1, "race {race}: one settlement wins");
    let agreed = settled[0].0 == 0;
    let last = deployment.read(order).expect("the order");
    let cancelled = agreed && results.iter().any(|(kind, result)| *kind == 2 && result.is_ok());
    let expected = match (agreed, cancelled) {
        (true, true) => OrderState::Cancelled,
        (true, false) => OrderState::Active,
        (false, _) => OrderState::Rejected,
    };
    assert_eq!(last.state, expected, "race {race}");
    for (_, result) in results.iter().filter(|(kind, _)| *kind == 2) {
        if let Ok(Committed { outcome: Outcome::Order(answered), .. }) = result {
            assert_eq!(
                **answered, last,
                "race {race}: everyone who cancels is told the same order, REJECTED or CANCELLED"
            );
        }
    }
    // Settled, and perhaps cancelled: the order was changed as often as there were winners, and not once more.
    let changes = 1 + u32::from(cancelled);
    assert_eq!(last.revision, 1 + changes, "race {race}");
}
