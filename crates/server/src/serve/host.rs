//! The header `Host` (RFC 9112, 3.2): HTTP/1.1 has exactly one, and it names a host.
//!
//! A proxy in front may choose by one `Host` and this server by another. So a request without, with
//! several, or with an invalid one is refused on every path, before anything else is looked at.
//! HTTP/1.0 knows no `Host`, and may do without it.

use crate::Problem;
use crate::problem::Reason;
use crate::wire::quoted;
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Version};

/// Checks the `Host` of a request.
pub(super) fn check(version: Version, headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(HOST).iter();
    match (values.next(), values.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (None, _) => Err(refused("HTTP/1.1 needs the header Host, and this request has none; send it once")),
        (Some(_), Some(_)) => Err(refused("the header Host was sent more than once; send it once")),
        (Some(value), None) if is_host(value) => Ok(()),
        (Some(value), None) => {
            let sent = quoted(&String::from_utf8_lossy(value.as_bytes()));
            Err(refused(format!("the header Host is {sent}, and must be a host with or without a port")))
        }
    }
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Reason::InvalidRequest, message)
}

fn is_host(value: &HeaderValue) -> bool {
    let Ok(authority) = Authority::try_from(value.as_bytes()) else { return false };
    let port = authority.as_str().strip_prefix(authority.host()).unwrap_or("?");
    let port_is_valid =
        port.strip_prefix(':').map_or(port.is_empty(), |port| port.is_empty() || port.parse::<u16>().is_ok());
    // A comma may stand in the name of a host, and does so where a proxy has joined two.
    !authority.host().is_empty() && !authority.as_str().contains(['@', ',']) && port_is_valid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_1_1_has_one_host_that_is_one() {
        let check = |version, hosts: &[&'static str]| {
            let headers = hosts.iter().map(|host| (HOST, HeaderValue::from_static(host))).collect();
            check(version, &headers).is_ok()
        };
        for host in ["a", "a.example", "a.example:8080", "my_service:80", "127.0.0.1:1", "[::1]", "[::1]:8080", "a:"] {
            assert!(check(Version::HTTP_11, &[host]) && check(Version::HTTP_10, &[host]), "{host}");
        }
        for host in ["", " ", "a b", "a/b", "a@b", "a,b", "a:b", "a:99999", "[::1", ":80", "http://a"] {
            assert!(!check(Version::HTTP_11, &[host]) && !check(Version::HTTP_10, &[host]), "{host}");
        }
        assert!(!check(Version::HTTP_11, &[]) && check(Version::HTTP_10, &[]));
        assert!(!check(Version::HTTP_11, &["a", "a"]) && !check(Version::HTTP_10, &["a", "a"]));
    }
}
