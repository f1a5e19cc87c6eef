//! The one module that asks the time and draws by chance; everything else is handed what it needs.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use orderpark_domain::Instant;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
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

/// The machine's wall clock, as far as its steady clock agrees: a jump of more than
/// 65 minutes is not followed.
#[derive(Debug)]
pub struct SystemClock(Steady);

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock(Steady::new("this machine's clock"))
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place where the time is asked")]
    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.judge(Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// Readings of a wall clock, checked against the steady clock of this machine.
///
/// A wall clock may be set by an hour and back, and is followed. A larger jump is most often a
/// fault (a bad NTP server, a restored machine), and would date everything wrongly for ever: it is
/// told, and time goes on steadily. One of a day at most is believed once it has held for five
/// minutes, as after a pause of the whole machine; a larger one only at the next start.
#[derive(Debug)]
pub(crate) struct Steady {
    name: &'static str,
    /// The believed lead of the wall clock over the steady one, in microseconds; [`UNHEARD`] before
    /// the first reading.
    ahead: AtomicI64,
    doubts: AtomicBool,
    doubt: Mutex<Doubt>,
}

/// A reading that is not believed: how far it is ahead of the steady clock, and since when.
#[derive(Clone, Copy, Debug, Default)]
struct Doubt {
    ahead: i64,
    since: i64,
}

const SECOND: i64 = 1_000_000;
/// The largest jump that is followed at once: an hour, as of a clock that took local time for UTC,
/// and what it drifted besides.
const JUMP_MAX: i64 = 3_900 * SECOND;
/// The largest jump that is followed after a while.
const HELD_JUMP_MAX: i64 = 86_400 * SECOND;
/// The while.
const HELD: i64 = 300 * SECOND;
/// 2024-01-01: a clock that was ever set does not say a time from before this program.
const PLAUSIBLE_FROM: i64 = 1_704_067_200 * SECOND;
const UNHEARD: i64 = i64::MIN;

impl Steady {
    pub(crate) fn new(name: &'static str) -> Steady {
        let (ahead, doubts, doubt) = (AtomicI64::new(UNHEARD), AtomicBool::new(false), Mutex::default());
        Steady { name, ahead, doubts, doubt }
    }

    /// The time by a reading that was made just now.
    pub(crate) fn judge(&self, wall: Instant) -> Instant {
        self.judge_at(wall, steady_now())
    }

    fn judge_at(&self, wall: Instant, steady: i64) -> Instant {
        let (ahead, known) = (wall.0 - steady, self.ahead.load(Ordering::Relaxed));
        if known == UNHEARD {
            self.ahead.store(ahead, Ordering::Relaxed);
            return wall;
        }
        let jump = (ahead - known).abs();
        // A machine without a battery starts in 1970, and is set right by the network.
        let was_never_set = steady + known < PLAUSIBLE_FROM && wall.0 >= PLAUSIBLE_FROM;
        if jump > JUMP_MAX && !was_never_set {
            return if self.holds(ahead, jump, steady) { wall } else { Instant(steady + known) };
        }
        // Written to rarely: many threads read it.
        if jump > SECOND {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        if self.doubts.load(Ordering::Relaxed) && self.doubts.swap(false, Ordering::Relaxed) {
            tracing::info!(now = %Shown(wall), "{} agrees with the steady clock again", self.name);
        }
        wall
    }

    /// Whether a large jump has held for so long that it is believed from now on.
    fn holds(&self, ahead: i64, jump: i64, steady: i64) -> bool {
        let mut doubt = self.doubt.lock().unwrap_or_else(PoisonError::into_inner);
        let (reading, known) = (Shown(Instant(steady + ahead)), self.ahead.load(Ordering::Relaxed));
        if !self.doubts.swap(true, Ordering::Relaxed) || (doubt.ahead - ahead).abs() > JUMP_MAX {
            *doubt = Doubt { ahead, since: steady };
            let expected = Shown(Instant(steady + known));
            tracing::warn!(%reading, %expected, "{} jumped by more than 65 minutes; the jump is ignored", self.name);
        }
        let believed = jump <= HELD_JUMP_MAX && steady - doubt.since >= HELD;
        if believed {
            self.ahead.store(ahead, Ordering::Relaxed);
            self.doubts.store(false, Ordering::Relaxed);
            tracing::warn!(now = %reading, "the jump of {} has lasted five minutes and is accepted", self.name);
        }
        believed
    }
}

/// Microseconds since the machine was started, its pauses included.
fn steady_now() -> i64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(clock);
    now.tv_sec * SECOND + now.tv_nsec / 1000
}

/// An instant as the log shows it.
pub(crate) struct Shown(pub Instant);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", jiff::Timestamp::from_microsecond(self.0.0).unwrap_or_default())
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

#[cfg(test)]
mod tests;
