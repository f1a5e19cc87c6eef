//! The query of a request: each parameter once, percent-decoded once.

use super::text;
use crate::Problem;
use crate::problem::Reason;
use percent_encoding::percent_decode_str;

/// How many parameters a query may have.
const PARAMETERS_MAX: usize = 100;

/// The parameters of a query, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what follows the question mark; `+` is a space, as in forms.
    pub fn parse(text: &str) -> Result<Query, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Problem::field(Reason::InvalidRequest, shown(&name), "stands twice in the query"));
            }
            if pairs.len() == PARAMETERS_MAX {
                return Err(Problem::new(Reason::InvalidRequest, "a query may have 100 parameters at most"));
            }
            pairs.push((name, value));
        }
        Ok(Query(pairs))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that names something that exists, or does not; one whose characters no name has is refused.
    pub fn name(&self, name: &str) -> Result<Option<String>, Problem> {
        let read = self.get(name).map(text::reference_in_query).transpose();
        read.map_err(|rule| Problem::field(Reason::InvalidAttribute, name, rule))
    }

    /// A parameter that is `true` or `false`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "has to be true or false")),
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
            Some(text) => parse(text).map(Some).ok_or_else(|| wrong(name, rule)),
        }
    }

    /// The parameters sorted by name.
    pub fn sorted(&self) -> Vec<&(String, String)> {
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_unstable();
        pairs
    }

    /// The query again as text, with one parameter set to another value.
    pub fn with(&self, name: &str, value: &str) -> String {
        let others =
            self.0.iter().filter(|(known, _)| known != name).map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<String> =
            others.chain([(name, value)]).map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        pairs.join("&")
    }
}

/// A parameter that is wrong.
pub(crate) fn wrong(name: &str, rule: &'static str) -> Problem {
    Problem::field(Reason::InvalidAttribute, name, rule)
}

fn encode(text: &str) -> percent_encoding::PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}

fn decode(text: &str) -> Result<String, Problem> {
    let bad = || Problem::new(Reason::InvalidRequest, "the query is not percent-encoded UTF-8 without U+0000");
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

/// Names come from the caller; long ones are cut, and strange characters left out.
fn shown(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).take(64).collect()
}

#[cfg(test)]
mod tests;
