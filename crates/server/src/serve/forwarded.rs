//! The client's address behind trusted reverse proxies: `X-Forwarded-For`, or `Forwarded` (RFC
//! 7239).
//!
//! A client can send both headers itself, and a proxy appends to one of them what it sees. So the
//! last address that is no trusted proxy's is the client's, and a header counts only where the peer
//! is a trusted proxy. Where both headers are there and disagree, one of them may have passed the
//! proxy unseen: then neither counts.

use crate::outside::Network;
use http::header::{FORWARDED, HeaderName};
use http::{HeaderMap, HeaderValue};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client; the peer's own where no proxy is trusted or what it says cannot be
/// read. A forwarded address has port 0.
pub(super) fn client(trusted: &[Network], peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
    if !is_trusted(trusted, peer.ip()) {
        return peer;
    }
    let for_list = last_untrusted(trusted, values(headers, &X_FORWARDED_FOR).map(address));
    let elements = values(headers, &FORWARDED).map(|element| address(for_of(element)?));
    let named = match (for_list, last_untrusted(trusted, elements)) {
        (Hop::Absent, hop) | (hop, Hop::Absent) => hop,
        (one, other) if one == other => one,
        _ => Hop::Unclear,
    };
    match named {
        Hop::Client(address) => SocketAddr::new(address, 0),
        Hop::Absent | Hop::Unclear => peer,
    }
}

/// The address that a header names.
#[derive(PartialEq)]
enum Hop {
    Absent,
    Unclear,
    Client(IpAddr),
}

/// Goes from the last address towards the first; the first one, where all are trusted.
fn last_untrusted<'h>(trusted: &[Network], hops: impl DoubleEndedIterator<Item = Option<IpAddr>> + 'h) -> Hop {
    let mut found = Hop::Absent;
    for hop in hops.rev() {
        let Some(address) = hop else { return Hop::Unclear };
        found = Hop::Client(address);
        if !is_trusted(trusted, address) {
            break;
        }
    }
    found
}

fn is_trusted(trusted: &[Network], address: IpAddr) -> bool {
    !trusted.is_empty() && trusted.iter().any(|network| network.contains(&address.to_canonical()))
}

/// The elements of every header of this name; one that is no text is an element that cannot be
/// read.
fn values<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl DoubleEndedIterator<Item = &'h str> {
    let text = |value: &'h HeaderValue| value.to_str().unwrap_or_default().split(',').map(str::trim);
    headers.get_all(name).iter().flat_map(text)
}

/// The value of `for=` in one element of `Forwarded`.
fn for_of(element: &str) -> Option<&str> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    Some(value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value))
}

/// An address, with a port or without one.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests;
