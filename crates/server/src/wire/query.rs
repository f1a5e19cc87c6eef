//! The query of a request: each parameter once, percent-decoded once.

use super::fields::{Read, Wrong};
use super::parameters::{Counts, Parameter, Parameters};
use super::{Json, shown, text};
use crate::Problem;
use crate::problem::Reason;
use http::Uri;
use percent_encoding::percent_decode_str;

/// How many parameters a query may have.
const PARAMETERS_MAX: usize = 100;

/// The parameters of a query, in the order in which they came: those that the operation has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    known: Parameters,
    pairs: Vec<(&'static Parameter, String)>,
}

impl Query {
    /// Reads what follows the question mark; `+` is a space, as in forms. Parameters that the
    /// operation does not have are refused, or ignored where it reads.
    pub fn parse(text: &str, known: Parameters, ignore_unknown: bool) -> Result<Query, Problem> {
        let (mut pairs, mut unknown) = (Vec::<(&Parameter, String)>::new(), Vec::new());
        for (number, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            if number == PARAMETERS_MAX {
                let message = "the query has more than 100 parameters; send fewer";
                return Err(Problem::new(Reason::InvalidRequest, message));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            match known.find(&name) {
                Some(parameter) if pairs.iter().any(|(other, _)| *other == parameter) => {
                    return Err(twice(&name));
                }
                Some(parameter) => pairs.push((parameter, value)),
                None if unknown.contains(&name) => return Err(twice(&name)),
                None => unknown.push(name),
            }
        }
        if unknown.is_empty() || (ignore_unknown && !known.is_write()) {
            Ok(Query { known, pairs })
        } else {
            Err(known.unknown(&unknown))
        }
    }

    /// Reads the query of a GET that has no parameters.
    pub(crate) fn expect_none(uri: &Uri, path: &'static str, ignore_unknown: bool) -> Result<(), Problem> {
        Query::parse(uri.query().unwrap_or_default(), Parameters::none_of(path), ignore_unknown).map(|_| ())
    }

    /// The parameters that the operation has.
    pub(crate) fn known(&self) -> Parameters {
        self.known
    }

    /// The value sent under a name, if the operation has such a parameter.
    pub(crate) fn sent(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known.name == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(self.known.find(name).is_some(), "{name} is not on the operation's line in the table of routes");
        self.sent(name)
    }

    /// A parameter that names something that exists, or does not; one whose characters no name has
    /// is refused.
    pub fn name(&self, name: &str) -> Result<Option<String>, Problem> {
        self.text(name, text::reference_in_query)
    }

    /// A parameter that is read as a text.
    pub fn text<T>(&self, name: &str, read: impl FnOnce(&str) -> Read<T>) -> Result<Option<T>, Problem> {
        let wrong = |text, wrong: &Wrong| wrong_value(name, text, wrong.rule());
        self.get(name).map(|text| read(text).map_err(|rule| wrong(text, &rule))).transpose()
    }

    /// A parameter that is `true` or `false`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(text) => flag(text).map(Some).ok_or_else(|| wrong_value(name, text, "must be true or false")),
        }
    }

    /// A parameter that has a form.
    pub fn read<T>(
        &self,
        name: &'static str,
        rule: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(text) => parse(text).map(Some).ok_or_else(|| wrong_value(name, text, rule)),
        }
    }

    /// The parameters of the idempotency fingerprint, sorted by name: as they were sent, or as they
    /// were meant.
    pub(super) fn fingerprinted(&self, as_sent: bool) -> Vec<(&'static str, &str)> {
        let counts = self.pairs.iter().filter_map(|(parameter, value)| match parameter.counts {
            Counts::No => None,
            Counts::Flag if !as_sent => flag(value).filter(|is_set| *is_set).map(|_| (parameter.name, "true")),
            Counts::Flag | Counts::Value => Some((parameter.name, value.as_str())),
        });
        let mut pairs: Vec<_> = counts.collect();
        pairs.sort_unstable();
        pairs
    }

    /// The query again as text, with one parameter set to another value.
    pub fn with(&self, name: &str, value: &str) -> String {
        let others = self.pairs.iter().map(|(known, value)| (known.name, value.as_str()));
        let others = others.filter(|(known, _)| *known != name);
        let pairs: Vec<String> =
            others.chain([(name, value)]).map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        pairs.join("&")
    }
}

/// Reads `true` or `false`, in any letter case.
pub(crate) fn flag(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") { Some(true) } else { text.eq_ignore_ascii_case("false").then_some(false) }
}

fn twice(name: &str) -> Problem {
    Problem::field(Reason::InvalidRequest, shown::path(name), "is in the query twice; send it once")
}

fn wrong_value(name: &str, text: &str, rule: &str) -> Problem {
    Problem::field(Reason::InvalidAttribute, name, shown::but(name, &Json::Text(text.to_owned()), rule))
}

/// A parameter that is wrong.
pub(crate) fn wrong(name: &str, rule: &'static str) -> Problem {
    Problem::field(Reason::InvalidAttribute, name, rule)
}

fn encode(text: &str) -> percent_encoding::PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}

fn decode(text: &str) -> Result<String, Problem> {
    let message = "the query cannot be decoded: percent-encode it as UTF-8, without U+0000; \
                   each % needs two hexadecimal digits";
    let bad = || Problem::new(Reason::InvalidRequest, message);
    if !escapes_are_whole(text.as_bytes()) {
        return Err(bad());
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| bad())?;
    if decoded.contains('\0') { Err(bad()) } else { Ok(decoded.into_owned()) }
}

/// Every `%` is followed by two hexadecimal digits.
fn escapes_are_whole(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'%');
    parts.next();
    parts.all(|part| part.len() >= 2 && part[..2].iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests;
