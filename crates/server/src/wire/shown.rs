//! Quoting of sent values in messages: shortened, with hidden characters escaped, and never a
//! secret.

use super::json::Json;
use super::text::{self, NAME_MAX};
use crate::access::secret::SECRET_PREFIX;

/// How many characters of a value a message quotes.
const VALUE_MAX: usize = 64;
/// Attributes whose names contain one of these may hold a secret, and are not quoted.
const SECRET: [&str; 5] = ["secret", "password", "token", "credential", "authorization"];

/// Secrets and tokens that this server makes begin so, behind whatever stands before them.
const SECRET_PREFIXES: [&str; 4] = [SECRET_PREFIX, "opt_", "whsec_", "eyJ"];
/// The shortest word that is taken for a secret because of its letters, in bytes.
const SECRET_WORD_MIN: usize = 24;
/// Stands where a secret may have been sent in a wrong place: answers end up in logs.
const NOT_SHOWN: &str = "(not shown: it looks like a secret)";

/// Whether a text may hold a secret: one of ours, or a long word of capitals, small letters and
/// digits, as Base64 is.
fn looks_secret(text: &str) -> bool {
    let in_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+';
    let is_random = |word: &[u8]| {
        word.len() >= SECRET_WORD_MIN
            && [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit].iter().all(|is| word.iter().any(is))
    };
    SECRET_PREFIXES.iter().any(|prefix| text.contains(prefix))
        || text.as_bytes().split(|byte| !in_base64(*byte)).any(is_random)
}

/// The end of a sentence about a value: `is 0, but must be an integer`; without the value where it
/// may hold a secret.
pub(crate) fn but(name: &str, value: &Json, rule: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if SECRET.iter().any(|word| lower.contains(word)) {
        return rule.to_owned();
    }
    match value {
        // User name, path and query of an address may be what protects it.
        Json::Text(address) if lower.ends_with("url") => match host_of(address) {
            Some(host) => format!("has the host {}, but {rule}", quoted(host)),
            None => rule.to_owned(),
        },
        Json::Text(text) => format!("is {}, but {rule}", quoted(text)),
        Json::Array(elements) if elements.is_empty() => format!("is an empty array, but {rule}"),
        Json::Array(_) => format!("is an array, but {rule}"),
        Json::Object(_) => format!("is an object, but {rule}"),
        scalar => format!("is {}, but {rule}", serde_json::to_string(scalar).unwrap_or_default()),
    }
}

fn host_of(address: &str) -> Option<&str> {
    let rest = address.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    authority.rsplit('@').next().filter(|host| !host.is_empty())
}

/// A text in quotation marks.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", name(text))
}

/// The name of something that was sent, without quotation marks.
pub(crate) fn name(text: &str) -> String {
    if looks_secret(text) {
        return NOT_SHOWN.to_owned();
    }
    let mut shown = String::new();
    for character in text.chars().take(VALUE_MAX) {
        if character == '\'' || character == '\\' {
            shown.extend(['\\', character]);
        } else if text::is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                shown.extend(format!("\\u{unit:04x}").chars());
            }
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(VALUE_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// A name that is not ours, as the path of a field: shortened, and without characters that hide
/// something.
pub(crate) fn path(name: &str) -> String {
    if looks_secret(name) {
        return NOT_SHOWN.to_owned();
    }
    name.chars().filter(|character| !text::is_hidden(*character)).take(NAME_MAX).collect()
}

/// ` (did you mean 'offerId'?)`, or nothing.
pub(crate) fn did_you_mean<'n>(sent: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    nearest(sent, names).map_or_else(String::new, |name| format!(" (did you mean '{name}'?)"))
}

/// The name that is most like what was sent: the same but for case and separators, or a few typing
/// errors away.
pub(crate) fn nearest<'n>(sent: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    if sent.len() > VALUE_MAX {
        return None;
    }
    let sent = folded(sent);
    let distance = |name: &&str| strsim::osa_distance(&folded(name), &sent);
    let is_near = |name: &&str| {
        let far = distance(name);
        far <= 2.max(name.len() / 3) && 2 * far <= name.len()
    };
    names.filter(is_near).min_by_key(distance)
}

/// A name without case and separators.
pub(crate) fn folded(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
