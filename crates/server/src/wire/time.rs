//! Instants in the API: RFC 3339 in UTC with six digits of the second.

use jiff::Timestamp;
use orderpark_domain::Instant;
use serde::{Serialize, Serializer};

/// An instant as the API shows it: `2026-11-23T10:00:00.000000Z`.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Instant);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = Timestamp::from_microsecond(self.0.0).unwrap_or_default();
        serializer.collect_str(&format_args!("{instant:.6}"))
    }
}

/// Reads RFC 3339 with any offset.
pub fn parse(text: &str) -> Option<Instant> {
    text.parse::<Timestamp>().ok().map(|instant| Instant(instant.as_microsecond()))
}
