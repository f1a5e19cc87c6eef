//! Named points at which a test makes the program die (reliability.md, C-01). Without the feature `faults` they are nothing.

/// Aborts here if `ORDERPARK_ABORT_AT` names this point, `point` or `point:n` for the n-th time that it is reached.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn point(_name: &str) {}

/// Aborts here if `ORDERPARK_ABORT_AT` names this point, `point` or `point:n` for the n-th time that it is reached.
#[cfg(feature = "faults")]
#[allow(clippy::disallowed_methods, reason = "a test sets this one variable")]
pub fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static AT: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let at = AT.get_or_init(|| {
        let text = std::env::var("ORDERPARK_ABORT_AT").ok()?;
        let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), count.parse().ok()?))
    });
    if let Some((wanted, count)) = at
        && wanted == name
        && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *count
    {
        std::process::abort();
    }
}
