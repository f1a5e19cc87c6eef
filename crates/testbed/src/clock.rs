//! Time that a test moves.

use orderpark_domain::Instant;
use orderpark_store::Clock;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where a [`TestClock`] begins: 2026-11-23T10:00:00Z.
pub const BEGINNING: Instant = Instant(1_795_428_000_000_000);

const MICROS_OF_A_SECOND: i64 = 1_000_000;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock {
    micros: AtomicI64,
    step: i64,
}

impl TestClock {
    /// Begins at [`BEGINNING`] and stands still.
    pub fn new() -> TestClock {
        TestClock { micros: AtomicI64::new(BEGINNING.0), step: 0 }
    }

    /// Begins at [`BEGINNING`] and moves by a microsecond whenever it is asked, so that no two answers are the same.
    pub fn ticking() -> TestClock {
        TestClock { step: 1, ..TestClock::new() }
    }

    /// Moves ahead, or back.
    pub fn pass_micros(&self, micros: i64) {
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves ahead, or back.
    pub fn pass_seconds(&self, seconds: i64) {
        self.pass_micros(seconds * MICROS_OF_A_SECOND);
    }

    /// Moves ahead, or back.
    pub fn pass_days(&self, days: i64) {
        self.pass_seconds(days * 86_400);
    }
}

impl Default for TestClock {
    fn default() -> TestClock {
        TestClock::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant(self.micros.fetch_add(self.step, Ordering::SeqCst))
    }
}
