//! Who is asked for at once: names that are answered quickly, and all others.
//!
//! Whoever owns a name decides how long its answer takes, and a thread of ours waits for it even when nobody else does any
//! more. So most of the threads are for names whose last answer came quickly. Names that are new share a few, and so do those
//! that were slow, for a while: what they can hold up is each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// How many names are asked for at once whose last answer came quickly.
const QUICK_MAX: usize = 192;

/// How many others.
pub(super) const OTHERS_MAX: usize = 64;

/// What is quick.
const QUICK: Duration = Duration::from_secs(1);

/// For how long a slow answer is held against its name.
const SLOW_FOR: Duration = Duration::from_mins(10);

/// How many names something is known of.
const KNOWN_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Quick,
    SlowUntil(Instant),
}

/// The turns at asking the system.
pub(super) struct Turns {
    quick: Arc<Semaphore>,
    others: Arc<Semaphore>,
    known: Mutex<HashMap<String, Standing>>,
}

impl Default for Turns {
    fn default() -> Turns {
        let places = |most| Arc::new(Semaphore::new(most));
        Turns { quick: places(QUICK_MAX), others: places(OTHERS_MAX), known: Mutex::default() }
    }
}

impl Turns {
    /// Waits for a turn at asking for a name. Until it is answered it is one of the others: it may be slow this time.
    pub(super) async fn take(&self, host: &str) -> Result<OwnedSemaphorePermit, AcquireError> {
        let is_quick = self.known().get(host) == Some(&Standing::Quick);
        let places = if is_quick { &self.quick } else { &self.others };
        let turn = Arc::clone(places).acquire_owned().await?;
        let mut known = self.known();
        if known.get(host) == Some(&Standing::Quick) {
            known.remove(host);
        }
        Ok(turn)
    }

    /// A name was answered, whatever the answer.
    pub(super) fn answered(&self, host: &str, took: Duration, now: Instant) {
        let mut known = self.known();
        let before = known.get(host).copied();
        let standing = match before {
            _ if took > QUICK => Standing::SlowUntil(now + SLOW_FOR),
            Some(Standing::SlowUntil(until)) if until > now => Standing::SlowUntil(until),
            _ => Standing::Quick,
        };
        if before.is_none() && known.len() >= KNOWN_MAX {
            // Any of them: it has to prove itself once more.
            let any = known.keys().next().cloned();
            any.and_then(|any| known.remove(&any));
        }
        known.insert(host.to_owned(), standing);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Standing>> {
        // Nothing panics while it is held.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many turns are taken: for quick names, and for others.
    fn taken(turns: &Turns) -> (usize, usize) {
        (QUICK_MAX - turns.quick.available_permits(), OTHERS_MAX - turns.others.available_permits())
    }

    #[tokio::test]
    async fn a_name_is_quick_while_its_last_answer_was() {
        let turns = Turns::default();
        let now = Instant::now();
        let (short, long) = (Duration::from_millis(999), Duration::from_millis(1001));
        let asked = async || {
            let turn = turns.take("hooks.example").await.unwrap();
            let at_once = turns.take("hooks.example").await.unwrap();
            let taken = taken(&turns);
            drop((turn, at_once));
            taken
        };
        assert_eq!(asked().await, (0, 2), "it is new");
        turns.answered("hooks.example", short, now);
        assert_eq!(asked().await, (1, 1), "it was quick, and is asked for");
        turns.answered("hooks.example", long, now);
        for passed in [Duration::ZERO, Duration::from_secs(599)] {
            turns.answered("hooks.example", short, now + passed);
            assert_eq!(asked().await, (0, 2), "it was slow a while ago: {passed:?}");
        }
        turns.answered("hooks.example", short, now + SLOW_FOR);
        assert_eq!(asked().await, (1, 1), "that is forgotten");
    }

    #[test]
    fn what_is_known_has_an_end() {
        let turns = Turns::default();
        let now = Instant::now();
        for number in 0..KNOWN_MAX + 10 {
            turns.answered(&format!("{number}.example"), QUICK, now);
        }
        assert_eq!(turns.known().len(), KNOWN_MAX);
    }
}
