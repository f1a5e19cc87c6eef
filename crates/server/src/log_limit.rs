//! Rate limits for lines of the log: what clients cause must not flood it. What is left out is
//! counted, and the count is logged a second later.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Lines that may come at once.
const BURST: f64 = 20.0;

/// Lines a second after that.
const PER_SECOND: f64 = 10.0;

/// How long after the first line that was left out their number is logged.
const SUMMED_AFTER: Duration = Duration::from_secs(1);

/// A token bucket of lines of one kind.
#[derive(Clone)]
pub(crate) struct LogLimit {
    bucket: Arc<Mutex<Bucket>>,
    /// Logs how many were left out.
    sum: fn(u64),
}

struct Bucket {
    lines: f64,
    at: Instant,
    left_out: u64,
}

/// The limits of one server, one a kind of line.
pub(crate) struct LogLimits {
    /// Requests that were refused.
    pub refused: LogLimit,
    /// Requests that failed.
    pub failed: LogLimit,
    /// Clients that did not prove to be one.
    pub not_proved: LogLimit,
    /// Connections that could not be accepted.
    pub not_accepted: LogLimit,
}

impl LogLimits {
    pub(crate) fn new() -> LogLimits {
        LogLimits {
            refused: LogLimit::new(|left_out| tracing::info!(left_out, "refused requests were left out of the log")),
            failed: LogLimit::new(|left_out| tracing::error!(left_out, "failed requests were left out of the log")),
            not_proved: LogLimit::new(|left_out| tracing::warn!(left_out, "failed logins were left out of the log")),
            not_accepted: LogLimit::new(|left_out| tracing::warn!(left_out, "failed accepts were left out of the log")),
        }
    }
}

impl LogLimit {
    fn new(sum: fn(u64)) -> LogLimit {
        let bucket = Bucket { lines: BURST, at: Instant::now(), left_out: 0 };
        LogLimit { bucket: Arc::new(Mutex::new(bucket)), sum }
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more line may be logged; if not, it is counted. To be called where tasks can
    /// run.
    pub(crate) fn allows(&self) -> bool {
        let mut bucket = self.lock();
        let now = Instant::now();
        bucket.lines = BURST.min(bucket.lines + now.duration_since(bucket.at).as_secs_f64() * PER_SECOND);
        bucket.at = now;
        if bucket.lines >= 1.0 {
            bucket.lines -= 1.0;
            return true;
        }
        bucket.left_out += 1;
        if bucket.left_out == 1 {
            let limit = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(SUMMED_AFTER).await;
                let left_out = std::mem::take(&mut limit.lock().left_out);
                (limit.sum)(left_out);
            });
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    static SUM: AtomicU64 = AtomicU64::new(0);

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_a_burst_then_a_rate_and_the_rest_is_counted_once_a_second() {
        let limit = LogLimit::new(|left_out| {
            SUM.fetch_add(left_out, Ordering::SeqCst);
        });
        let allowed = |tries: u32| (0..tries).filter(|_| limit.allows()).count();
        assert_eq!(allowed(1000), 20);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(SUM.load(Ordering::SeqCst), 980);
        assert_eq!(allowed(1000), 11);
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(SUM.load(Ordering::SeqCst), 980 + 989);
        assert_eq!(allowed(20), 20, "a pause does not add up to more than a burst");
        assert_eq!(allowed(1), 0);
    }
}
