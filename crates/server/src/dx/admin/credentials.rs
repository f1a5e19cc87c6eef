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
    /// Reads them from where they are; `None`: there are none.
    pub(super) fn read(asked: &Asked, headers: &HeaderMap) -> Result<Option<Credentials>, Problem> {
        if asked.query("client_secret").is_some() {
            return Err(malformed("client_secret belongs in the form: addresses end up in logs"));
        }
        let basic = basic(headers)?;
        match (basic, asked.form("client_id"), asked.form("client_secret")) {
            (Some(_), _, Some(_)) => Err(malformed("the client is named both by HTTP Basic and in the form")),
            (Some(basic), None, None) => Ok(Some(basic)),
            (Some(basic), Some(id), None) if id == basic.client_id => Ok(Some(basic)),
            (Some(_), Some(_), None) => Err(malformed("client_id is not the one of HTTP Basic")),
            (None, Some(id), Some(secret)) => {
                Ok(Some(Credentials { client_id: id.to_owned(), client_secret: secret.to_owned() }))
            }
            (None, _, _) => Ok(None),
        }
    }
}

fn basic(headers: &HeaderMap) -> Result<Option<Credentials>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed("Authorization is there more than once"));
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
