//! Instants in the API: RFC 3339, written in UTC with six digits of the second.

mod parse;

pub use parse::parse;

use jiff::Timestamp;
use orderpark_domain::Instant;
use serde::{Serialize, Serializer};
use std::fmt;

/// An instant as the API shows it: `2026-11-23T10:00:00.000000Z`.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Instant);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = Timestamp::from_microsecond(self.0.0).unwrap_or_default();
        write!(f, "{instant:.6}")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
