//! Readers of single values: what each kind of attribute may be.

mod visible;

pub use visible::{composed, is_hidden};

use super::fields::{Meant, Read, Wrong};
use super::json::Json;
use orderpark_domain::feed::Kind;
use orderpark_domain::order::QUANTITY_MAX;
use orderpark_domain::{Grant, Instant, NotificationFormat, NotificationMode, OfferState, Quota, Role, StrategyState};
use orderpark_store::FeedPosition;
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
/// The most connections that one item of an offer may grant.
const CONNECTIONS_MAX: u64 = 1_000_000_000;
/// The longest settings of a processing strategy, in bytes.
const SETTINGS_MAX: usize = 16 * 1024;

fn string(value: &Json) -> Read<&str> {
    match value {
        Json::Text(text) => Ok(text),
        _ => Err("must be a string".into()),
    }
}

fn words(value: &Json, max: usize) -> Read<String> {
    let text = composed(visible(string(value)?.trim())?);
    let length = text.chars().take(max + 1).count();
    if length == 0 || length > max {
        return Err(format!("must have 1 to {max} characters").into());
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

/// The role of a user.
pub fn role(value: &Json) -> Read<Role> {
    word(value, Role::parse, "ADMIN, MEMBER")
}

/// True or false.
pub fn flag(value: &Json) -> Read<bool> {
    match value {
        Json::Bool(flag) => Ok(*flag),
        _ => Err("must be true or false".into()),
    }
}

/// A longer text.
pub fn description(value: &Json) -> Read<String> {
    words(value, DESCRIPTION_MAX)
}

/// An email address, which is also a login: no slash, so that it can follow the profile in a `client_id`.
pub fn email(value: &Json) -> Read<String> {
    let text = visible(string(value)?.trim())?;
    let wrong = "must be an email address of at most 254 characters";
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
    let wrong = "must be an http or https address in printable ASCII, of at most 2048 characters";
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
pub const ID_RULE: &str = "must be 1 to 128 of A-Z a-z 0-9 . _ ~ @ + - and begin with a letter or digit";

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
        _ => Err("must be the owner's id, a slash and a name, each of A-Z a-z 0-9 . _ ~ @ + -".into()),
    }
}

/// The id of a processing strategy: with an owner or without.
pub fn strategy_id(value: &Json) -> Read<String> {
    if string(value)?.contains('/') { owned_id(value) } else { id(value) }
}

/// A text that names something that exists, or does not: any string will do in which everything can
/// be seen.
pub fn reference(value: &Json) -> Read<String> {
    visible(string(value)?).map(name_of_something)
}

/// [`reference()`] in a query, where what holds a blank names nothing that can exist.
pub fn reference_in_query(text: &str) -> Read<String> {
    if text.contains(char::is_whitespace) {
        let rule = "must not contain a space; in a query + means a space, so write %2B for a plus sign";
        return Err(rule.into());
    }
    visible(text).map(name_of_something)
}

/// [`external_id`] in a query: as it is stored, and as it was sent where that is another spelling,
/// which an older version stored.
pub fn external_ids_in_query(text: &str) -> Read<(String, Option<String>)> {
    let text = visible(text)?.trim();
    let stored = composed(text).into_owned();
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
    parse(string(value)?).ok_or_else(|| format!("must be one of {words}").into())
}

/// How many times an offer is taken.
pub fn quantity(value: &Json) -> Read<u32> {
    match value {
        Json::Unsigned(number) => u32::try_from(*number).ok().filter(|number| (1..=QUANTITY_MAX).contains(number)),
        _ => None,
    }
    .ok_or_else(|| "must be an integer from 1 to 1000000".into())
}

/// The value of a quota.
pub fn quota(value: &Json, quota: Quota) -> Read<u32> {
    let range = quota.range();
    let number = match value {
        Json::Unsigned(number) => u32::try_from(*number).ok().filter(|number| range.contains(number)),
        _ => None,
    };
    number.ok_or_else(|| format!("must be an integer from {} to {}, or null", range.start(), range.end()).into())
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
        .ok_or_else(|| "must be an integer from 1 to 1000000000, or one as a string".into())
}

/// Connections that are in use.
pub fn used(value: &Json) -> Read<u64> {
    count(value).ok_or_else(|| "must be an integer from 0, or one as a string".into())
}

/// A list: not empty, without repetition. What is wrong with one element is told of that.
fn list<T: PartialEq>(value: &Json, rule: &'static str, read: impl Fn(&Json) -> Read<T>) -> Read<Vec<T>> {
    let Json::Array(elements) = value else { return Err(rule.into()) };
    let mut list = Vec::with_capacity(elements.len());
    for (n, element) in elements.iter().enumerate() {
        let element = read(element).map_err(|wrong| wrong.at(n))?;
        if list.contains(&element) {
            return Err(Wrong::from("must not be repeated in the list").at(n));
        }
        list.push(element);
    }
    if list.is_empty() { Err(rule.into()) } else { Ok(list) }
}

/// A list of scopes.
pub fn grants(value: &Json) -> Read<Vec<Grant>> {
    list(value, "must be an array of at least one scope such as VENDOR:12", grant)
}

/// A scope.
pub fn grant(value: &Json) -> Read<Grant> {
    string(value).ok().and_then(Grant::parse).ok_or_else(|| "must be a scope such as VENDOR:12".into())
}

/// A list of kinds of events.
pub fn event_types(value: &Json) -> Read<Vec<Kind>> {
    let kind = |value: &Json| {
        let kind = string(value).ok().and_then(Kind::parse);
        kind.ok_or_else(|| "must be a type of event such as order.activated".into())
    };
    list(value, "must be an array of at least one type of event such as order.activated; null means all", kind)
}

/// A list of ids of processing strategies.
pub fn strategy_ids(value: &Json) -> Read<Vec<String>> {
    list(value, "must be an array of at least one id of a processing strategy", strategy_id)
}

/// The settings of a processing strategy: a JSON object, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings(pub String);

macro_rules! meant_as_sent {
    ($($read:ty),+) => { $(impl Meant for $read {})+ };
}

meant_as_sent!(Role, Instant, bool, Settings, Grant, Vec<Grant>, Vec<String>, OfferState, StrategyState);
meant_as_sent!(NotificationMode, NotificationFormat, FeedPosition);

/// Their order means nothing.
impl Meant for Vec<Kind> {
    fn meant(&self) -> Option<Json> {
        let mut names: Vec<&str> = self.iter().map(|kind| kind.as_str()).collect();
        names.sort_unstable();
        Some(Json::Array(names.into_iter().map(|name| Json::Text(name.to_owned())).collect()))
    }
}

/// Settings.
pub fn settings(value: &Json) -> Read<Settings> {
    let text = serde_json::to_string(value).unwrap_or_default();
    if matches!(value, Json::Object(_)) && text.len() <= SETTINGS_MAX {
        Ok(Settings(text))
    } else {
        Err("must be an object of at most 16384 bytes".into())
    }
}

#[cfg(test)]
mod tests;
