//! Which addresses may be registered and sent to.
//!
//! What people and programs read in an address must be where it leads, so it has to be spelled plainly. Two parsers read it, that of the URL
//! standard, which browsers and our client go by, and the strict one of RFC 3986; they have to find the same host and port.
//! That is what catches `http://2130706433/`, `http://0177.0.0.1/`, `http://%31%32%37.0.0.1/` and `http://good.example\@bad.example/`: not a
//! list of tricks, but that the two disagree.

use super::policy::{Gate, Policy, Standing};
use orderpark_domain::PartyKind;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use url::{Host, ParseError, Url};

/// The longest address, in bytes.
pub const URL_MAX: usize = 2048;

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFault {
    /// It is no address.
    NotAnAddress,
    /// It is longer than 2048 bytes.
    TooLong,
    /// Its scheme is neither `http` nor `https`.
    Scheme,
    /// It has a user or a password in it.
    UserInfo,
    /// It has a fragment.
    Fragment,
    /// Its host is written in a way that programs read differently.
    Host,
    /// Its port is 0.
    Port,
    /// Its host is an address that is not public and not allowed.
    NotPublic,
}

/// What follows "the address" or the name of an attribute.
impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressFault::NotAnAddress => {
                "must be an http or https address in printable ASCII, with a port of at most 65535"
            }
            AddressFault::TooLong => "must have at most 2048 characters",
            AddressFault::Scheme => "must begin with http:// or https://",
            AddressFault::UserInfo => "must not hold a user or a password",
            AddressFault::Fragment => "must not have a fragment (#)",
            AddressFault::Host => "must name its host plainly: a name, four decimal numbers, or IPv6 in brackets",
            AddressFault::Port => "must not have port 0",
            AddressFault::NotPublic => {
                "must lead to a public network, or to one that the operator allows (deliveries.allow_networks)"
            }
        })
    }
}

/// The host of an address, with the port where that is not the usual one: what may be told of it in
/// a log.
pub(crate) fn host(text: &str) -> String {
    let url = Url::parse(text).ok();
    let host = url.as_ref().and_then(|url| Some((url.host_str()?, url.port())));
    match host {
        Some((host, Some(port))) => format!("{host}:{port}"),
        Some((host, None)) => host.to_owned(),
        None => String::new(),
    }
}

/// An address that was read, with the gate that its host has to pass.
pub(super) struct Read {
    pub url: Url,
    pub gate: Gate,
    /// Its host, if that is no name.
    pub literal: Option<IpAddr>,
}

/// Reads an address of a kind of party; a host that is no name is vetted too, as far as the
/// configuration tells.
pub(super) fn read(text: &str, policy: &Policy, kind: PartyKind) -> Result<Read, AddressFault> {
    let url = parse(text)?;
    let literal = match url.host().ok_or(AddressFault::Host)? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
    };
    let gate = policy.gate(kind, url.port_or_known_default().unwrap_or_default());
    match literal.map(|address| gate.judge_as_configured(address)) {
        Some(Standing::Closed) => Err(AddressFault::NotPublic),
        _ => Ok(Read { url, gate, literal }),
    }
}

fn parse(text: &str) -> Result<Url, AddressFault> {
    check_text(text)?;
    let url = Url::parse(text).map_err(|error| match error {
        ParseError::EmptyHost
        | ParseError::IdnaError
        | ParseError::InvalidIpv4Address
        | ParseError::InvalidIpv6Address
        | ParseError::InvalidDomainCharacter => AddressFault::Host,
        _ => AddressFault::NotAnAddress,
    })?;
    let strict = text.parse::<http::Uri>().map_err(|_| AddressFault::NotAnAddress)?;
    if !is_same_host(&url, strict.host().unwrap_or_default()) {
        return Err(AddressFault::Host);
    }
    let default = if url.scheme() == "https" { 443 } else { 80 };
    match (url.port().unwrap_or(default), strict.port_u16().unwrap_or(default)) {
        (0, _) => Err(AddressFault::Port),
        (port, other) if port == other => Ok(url),
        _ => Err(AddressFault::NotAnAddress),
    }
}

/// What can be told before any parser has an opinion.
fn check_text(text: &str) -> Result<(), AddressFault> {
    if text.len() > URL_MAX {
        return Err(AddressFault::TooLong);
    }
    if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return Err(AddressFault::NotAnAddress);
    }
    let (scheme, rest) = text.split_once("://").ok_or(AddressFault::Scheme)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(AddressFault::Scheme);
    }
    if text.contains('#') {
        return Err(AddressFault::Fragment);
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') { Err(AddressFault::UserInfo) } else { Ok(()) }
}

fn is_same_host(url: &Url, strict: &str) -> bool {
    match url.host() {
        None => false,
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case(strict) && is_name(name),
        Some(Host::Ipv4(address)) => address.to_string() == strict,
        Some(Host::Ipv6(address)) => {
            let inner = strict.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            inner.and_then(|inner| inner.parse::<Ipv6Addr>().ok()) == Some(address)
        }
    }
}

/// A name that a resolver can be asked for: labels of 1 to 63 letters, digits, `-` and `_`, at most 253 bytes, with or without the root's dot.
fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && name.split('.').all(label) && name.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests;
