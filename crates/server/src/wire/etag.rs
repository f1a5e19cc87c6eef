//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, 13.1): `"<revision>"`, which may be followed by `-` and more.

use aws_lc_rs::digest::{SHA256, digest};
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName};
use orderpark_domain::IfMatch;

/// The entity tag of a revision.
pub fn of(revision: u32) -> String {
    format!("\"{revision}\"")
}

/// The entity tag of a text, where no revision tells whether it is the same.
pub fn of_text(text: &[u8]) -> String {
    let mut half = [0; 16];
    half.copy_from_slice(&digest(&SHA256, text).as_ref()[..16]);
    format!("\"t{:032x}\"", u128::from_be_bytes(half))
}

/// The precondition on revisions. A tag that names none never matches, and weak ones never match strongly.
pub fn if_match(headers: &HeaderMap) -> IfMatch {
    if !headers.contains_key(IF_MATCH) {
        return IfMatch::Anything;
    }
    let tags: Vec<&str> = tags(headers, &IF_MATCH).collect();
    if tags.contains(&"*") {
        return IfMatch::Anything;
    }
    IfMatch::Revisions(tags.into_iter().filter_map(revision).collect())
}

fn revision(tag: &str) -> Option<u32> {
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    let digits = inner.split_once('-').map_or(inner, |(revision, _)| revision);
    // A tag is compared as text, so that a number has one spelling.
    digits.parse().ok().filter(|revision: &u32| revision.to_string() == digits)
}

/// Whether the caller has the object with this tag already.
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    tags(headers, &IF_NONE_MATCH).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn tags<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().flat_map(|value| value.to_str().unwrap_or_default().split(',')).map(str::trim)
}

#[cfg(test)]
mod tests;
