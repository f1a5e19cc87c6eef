//! Readers of single values: what each kind of attribute may be.

mod visible;

pub use visible::{composed, is_hidden};

use super::fields::{Read, Rule};
use super::json::Json;
use orderpark_domain::Grant;
use orderpark_domain::feed::Kind;
use orderpark_domain::order::QUANTITY_MAX;
use visible::visible;

/// The longest name, in characters.
pub const NAME_MAX: usize = 256;
/// The longest text that can name something, in bytes: two segments and a slash, and some.
const REFERENCE_MAX: usize = 300;
/// The longest `externalId`, in characters.
pub const EXTERNAL_ID_MAX: usize = 128;
/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 1024;
/// The longest address, in bytes.
const URL_MAX: usize = 2048;
/// The longest email address, in bytes (RFC 5321, 4.5.3.1.3 without its brackets).
const EMAIL_MAX: usize = 254;
/// How much of what a caller sent is shown back to it, in characters.
const SHOWN_MAX: usize = 100;
/// The most connections that one item of an offer may grant.
const CONNECTIONS_MAX: u64 = 1_000_000_000;
/// The longest settings of a processing strategy, in bytes.
const SETTINGS_MAX: usize = 16 * 1024;

fn string(value: &Json) -> Read<&str> {
    match value {
        Json::Text(text) => Ok(text),
        _ => Err("has to be a string".into()),
    }
}

/// What a caller sent, in quotes, for a sentence: without hidden characters, and cut where it is long.
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().filter(|it| !is_hidden(*it)).take(SHOWN_MAX + 1).collect();
    if let Some((cut, _)) = shown.char_indices().nth(SHOWN_MAX) {
        shown.replace_range(cut.., "…");
    }
    format!("'{shown}'")
}

fn words(value: &Json, max: usize) -> Read<String> {
    let text = composed(visible(string(value)?.trim())?);
    let length = text.chars().take(max + 1).count();
    if length == 0 || length > max {
        return Err(format!("has to have 1 to {max} characters").into());
    }
    Ok(text.into_owned())
}

/// A name of something.
pub fn name(value: &Json) -> Read<String> {
    words(value, NAME_MAX)
}

/// The caller's own name for an order.
pub fn external_id(value: &Json) -> Read<String> {
    words(value, EXTERNAL_ID_MAX)
}

/// A longer text.
pub fn description(value: &Json) -> Read<String> {
    words(value, DESCRIPTION_MAX)
}

