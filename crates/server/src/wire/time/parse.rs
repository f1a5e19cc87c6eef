//! Parser of timestamps: everything that RFC 3339 allows, as the first microsecond that is not
//! before it.
//!
//! Stored times have microseconds. A finer time is rounded up, so that `at or after` and `before`
//! it say of every stored instant what they say of the time that was sent. Second 60 is the end of
//! second 59. A time beyond the last one that can be shown is that last one: `9999-12-31T23:59:59Z`
//! is how many programs write "no end".

use jiff::Timestamp;
use jiff::civil::Date;
use orderpark_domain::Instant;

const SECOND: i64 = 1_000_000;

/// Reads RFC 3339 with any offset; `T` and `Z` in either case, or a blank in place of the `T`.
pub fn parse(text: &str) -> Option<Instant> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = time.split_at_checked(8)?;
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("0", rest),
    };
    let micros = micros_of_date(date)? + micros_of_clock(clock, fraction)? - 60 * SECOND * minutes_of_offset(offset)?;
    Some(Instant(micros.clamp(Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond())))
}

fn micros_of_date(text: &str) -> Option<i64> {
    let [year, month, day] = numbers(text, b'-', [4, 2, 2])?;
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let days = date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24;
    Some(days * 86_400 * SECOND)
}

fn micros_of_clock(clock: &str, fraction: &str) -> Option<i64> {
    let [hour, minute, second] = numbers(clock, b':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 60 || fraction.is_empty() {
        return None;
    }
    let fraction = if second == 60 { 0 } else { rounded_up(fraction) };
    Some(((hour * 60 + minute) * 60 + second) * SECOND + fraction)
}

/// The microseconds of a fraction, of which every digit is one.
fn rounded_up(digits: &str) -> i64 {
    let (kept, finer) = digits.split_at(digits.len().min(6));
    let micros = kept.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
    micros + i64::from(finer.bytes().any(|b| b != b'0'))
}

fn minutes_of_offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(text.strip_prefix(['+', '-'])?, b':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

/// Numbers of these many digits with a separator between them.
fn numbers<const N: usize>(text: &str, separator: u8, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(char::from(separator));
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests;
