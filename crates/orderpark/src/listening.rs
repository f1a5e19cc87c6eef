//! Where to listen, and whether that is allowed.

use anyhow::{Context as _, ensure};
use std::net::{SocketAddr, TcpListener};

/// Where the server listens unless told otherwise.
pub const DEFAULT: &str = "127.0.0.1:8080";

/// Connections that may wait until they are accepted; the system takes what it can of it.
const QUEUE_MAX: i32 = 4096;

/// Tokens and secrets cross the line: plain HTTP is for this machine, or for whoever says that something in front
/// encrypts.
pub fn check(address: SocketAddr, allow_plain_http: bool) -> anyhow::Result<()> {
    ensure!(
        allow_plain_http || address.ip().to_canonical().is_loopback(),
        "{address} can be reached from other machines, and this is plain HTTP: tokens and secrets would cross \
         the network in clear. Listen on a loopback address behind a proxy that speaks TLS, or say --allow-plain-http"
    );
    Ok(())
}

/// Takes the address; port 0 takes a free one.
pub fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    // The standard library asks for 128, and whoever finds the queue full tries again after a second.
    rustix::net::listen(&listener, QUEUE_MAX)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn plain_http_only_on_loopback_or_with_an_explicit_flag() {
        for address in ["127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(check(address.parse().unwrap(), false).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "10.0.0.1:80", "[2001:db8::1]:80"] {
            assert!(check(address.parse().unwrap(), false).is_err(), "{address}");
            assert!(check(address.parse().unwrap(), true).is_ok(), "{address}");
        }
    }
}
