//! Chance that can be held up: whoever decides draws, so a node can be stopped between the begin of a batch and its commit.

use orderpark_testbed::Chance;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Longer than anything may take; only so that a test that hangs ends.
const PATIENCE: Duration = Duration::from_secs(30);

/// Draws by chance while it is open.
pub struct Gate {
    chance: Chance,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    shut: bool,
    /// Somebody may pass although it is shut.
    passes: bool,
    waiting: bool,
    draws: usize,
}

impl Gate {
    pub fn new(seed: u64) -> Gate {
        Gate { chance: Chance::seeded(seed), state: Mutex::default(), news: Condvar::new() }
    }

    /// From now on whoever draws waits.
    pub fn shut(&self) {
        self.state.lock().unwrap().shut = true;
    }

    /// Lets the one go on who waits, and nobody after.
    pub fn let_one_pass(&self) {
        let mut state = self.state.lock().unwrap();
        (state.passes, state.waiting) = (true, false);
        self.news.notify_all();
    }

    /// Lets everybody go on.
    pub fn open(&self) {
        self.state.lock().unwrap().shut = false;
        self.news.notify_all();
    }

    /// Waits until somebody waits, and so holds the head of the journal.
    pub fn wait_until_reached(&self) {
        let state = self.state.lock().unwrap();
        let waited = self.news.wait_timeout_while(state, PATIENCE, |state| !state.waiting).unwrap();
        assert!(!waited.1.timed_out(), "nobody decides anything");
    }

    /// How often something was decided.
    pub fn draws(&self) -> usize {
        self.state.lock().unwrap().draws
    }
}

impl orderpark_store::Chance for Gate {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().unwrap();
        state.draws += 1;
        state.waiting = state.shut;
        self.news.notify_all();
        let (mut state, waited) =
            self.news.wait_timeout_while(state, PATIENCE, |state| state.shut && !state.passes).unwrap();
        assert!(!waited.timed_out(), "the gate was never opened again");
        (state.passes, state.waiting) = (false, false);
        orderpark_store::Chance::fill(&self.chance, bytes);
    }
}
