//! The client's name and secret: in the form, or by HTTP Basic (RFC 6749, 2.3.1).

use super::asked::{Asked, malformed};
use crate::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

impl Credentials {
    /// Reads them from where they are; `lenient`: from the address too.
    pub(super) fn read(asked: &Asked, headers: &HeaderMap, lenient: bool) -> Result<Credentials, Problem> {
        let given = |name: &'static str| match asked.query(name) {
            Some(_) if lenient => asked.anywhere(name),
            Some(_) => Err(malformed(format!(
                "{name} is in the address, and belongs in the form (the body of the request): addresses end up in logs"
            ))),
            None => Ok(asked.form(name)),
        };
        let given = |name| Ok::<_, Problem>(given(name)?.filter(|value| !value.is_empty()));
        match (basic(headers)?, given("client_id")?, given("client_secret")?) {
            (Some(_), _, Some(_)) => {
                Err(malformed("the client is named both by HTTP Basic and in the form; name it in one of them"))
            }
            (Some(basic), None, None) => Ok(basic),
            (Some(basic), Some(id), None) if id == basic.client_id => Ok(basic),
            (Some(_), Some(_), None) => {
                Err(malformed("client_id in the form differs from the one in HTTP Basic; send one of them"))
            }
            (None, Some(id), Some(secret)) => {
                Ok(Credentials { client_id: id.to_owned(), client_secret: secret.to_owned() })
            }
            (None, None, None) => Err(missing("client_id and client_secret are missing")),
            (None, None, Some(_)) => Err(missing("client_id is missing")),
            (None, Some(_), None) => Err(missing("client_secret is missing")),
        }
    }
}

fn missing(what: &str) -> Problem {
    Problem::client_not_proved(format!("{what}: send client_id and client_secret in the form, or by HTTP Basic"))
}

fn basic(headers: &HeaderMap) -> Result<Option<Credentials>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed("Authorization was sent more than once; send it once"));
    }
    let Some((scheme, encoded)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    decode(encoded.trim()).map(Some).ok_or_else(|| malformed("Authorization is not HTTP Basic as RFC 7617 has it"))
}

/// Both parts may be percent-encoded. A plus sign stays one, since logins have them and secrets have neither.
fn decode(encoded: &str) -> Option<Credentials> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let part = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    Some(Credentials { client_id: part(id)?, client_secret: part(secret)? })
}

#[cfg(test)]
mod tests;