/// An email address, which is also a login: no slash, so that it can follow the profile in a `client_id`.
pub fn email(value: &Json) -> Read<String> {
    let text = visible(string(value)?.trim())?;
    let wrong = "has to be an email address of at most 254 characters";
    let Some((local, domain)) = text.split_once('@') else { return Err(wrong.into()) };
    let local_part = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.=?^_`{|}~".contains(&b);
    let right = !local.is_empty()
        && local.bytes().all(local_part)
        && !domain.is_empty()
        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
        && text.len() <= EMAIL_MAX;
    if right { Ok(text.to_owned()) } else { Err(wrong.into()) }
}

/// An `http` or `https` address, in the printable ASCII of RFC 3986: what people read in it is where it leads.
pub fn url(value: &Json) -> Read<String> {
    let text = visible(string(value)?.trim())?;
    let wrong = "has to be an http or https address in printable ASCII, of at most 2048 characters";
    let uri = text.parse::<http::Uri>().map_err(|_| wrong)?;
    let web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    let plain = text.bytes().all(|b| b.is_ascii_graphic());
    if web && plain && text.len() <= URL_MAX { Ok(text.to_owned()) } else { Err(wrong.into()) }
}

/// Whether a text can be an id, or one half of one.
pub fn is_segment(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.len() <= 128
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"._~@+-".contains(&b))
}

/// What [`id`] asks for.
pub const ID_RULE: &str = "has to be 1 to 128 of A-Z a-z 0-9 . _ ~ @ + - and begin with a letter or digit";

/// The id of a party.
pub fn id(value: &Json) -> Read<String> {
    let text = visible(string(value)?)?;
    if is_segment(text) { Ok(text.to_owned()) } else { Err(ID_RULE.into()) }
}

/// The id of a product or offer: `<party id>/<name>`.
pub fn owned_id(value: &Json) -> Read<String> {
    let text = visible(string(value)?)?;
    match text.split_once('/') {
        Some((owner, rest)) if is_segment(owner) && is_segment(rest) => Ok(text.to_owned()),
        _ => Err("has to be the owner's id, a slash and a name, each of A-Z a-z 0-9 . _ ~ @ + -".into()),
    }
}

/// The id of a processing strategy: with an owner or without.
pub fn strategy_id(value: &Json) -> Read<String> {
    if string(value)?.contains('/') { owned_id(value) } else { id(value) }
}

/// A text that names something that exists, or does not: any string will do in which everything can be seen.
pub fn reference(value: &Json) -> Read<String> {
    visible(string(value)?).map(name_of_something)
}

/// [`reference`] in a query, where what holds a blank names nothing that can exist.
pub fn reference_in_query(text: &str) -> Read<String> {
    if text.contains(char::is_whitespace) {
        return Err(
            "holds a blank, which no id and no email address has. In a query + means a blank; write %2B for +".into()
        );
    }
    visible(text).map(name_of_something)
}

/// [`external_id`] in a query: as it is stored, and as it was sent where that is another spelling, which an older
/// version stored.
pub fn external_ids_in_query(text: &str) -> Read<(String, Option<String>)> {
    let stored = composed(visible(text)?).into_owned();
    let sent = (stored != text).then(|| text.to_owned());
    Ok((stored, sent))
}

/// What a caller calls something. No id is that long, so a longer text names nothing, as the empty one does; nobody has to
/// look for it or keep it.
pub fn name_of_something(text: &str) -> String {
    if text.len() > REFERENCE_MAX { String::new() } else { text.to_owned() }
}

/// One of some words.
pub fn word<T>(value: &Json, parse: impl FnOnce(&str) -> Option<T>, words: &'static str) -> Read<T> {
    parse(string(value)?).ok_or_else(|| format!("has to be one of {words}").into())
}

/// How many times an offer is taken.
pub fn quantity(value: &Json) -> Read<u32> {
    match value {
        Json::Unsigned(number) => u32::try_from(*number).ok().filter(|number| (1..=QUANTITY_MAX).contains(number)),
        _ => None,
    }
    .ok_or_else(|| "has to be an integer from 1 to 1000000".into())
}

/// A number of connections: an integer, or one as a decimal string (domain.md, "Resources").
fn count(value: &Json) -> Option<u64> {
    match value {
        Json::Unsigned(number) => Some(*number),
        Json::Text(text) if (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok()
        }
        _ => None,
    }
}

/// Connections that an item of an offer grants.
pub fn granted(value: &Json) -> Read<u64> {
    count(value)
        .filter(|number| (1..=CONNECTIONS_MAX).contains(number))
        .ok_or_else(|| "has to be an integer from 1 to 1000000000, or one as a string".into())
}

/// Connections that are in use.
pub fn used(value: &Json) -> Read<u64> {
    count(value).ok_or_else(|| "has to be an integer from 0, or one as a string".into())
}

/// What a list has to be, with the element that is none or stands there twice.
fn naming(rule: &str, element: &Json) -> Rule {
    match element {
        Json::Text(text) => format!("{rule}; {} is none, or is there twice", quoted(text)).into(),
        _ => rule.to_owned().into(),
    }
}

/// A list of scopes: not empty, without repetition.
pub fn grants(value: &Json) -> Read<Vec<Grant>> {
    let wrong = "has to be an array of scopes such as VENDOR:12, each once";
    let Json::Array(elements) = value else { return Err(wrong.into()) };
    let mut grants = Vec::new();
    for element in elements {
        let grant = string(element).ok().and_then(Grant::parse).filter(|grant| !grants.contains(grant));
        grants.push(grant.ok_or_else(|| naming(wrong, element))?);
    }
    if grants.is_empty() { Err(wrong.into()) } else { Ok(grants) }
}

/// A scope.
pub fn grant(value: &Json) -> Read<Grant> {
    string(value).ok().and_then(Grant::parse).ok_or_else(|| "has to be a scope such as VENDOR:12".into())
}

/// A list of kinds of events: not empty, without repetition.
pub fn event_types(value: &Json) -> Read<Vec<Kind>> {
    let wrong = "has to be an array of types of events such as order.activated, each once; null means all";
    let Json::Array(elements) = value else { return Err(wrong.into()) };
    let mut kinds = Vec::new();
    for element in elements {
        let kind = string(element).ok().and_then(Kind::parse).filter(|kind| !kinds.contains(kind));
        kinds.push(kind.ok_or_else(|| naming(wrong, element))?);
    }
    if kinds.is_empty() { Err(wrong.into()) } else { Ok(kinds) }
}

/// A list of ids of processing strategies: not empty, without repetition.
pub fn strategy_ids(value: &Json) -> Read<Vec<String>> {
    let wrong = "has to be an array of ids of processing strategies, each once";
    let Json::Array(elements) = value else { return Err(wrong.into()) };
    let mut ids = Vec::new();
    for element in elements {
        let id = strategy_id(element).ok().filter(|id| !ids.contains(id));
        ids.push(id.ok_or_else(|| naming(wrong, element))?);
    }
    if ids.is_empty() { Err(wrong.into()) } else { Ok(ids) }
}

/// Settings: a JSON object, kept as text.
pub fn settings(value: &Json) -> Read<String> {
    let text = serde_json::to_string(value).unwrap_or_default();
    if matches!(value, Json::Object(_)) && text.len() <= SETTINGS_MAX {
        Ok(text)
    } else {
        Err("has to be an object of at most 16384 bytes".into())
    }
}

#[cfg(test)]
mod tests;
