//! Bookkeeping that shares the committer with orders takes none of their places.

use super::ground::{attempt, busy_runtime};
use super::harness::{Deployment, Engine, place};
use futures_util::FutureExt;
use futures_util::future::join_all;
use orderpark_store::deliveries::Target;
use orderpark_store::{Chance, CommitError};
use orderpark_testbed::Chance as Seeded;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

on_each_engine!(orders_find_a_place_however_much_bookkeeping_waits);

/// Intents that may wait.
const WAITING_MAX: usize = 8;

/// Chance that holds up whoever decides, while it is shut.
struct Gate {
    chance: Seeded,
    /// Whether it is shut, and whether somebody waits.
    state: Mutex<(bool, bool)>,
    news: Condvar,
}

impl Gate {
    fn set(&self, shut: bool) {
        self.state.lock().expect("nobody panicked").0 = shut;
        self.news.notify_all();
    }

    fn wait_until_reached(&self) {
        let state = self.state.lock().expect("nobody panicked");
        let waited =
            self.news.wait_timeout_while(state, Duration::from_secs(30), |state| !state.1).expect("nobody panicked");
        assert!(!waited.1.timed_out(), "nobody decides anything");
    }
}

impl Chance for Gate {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().expect("nobody panicked");
        state.1 = state.0;
        self.news.notify_all();
        drop(self.news.wait_while(state, |state| state.0).expect("nobody panicked"));
        self.chance.fill(bytes);
    }
}

fn orders_find_a_place_however_much_bookkeeping_waits(engine: Engine) {
    let gate = Gate { chance: Seeded::seeded(7), state: Mutex::default(), news: Condvar::new() };
    let gate = Arc::new(gate);
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
