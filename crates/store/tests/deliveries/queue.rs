//! Bookkeeping that shares the committer with orders takes none of their places.

use super::ground::{attempt, busy_runtime};
use super::harness::{Deployment, Engine, Gate, place};
use futures_util::FutureExt;
use futures_util::future::join_all;
use orderpark_store::deliveries::Target;
use orderpark_store::{Chance, CommitError};
use std::sync::Arc;

on_each_engine!(orders_find_a_place_however_much_bookkeeping_waits);

/// Intents that may wait.
const WAITING_MAX: usize = 8;

fn orders_find_a_place_however_much_bookkeeping_waits(engine: Engine) {
    let gate = Arc::new(Gate::open());
    let deployment = Deployment::with(engine, |options| {
        (options.waiting_max, options.chance) = (WAITING_MAX, Arc::clone(&gate) as Arc<dyn Chance>);
    });
    let (shop, hook, store) = (deployment.shop("acme"), Target::Endpoint(deployment.hook()), &deployment.store);
    gate.set(true);
    let (orders, logged) = busy_runtime().block_on(async {
        let mut orders = vec![Box::pin(store.commit(deployment.intent(place(&shop))))];
        assert!((&mut orders[0]).now_or_never().is_none());
        // From here on nobody leaves the queue.
        gate.wait_until_reached();
        let mut logged: Vec<_> =
            (1..=40).map(|number| Box::pin(store.log_attempt(hook, attempt(number, None, None)))).collect();
        assert!(logged.iter_mut().all(|logged| logged.now_or_never().is_none()), "it waits, and is not refused");
        for _ in 0..WAITING_MAX {
            let mut order = Box::pin(store.commit(deployment.intent(place(&shop))));
            assert_eq!((&mut order).now_or_never(), None);
            orders.push(order);
        }
        let refused = store.commit(deployment.intent(place(&shop))).now_or_never();
        assert_eq!(refused, Some(Err(CommitError::Busy)), "there are as many places for orders as ever");
        gate.set(false);
        tokio::join!(join_all(orders), join_all(logged))
    });
    assert!(orders.iter().all(Result::is_ok), "{orders:?}");
    assert!(logged.iter().all(Result::is_ok), "{logged:?}");
    assert_eq!(deployment.home.texts("select count(*) from delivery_attempts"), ["40"]);
    deployment.verified();
}
