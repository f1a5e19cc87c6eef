//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, 13.1): `"<revision>"`, which may be followed by `-` and more.

use super::shown;
use crate::Problem;
use crate::problem::Reason;
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

/// The precondition on revisions. A tag is a revision, so that a weak one, as a proxy makes it that
/// compresses, says as much as a strong one. A tag that names no revision never matches.
pub fn if_match(headers: &HeaderMap) -> Result<IfMatch, Problem> {
    let mut revisions = None;
    for value in headers.get_all(IF_MATCH) {
        if value.as_bytes().trim_ascii() == b"*" {
            return Ok(IfMatch::Anything);
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        let tags = entity_tags(&text).ok_or_else(|| no_tag(&text))?;
        revisions.get_or_insert_with(Vec::new).extend(tags.into_iter().filter_map(revision));
    }
    Ok(revisions.map_or(IfMatch::Anything, IfMatch::Revisions))
}

fn no_tag(sent: &str) -> Problem {
    let sent = shown::quoted(sent);
    let message = format!("If-Match is {sent}, but must be * or an ETag in its quotation marks, such as \"1\"");
    Problem::new(Reason::InvalidRequest, message)
}

/// The texts of the tags of a list; none if it is malformed.
fn entity_tags(list: &str) -> Option<Vec<&str>> {
    let (mut tags, mut rest) = (Vec::new(), list.trim());
    loop {
        let (tag, behind) = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        tags.push(tag);
        match behind.trim_start() {
            "" => return Some(tags),
            behind => rest = behind.strip_prefix(',')?.trim_start(),
        }
    }
}

fn revision(tag: &str) -> Option<u32> {
    let digits = tag.split_once('-').map_or(tag, |(revision, _)| revision);
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
