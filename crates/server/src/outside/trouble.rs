//! What went wrong, read from the error of the client.

use super::names::Astray;
use super::{Failure, Stage, own};
use crate::wire::is_hidden;
use std::error::Error;
use std::io;

/// The longest sentence about a handshake, in characters: the other side has words in it.
const SENTENCE_MAX: usize = 200;

/// Why there was no answer.
pub(super) fn failure(error: &reqwest::Error) -> Failure {
    if let Some(astray) = find::<Astray>(error) {
        return match astray {
            _ if own::is_out_of_descriptors() => Failure::Ours,
            Astray::NotPublic => Failure::NotPublic,
            Astray::Unresolved => Failure::Resolve,
        };
    }
    if find::<io::Error>(error).is_some_and(own::is_ours) {
        return Failure::Ours;
    }
    if let Some(error) = find::<rustls::Error>(error) {
        return Failure::Tls(sentence(&error.to_string()));
    }
    let broken = find::<io::Error>(error).map(io::Error::kind);
    if error.is_connect() {
        return match broken {
            _ if error.is_timeout() => Failure::TimedOut(Stage::Connecting),
            Some(io::ErrorKind::UnexpectedEof) => Failure::Tls("the connection ended in the handshake".to_owned()),
            kind => Failure::Connect(kind.unwrap_or(io::ErrorKind::Other)),
        };
    }
    match find::<hyper::Error>(error) {
        Some(error) if error.is_parse() => Failure::NotHttp,
        Some(_) => Failure::Closed,
        None if broken.is_some() => Failure::Closed,
        None => Failure::NotSent,
    }
}

/// The first error of this kind among the causes. An `io::Error` hides the one that it wraps from `source`.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|it| it as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

fn sentence(text: &str) -> String {
    text.chars().filter(|it| !is_hidden(*it)).take(SENTENCE_MAX).collect()
}
