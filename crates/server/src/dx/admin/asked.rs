//! What a request to a token endpoint asks for: names and values of its query and its form.

use crate::Problem;
use crate::front::limits;
use crate::problem::Reason;
use axum::body::Body;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use std::collections::BTreeMap;

/// Names and values; each name at most once in the query and once in the form.
pub(super) struct Asked {
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
}

impl Asked {
    /// Reads the query.
    pub(super) fn in_query(query: Option<&str>) -> Result<Asked, Problem> {
        Ok(Asked { query: pairs(query.unwrap_or_default().as_bytes())?, form: BTreeMap::new() })
    }

    /// Reads the query and the form.
    pub(super) async fn in_query_or_form(
        query: Option<&str>,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Asked, Problem> {
        let asked = Asked::in_query(query)?;
        let body = limits::read_body(headers, body).await?;
        if !body.is_empty() {
            check_content_type(headers)?;
        }
        Ok(Asked { form: pairs(&body)?, ..asked })
    }

    /// The value in the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The value in the form.
    pub(super) fn form(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str)
    }

    /// The value, wherever it stands.
    pub(super) fn anywhere(&self, name: &str) -> Result<Option<&str>, Problem> {
        match (self.query(name), self.form(name)) {
            (Some(_), Some(_)) => Err(malformed(format!("{name} is there more than once"))),
            (query, form) => Ok(query.or(form)),
        }
    }

    /// As [`Asked::anywhere`], where there has to be one.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str, Problem> {
        let value = self.anywhere(name)?.filter(|value| !value.is_empty());
        value.ok_or_else(|| Problem::field(Reason::InvalidRequest, name, "is needed").oauth("invalid_request"))
    }
}

/// A request that is none, whatever its values.
pub(super) fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Reason::InvalidRequest, message).oauth("invalid_request")
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    let message = "the body has to be application/x-www-form-urlencoded";
    Err(Problem::new(Reason::UnsupportedMediaType, message).oauth("invalid_request"))
}

fn pairs(text: &[u8]) -> Result<BTreeMap<String, String>, Problem> {
    let mut pairs = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text) {
        if pairs.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(malformed(format!("{name:?} is there more than once")));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests;
