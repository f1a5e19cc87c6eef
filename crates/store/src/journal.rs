//! The journal: append-only, without a gap, hash-chained. This file says how an entry is written and what its hash covers.
//!
//! `hash = SHA-256(hash before ‖ seq ‖ at ‖ text)`, both numbers as 8 bytes big-endian. The text is the JSON of who, under
//! which request key, and what; it is kept as it was written, so that a later program hashes the very same bytes.

use aws_lc_rs::digest::{Context, SHA256};
use orderpark_domain::{Entry, Event, Instant, RequestKey, UserRef};
use serde::{Deserialize, Serialize};

/// SHA-256 over everything up to an entry.
pub(crate) type Hash = [u8; 32];

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub seq: u64,
    pub at: Instant,
    pub text: String,
    pub hash: Hash,
}

#[derive(Serialize)]
struct Text<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<UserRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestKey>,
    event: &'e Event,
}

#[derive(Deserialize)]
struct OwnedText {
    by: Option<UserRef>,
    request: Option<RequestKey>,
    event: Event,
}

/// Writes an entry after the one whose hash is `before`.
pub(crate) fn write(entry: &Entry, before: &Hash) -> Line {
    let text = Text { by: entry.by, request: entry.request, event: &entry.event };
    let text = serde_json::to_string(&text).expect("an event holds only texts, numbers and lists");
    let hash = chain(before, entry.seq, entry.at, &text);
    Line { seq: entry.seq, at: entry.at, text, hash }
}

/// Reads an entry back.
pub(crate) fn read(seq: u64, at: Instant, text: &str) -> Result<Entry, serde_json::Error> {
    let OwnedText { by, request, event } = serde_json::from_str(text)?;
    Ok(Entry { seq, at, by, request, event })
}

/// The hash of an entry.
pub(crate) fn chain(before: &Hash, seq: u64, at: Instant, text: &str) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(before);
    context.update(&seq.to_be_bytes());
    context.update(&at.0.to_be_bytes());
    context.update(text.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
