//! The one module that asks the time and draws by chance; everything else is handed what it needs.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use orderpark_domain::Instant;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time. Injected, so that tests can live through 400 days in a millisecond.
pub trait Clock: Send + Sync + 'static {
    /// Now, in microseconds since 1970 UTC.
    fn now(&self) -> Instant;
}

/// Draws by chance. Injected, so that a failing run can be repeated.
pub trait Chance: Send + Sync + 'static {
    /// Fills `bytes` with bytes that nobody can foretell.
    fn fill(&self, bytes: &mut [u8]);

    /// One number.
    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place where the time is asked")]
    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The machine's source of chance.
#[derive(Clone, Debug, Default)]
pub struct SystemChance(SystemRandom);

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes).expect("the operating system gives random bytes");
    }
}
