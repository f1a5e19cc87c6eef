//! How long a token lives: `infinite`, or a number of minutes, hours or days (domain.md, "Tokens").

use orderpark_domain::Instant;
use std::fmt;
use std::str::FromStr;

/// What `expires_in` says of a token that never expires, and how far its `exp` lies after its `iat`, in seconds.
pub const INFINITE_SECONDS: i64 = 2_147_483_647;

/// How long a token lives. Ordered: [`Validity::Infinite`] is the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validity {
    /// This many seconds; at least 1, fewer than [`INFINITE_SECONDS`].
    Seconds(i64),
    /// For ever.
    Infinite,
}

impl Validity {
    /// This many hours.
    pub const fn hours(hours: i64) -> Validity {
        Validity::Seconds(hours * 3600)
    }

    /// When a token issued at `issued_at` expires; `None`: never.
    pub fn end(self, issued_at: Instant) -> Option<Instant> {
        match self {
            Validity::Seconds(seconds) => Some(issued_at.plus_seconds(seconds)),
            Validity::Infinite => None,
        }
    }
}

/// The text is not a validity period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 'infinite' or '<n>minutes', '<n>hours' or '<n>days'")]
pub struct NotAValidity;

const UNITS: [(&str, i64); 3] = [("minutes", 60), ("hours", 3600), ("days", 86_400)];

impl FromStr for Validity {
    type Err = NotAValidity;

    fn from_str(text: &str) -> Result<Validity, NotAValidity> {
        if text == "infinite" {
            return Ok(Validity::Infinite);
        }
        let split = UNITS.iter().find_map(|(name, seconds)| Some((text.strip_suffix(name)?, seconds)));
        let (digits, unit) = split.ok_or(NotAValidity)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAValidity);
        }
        let number: i64 = digits.parse().map_err(|_| NotAValidity)?;
        let seconds = number.checked_mul(*unit).ok_or(NotAValidity)?;
        if (1..INFINITE_SECONDS).contains(&seconds) { Ok(Validity::Seconds(seconds)) } else { Err(NotAValidity) }
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Validity::Seconds(seconds) if seconds % 3600 == 0 => write!(f, "{}hours", seconds / 3600),
            Validity::Seconds(seconds) => write!(f, "{}minutes", seconds / 60),
            Validity::Infinite => f.write_str("infinite"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{INFINITE_SECONDS, Validity};

    #[test]
    fn a_number_of_minutes_hours_or_days_or_infinite() {
        for (text, seconds) in [("1minutes", 60), ("90minutes", 5400), ("12hours", 43_200), ("007days", 604_800)] {
            assert_eq!(text.parse(), Ok(Validity::Seconds(seconds)), "{text}");
        }
        assert_eq!("infinite".parse(), Ok(Validity::Infinite));
        assert_eq!("24855days".parse(), Ok(Validity::Seconds(24_855 * 86_400)));
    }

    #[test]
    fn anything_else_is_refused() {
        let texts = [
            "",
            "12",
            "hours",
            "0hours",
            "-1hours",
            "+1hours",
            "1.5hours",
            "1 hours",
            " 1hours",
            "1hours ",
            "1hour",
            "1day",
            "1weeks",
            "1Hours",
            "Infinite",
            "INFINITE",
            "٣days",
            "24856days",
            "99999999999999999999days",
            "9223372036854775807days",
            "1hours2minutes",
        ];
        for text in texts {
            assert!(text.parse::<Validity>().is_err(), "{text}");
        }
    }

    #[test]
    fn infinite_is_the_longest_and_a_cap_is_the_smaller_of_two() {
        assert_eq!(Validity::Infinite.min(Validity::hours(1)), Validity::hours(1));
        assert_eq!(Validity::hours(2).min(Validity::hours(1)), Validity::hours(1));
        assert!(Validity::Seconds(INFINITE_SECONDS - 1) < Validity::Infinite);
    }

    #[test]
    fn what_it_prints_it_reads() {
        for validity in [Validity::Infinite, Validity::hours(12), Validity::Seconds(60 * 7)] {
            assert_eq!(validity.to_string().parse(), Ok(validity));
        }
    }
}
