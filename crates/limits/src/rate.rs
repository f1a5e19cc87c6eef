//! Rate limit: a token bucket for each key.

use crate::lock;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// So many parts a second, after a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Parts a second; more than 0.
    pub per_second: f64,
    /// Parts that may come at once.
    pub burst: f64,
}

/// Buckets by key. A bucket that is full again is forgotten.
#[derive(Debug)]
pub struct RateLimiter<K> {
    buckets: Mutex<Buckets<K>>,
}

#[derive(Debug)]
struct Buckets<K> {
    /// When each bucket will be full again.
    full_at: HashMap<K, Instant>,
    /// How many there may be before full ones are looked for.
    sweep_at: usize,
}

impl<K: Eq + Hash> Default for RateLimiter<K> {
    fn default() -> RateLimiter<K> {
        RateLimiter { buckets: Mutex::new(Buckets { full_at: HashMap::new(), sweep_at: 1024 }) }
    }
}

impl<K: Eq + Hash> RateLimiter<K> {
    /// Takes parts; `Err`: how long until they may be taken. More parts than a burst are let in
    /// when the bucket is full, and owed afterwards.
    pub fn take(&self, key: K, parts: f64, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut buckets = lock(&self.buckets);
        let fill = Duration::from_secs_f64(parts / rate.per_second);
        let room = Duration::from_secs_f64((rate.burst - parts).max(0.0) / rate.per_second);
        let full_at = buckets.full_at.get(&key).copied().unwrap_or(now).max(now);
        let missing = (full_at - now).saturating_sub(room);
        if !missing.is_zero() {
            return Err(missing);
        }
        buckets.set(key, full_at + fill, now);
        Ok(())
    }
}

impl<K: Eq + Hash> Buckets<K> {
    fn set(&mut self, key: K, full_at: Instant, now: Instant) {
        self.full_at.insert(key, full_at);
        if self.full_at.len() > self.sweep_at {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.sweep_at = 1024.max(2 * self.full_at.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 10.0, burst: 20.0 };

    #[test]
    fn a_burst_is_let_in_then_the_rate_and_keys_do_not_share() {
        let (limiter, start) = (RateLimiter::default(), Instant::now());
        let take = |key, parts, millis| limiter.take(key, parts, RATE, start + Duration::from_millis(millis));
        for _ in 0..20 {
            assert_eq!(take("a", 1.0, 0), Ok(()));
        }
        assert_eq!(take("a", 1.0, 0), Err(Duration::from_millis(100)));
        assert_eq!(take("b", 1.0, 0), Ok(()));
        assert_eq!(take("a", 1.0, 100), Ok(()));
        assert_eq!(take("a", 5.0, 100), Err(Duration::from_millis(500)));
        assert_eq!(take("a", 20.0, 2_200), Ok(()));
    }

    #[test]
    fn more_than_a_burst_is_let_in_once_and_owed() {
        let (limiter, start) = (RateLimiter::default(), Instant::now());
        assert_eq!(limiter.take("a", 100.0, RATE, start), Ok(()));
        assert_eq!(limiter.take("a", 1.0, RATE, start), Err(Duration::from_millis(8_100)));
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let (limiter, start) = (RateLimiter::default(), Instant::now());
        for key in 0..100_000_u64 {
            let now = start + Duration::from_millis(key);
            assert_eq!(limiter.take(key, 1.0, RATE, now), Ok(()));
        }
        assert!(lock(&limiter.buckets).full_at.len() < 2_100);
    }
}
