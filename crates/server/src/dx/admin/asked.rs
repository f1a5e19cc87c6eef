//! What a request to a token endpoint asks for: names and values of its query and its form.

use crate::Problem;
use crate::front::limits;
use crate::problem::Reason;
use crate::wire::quoted;
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
        lenient: bool,
    ) -> Result<Asked, Problem> {
        let asked = Asked::in_query(query)?;
        let body = limits::read_body(headers, body, limits::FORM_MAX).await?;
        let is_json = body.trim_ascii_start().starts_with(b"{");
        if !body.is_empty() && (is_json || !lenient) {
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
            (Some(_), Some(_)) => {
                Err(malformed(format!("{name} was sent in the address and in the form; send it once")))
            }
            (query, form) => Ok(query.or(form)),
        }
    }

    /// A token: `access_token`, as DX has it, or `token` (RFC 7009, 2.1).
    pub(super) fn token(&self) -> Result<&str, Problem> {
        // What is read from a file often ends with a line feed.
        let given = |name| Ok::<_, Problem>(self.anywhere(name)?.map(str::trim).filter(|value| !value.is_empty()));
        match (given("access_token")?, given("token")?) {
            (Some(one), Some(other)) if one != other => Err(malformed("access_token and token are different tokens")),
            (one, other) => one.or(other).ok_or_else(|| {
                let needed = "is needed: send the token as access_token=… (or as token=…)";
                Problem::field(Reason::InvalidRequest, "access_token", needed).oauth("invalid_request")
            }),
        }
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
    let message = format!(
        "the body was sent as {}, and this needs a form: send grant_type=client_credentials&client_id=…&client_secret=… \
         as application/x-www-form-urlencoded",
        quoted(essence)
    );
    Err(Problem::new(Reason::UnsupportedMediaType, message).oauth("invalid_request"))
}

fn pairs(text: &[u8]) -> Result<BTreeMap<String, String>, Problem> {
    let mut pairs = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(text) {
        if pairs.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(malformed(format!("{} was sent more than once; send it once", quoted(&name))));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests;
