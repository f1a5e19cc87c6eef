//! A cache of what was last found out about hosts: the addresses that their names led to, and which
//! are inside.
//!
//! It is memory only, of a bounded number of hosts: what is not known is found out again with the
//! next connection.

use super::settings::Network;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many hosts something is known of.
const HOSTS_MAX: usize = 16_384;
/// How many addresses of a host are counted.
const ADDRESSES_MAX: usize = 16;
/// For how long a name that led inside is taken to lead there.
const INSIDE_FOR: Duration = Duration::from_mins(1);

/// The destination that rates of messages count for: a receiver's address, or its name as long as
/// the address is not known. Many names of one address are one destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Destination {
    /// An IPv4 address, or a /64 of IPv6.
    Network(Network),
    /// A name.
    Name(String),
}

#[derive(Default)]
struct Host {
    addresses: BTreeSet<Network>,
    inside_until: Option<Instant>,
}

#[derive(Default)]
pub(super) struct Seen(Mutex<HashMap<String, Host>>);

impl Seen {
    /// The name leads to these.
    pub(super) fn resolved(&self, host: &str, addresses: &[IpAddr]) {
        let addresses = addresses.iter().take(ADDRESSES_MAX).map(|address| network_of(*address)).collect();
        self.change(host, |known| known.addresses = addresses);
    }

    /// The name leads inside.
    pub(super) fn is_inside(&self, host: &str) {
        self.change(host, |known| known.inside_until = Some(Instant::now() + INSIDE_FOR));
    }

    /// Whether it did, a short while ago.
    pub(super) fn was_inside(&self, host: &str) -> bool {
        self.lock().get(host).and_then(|host| host.inside_until).is_some_and(|until| until > Instant::now())
    }

    pub(super) fn destinations(&self, host: &str) -> Vec<Destination> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return vec![Destination::Network(network_of(address))];
        }
        match self.lock().get(host).filter(|host| !host.addresses.is_empty()) {
            Some(known) => known.addresses.iter().copied().map(Destination::Network).collect(),
            None => vec![Destination::Name(host.to_owned())],
        }
    }

    fn change(&self, host: &str, change: impl FnOnce(&mut Host)) {
        let mut hosts = self.lock();
        if hosts.len() >= HOSTS_MAX && !hosts.contains_key(host) {
            // Any of them.
            let any = hosts.keys().next().cloned();
            any.and_then(|any| hosts.remove(&any));
        }
        change(hosts.entry(host.to_owned()).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The holder of an IPv6 address has a /64 of them.
fn network_of(address: IpAddr) -> Network {
    let address = address.to_canonical();
    let length = if address.is_ipv6() { 64 } else { 32 };
    Network::new_assert(address, length).trunc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_of_one_address_are_one_destination() {
        let seen = Seen::default();
        let of = |host: &str| seen.destinations(host);
        assert_eq!(of("a.example"), [Destination::Name("a.example".to_owned())]);
        for (host, address) in [("a.example", "192.0.2.1"), ("b.example", "192.0.2.1"), ("c.example", "2001:db8::1")] {
            seen.resolved(host, &[address.parse().unwrap()]);
        }
        assert_eq!(of("a.example"), of("b.example"));
        assert_eq!(of("a.example"), of("192.0.2.1"));
        assert_eq!(of("c.example"), of("[2001:db8::ffff]"), "one /64");
        assert_ne!(of("c.example"), of("[2001:db8:0:1::1]"));
        for number in 0..=HOSTS_MAX {
            seen.resolved(&number.to_string(), &[]);
        }
        assert_eq!(seen.lock().len(), HOSTS_MAX);
        seen.is_inside("a.example");
        assert!(seen.was_inside("a.example") && !seen.was_inside("b.example"));
    }
}
