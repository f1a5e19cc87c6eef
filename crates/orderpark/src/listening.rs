//! Where to listen, and whether that is allowed.

use anyhow::{Context as _, ensure};
use std::fmt;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::str::FromStr;

/// Where the server listens unless told otherwise.
pub const DEFAULT: &str = "127.0.0.1:8080";

/// Connections that may wait until they are accepted; the system takes what it can of it.
const QUEUE_MAX: i32 = 4096;

/// An address with a port, as it was given: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    host: String,
    port: u16,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Listen { host: address.ip().to_string(), port: address.port() });
        }
        let host = |host: &str| !host.is_empty() && !host.contains([':', '/', '[', ']', '@', ' ']);
        let parts = text.rsplit_once(':').filter(|parts| host(parts.0));
        match parts.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
            Some((host, port)) => Ok(Listen { host: host.to_owned(), port }),
            None => Err(format!(
                "'{text}' is not an address with a port: use for example {DEFAULT}, [::1]:8080 or localhost:8080"
            )),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Listen { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Listen {
    /// The same host, with a port that is free.
    pub fn with_free_port(&self) -> Listen {
        Listen { port: 0, ..self.clone() }
    }

    /// The addresses that this stands for. All of them must be such that plain HTTP is allowed
    /// there.
    pub fn resolve(&self, allow_plain_http: bool) -> anyhow::Result<Vec<SocketAddr>> {
        let found = (&*self.host, self.port).to_socket_addrs().with_context(|| format!("cannot resolve '{self}'"))?;
        let found: Vec<SocketAddr> = found.collect();
        ensure!(!found.is_empty(), "'{self}' has no address");
        found.iter().try_for_each(|address| check(*address, allow_plain_http))?;
        Ok(found)
    }
}

/// Tokens and secrets cross the line: plain HTTP is for this machine, or for whoever says that something in front
/// encrypts.
fn check(address: SocketAddr, allow_plain_http: bool) -> anyhow::Result<()> {
    ensure!(
        allow_plain_http || address.ip().to_canonical().is_loopback(),
        "{address} can be reached from other machines, and this is plain HTTP: tokens and secrets would cross \
         the network in clear. Listen on a loopback address behind a proxy that speaks TLS, or say --allow-plain-http"
    );
    Ok(())
}

/// Takes the first of the addresses that can be taken; port 0 takes a free one.
pub fn bind(addresses: &[SocketAddr]) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(addresses).with_context(|| {
        let tried: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        format!("cannot listen on {}", tried.join(", "))
    })?;
    // The standard library asks for 128, and whoever finds the queue full tries again after a second.
    rustix::net::listen(&listener, QUEUE_MAX)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::{Listen, bind, check};

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

    #[test]
    fn a_name_is_taken_and_what_is_no_address_is_shown_with_an_example() {
        for text in ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "node-1.example:0"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in
            ["8080", ":8080", "localhost", "localhost:http", "localhost:65536", "::1:80", "http://localhost:80", ""]
        {
            let refused = text.parse::<Listen>().expect_err(text);
            assert!(refused.contains(&format!("'{text}'")) && refused.contains("127.0.0.1:8080"), "{refused}");
        }
        let addresses = "localhost:0".parse::<Listen>().unwrap().resolve(false).unwrap();
        assert!(bind(&addresses).unwrap().local_addr().unwrap().ip().is_loopback());
        let holder = bind(&addresses).unwrap();
        let taken = holder.local_addr().unwrap();
        let free = "127.0.0.1:0".parse().unwrap();
        assert_ne!(bind(&[taken, free]).unwrap().local_addr().unwrap(), taken, "the next address is tried");
    }
}
