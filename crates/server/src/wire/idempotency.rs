//! `Idempotency-Key`: how a retry finds its first answer (domain.md, "Orders").

use super::fields::Meaning;
use super::json::Json;
use super::query::Query;
use crate::Problem;
use crate::problem::Reason;
use crate::wire::quoted;
use aws_lc_rs::digest::{Context, SHA256};
use http::{HeaderMap, Method};

/// The longest key, in characters.
const KEY_MAX: usize = 255;

/// The key of a request, if it has one.
pub fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let printable = |key: &&str| (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|b| matches!(b, 0x20..=0x7E));
    match value.to_str().ok().filter(printable) {
        Some(key) if values.next().is_none() => Ok(Some(key)),
        _ => {
            let sent = quoted(&String::from_utf8_lossy(value.as_bytes()));
            let message =
                format!("Idempotency-Key is {sent}, but must be one key of 1 to 255 printable ASCII characters");
            Err(Problem::new(Reason::InvalidRequest, message))
        }
    }
}

/// What is kept of a key: the operation belongs to it, by its method and its path in the table of routes.
pub fn digest_of_key(method: &Method, path: &str, key: &str) -> [u8; 16] {
    digest(&[method.as_str().as_bytes(), b" ", path.as_bytes(), &[0], key.as_bytes()])
}

/// The fingerprint of a request, by which it is compared with the first one under its key: what
/// path, query and body mean, in one spelling. The second one, where it differs, is of the request
/// as it was sent, which version 0.1 kept.
pub fn fingerprints(path_ref: &str, query: &Query, body: Option<&Meaning<'_>>) -> ([u8; 16], Option<[u8; 16]>) {
    let (meant, sent) = (query.fingerprinted(false), query.fingerprinted(true));
    let differs = meant != sent || body.is_some_and(|body| !body.meant.says_the_same(body.sent));
    let of_meant = fingerprint(path_ref, &meant, body.map(|body| &body.meant));
    (of_meant, differs.then(|| fingerprint(path_ref, &sent, body.map(|body| body.sent))))
}

fn fingerprint(path_ref: &str, parameters: &[(&str, &str)], body: Option<&Json>) -> [u8; 16] {
    let mut text = Vec::with_capacity(256);
    text.extend_from_slice(path_ref.as_bytes());
    text.push(0);
    for (name, value) in parameters {
        // Neither holds a zero: the readers of queries refuse it.
        for part in [name, value] {
            text.extend_from_slice(part.as_bytes());
            text.push(0);
        }
    }
    text.push(0);
    if let Some(body) = body {
        body.write_canonical(&mut text);
    }
    digest(&[&text])
}

fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&context.finish().as_ref()[..16]);
    half
}
